import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { nodeDecoders } from "../../../cli/decoders.ts";
import { diskFile } from "../data/testing/files.ts";
import type { JobContext } from "../model/job.ts";
import type { Preprocess } from "../model/preprocess.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Runtime } from "../model/runtime.ts";
import { concat } from "../onnx/encode.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { calibrate } from "./calibrate.ts";
import { type OpenDataset, openData } from "./data.ts";
import { evaluateModels } from "./evaluate.ts";
import { defaultRecipe, type OpenModel, openModel, runnable } from "./open.ts";
import { Prober } from "./probe.ts";
import { quantizeModel, resolveRecipe } from "./quantize.ts";

const sample = (name: string) => fileURLToPath(new URL(`../../../public/sample/${name}`, import.meta.url));
const project: { readonly preprocess: Preprocess } = JSON.parse(readFileSync(sample("project.json"), "utf8"));
const context: JobContext = { signal: new AbortController().signal, report: () => undefined };
const range = { skip: 40, samples: 16 };

function open(): Promise<OpenModel> {
  const source = {
    bytes: new Uint8Array(readFileSync(sample("fashion-mnist-dw.onnx"))),
    fileName: "fashion-mnist-dw.onnx",
    readBeside: async () => null,
  };
  return openModel(source, { shapes: {}, values: {} }, nodeRuntime(), context);
}

/** A runtime that counts the runs of every session, in the order they were created. */
function counting(): { readonly runtime: Runtime; readonly runs: number[] } {
  const runs: number[] = [];
  const native = nodeRuntime();
  const runtime: Runtime = {
    label: native.label,
    provider: native.provider,
    maxThreads: 1,

    async createSession(file, options) {
      const session = await native.createSession(file, options);
      const at = runs.push(0) - 1;
      return {
        ...session,
        run: (feeds, fetches) => {
          runs[at] = (runs[at] as number) + 1;
          return session.run(feeds, fetches);
        },
        dispose: () => session.dispose(),
      };
    },
  };
  return { runtime, runs };
}

let model: OpenModel;
let data: OpenDataset;
let recipe: Recipe;
let narrowed: Recipe;

beforeAll(async () => {
  model = await open();
  const files = ["images-idx3", "labels-idx1"].map((part) => `calibration-${part}-ubyte.gz`);
  const sources = files.map((name) => diskFile(sample(name), name));
  data = await openData(model, sources, project.preprocess, nodeDecoders);
  const request = { samples: 40, preprocess: data.preprocess, resume: null, checkpoint: () => undefined };
  const calibration = await calibrate(model, data, request, { main: nodeRuntime(), accelerator: null }, context);
  recipe = resolveRecipe(model, { ...defaultRecipe(model), preprocess: data.preprocess }, calibration);
  const [group] = Object.keys(recipe.resolved!);
  const hand = { [group!]: { low: 0, high: 0.2 } };
  narrowed = { ...recipe, ranges: hand, resolved: { ...recipe.resolved, ...hand } };
});

describe("a probe", () => {
  it("gives the figures of an evaluation on the same samples", async () => {
    const prober = new Prober(model, nodeRuntime());
    for (const wanted of [recipe, narrowed]) {
      const probe = await prober.probe(wanted, data, range, context);
      const quantized = quantizeModel(model, wanted);
      const evaluation = await evaluateModels(
        {
          float: { file: runnable(model.original), bytes: model.bytes },
          quantized: { file: runnable(quantized.model), bytes: quantized.bytes },
          ...{ ...range, limit: 0.01, machine: "this one" },
        },
        data,
        nodeRuntime(),
        context,
      );
      const { name: output, sqnr, agreement, kl } = evaluation.outputs[0]!;
      expect(probe).toMatchObject({ samples: 16, output, sqnr, agreement, kl, drop: evaluation.top1!.drop });
      expect(probe.bytes).toBe(quantized.bytes);
    }
  });

  it("gives no figure of scores that say nothing, and says so", async () => {
    const blank: OpenDataset = { ...data, get: async () => data.get(0) };
    const probe = await new Prober(model, nodeRuntime()).probe(recipe, blank, range, context);
    expect(probe).toMatchObject({ samples: 16, sqnr: null, agreement: null, kl: null, drop: null });
    expect(probe.notices).toMatchObject([
      { kind: "warning", message: expect.stringMatching(/is equal in all 16 samples/) },
    ]);
  });

  it("runs the float model once for all recipes", async () => {
    const { runtime, runs } = counting();
    const prober = new Prober(model, runtime);
    const before = await prober.probe(recipe, data, range, context);
    const [trial] = runs;
    expect(runs.slice(1)).toEqual([16]);
    const after = await prober.probe(narrowed, data, range, context);
    expect(runs).toEqual([trial, 16, 16]);
    expect(after.sqnr).toBeLessThan(before.sqnr!);
    expect(await prober.probe(recipe, data, range, context)).toMatchObject({ sqnr: before.sqnr, kl: before.kl });
  });

  it("ends when it is told to, and goes on later with what it knows of the float model", async () => {
    const { runtime, runs } = counting();
    const prober = new Prober(model, runtime);
    const controller = new AbortController();
    const report: JobContext["report"] = ({ task, done }) => {
      if (task === "Running the float model" && done === 5) controller.abort();
    };
    const ended = prober.probe(recipe, data, range, { signal: controller.signal, report });
    await expect(ended).rejects.toMatchObject({ name: "AbortError" });
    await prober.probe(recipe, data, range, context);
    expect(runs.slice(1)).toEqual([10, 16]);
  });

  it("keeps no more samples than its memory holds", async () => {
    const bytesOfOne = 4 * (28 * 28 + 10);
    const prober = new Prober(model, nodeRuntime(), 5 * bytesOfOne);
    expect((await prober.probe(recipe, data, range, context)).samples).toBe(5);
    expect((await prober.probe(narrowed, data, range, context)).samples).toBe(5);
    const small = new Prober(model, nodeRuntime(), 1);
    expect((await small.probe(recipe, data, range, context)).samples).toBe(1);
  });

  it("says when no sample is left to it, or nothing is settled", async () => {
    const prober = new Prober(model, nodeRuntime());
    const beyond = prober.probe(recipe, data, { skip: data.length, samples: 16 }, context);
    await expect(beyond).rejects.toThrow("none is left");
    await expect(prober.probe({ ...recipe, resolved: null }, data, range, context)).rejects.toThrow("no ranges yet");
  });
});

it("a model quantized before gives the bytes of a model that never was", async () => {
  const fresh = await open();
  quantizeModel(model, narrowed);
  quantizeModel(model, { ...recipe, weights: { ...recipe.weights, granularity: "tensor" } });
  expect(concat(quantizeModel(model, recipe).chunks)).toEqual(concat(quantizeModel(fresh, recipe).chunks));
});

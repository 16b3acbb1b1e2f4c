import { describe, expect, it } from "vitest";
import { garments, photographs } from "../emit/testing/shared.ts";
import type { Dataset } from "../model/dataset.ts";
import type { JobContext } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Sensitivity } from "../model/sensitivity.ts";
import type { Tensor } from "../model/tensor.ts";
import { spearman } from "../numerics/ranking.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { needsShared, readShared } from "../testing/shared.ts";
import { bruteForce } from "../tuning/testing/bruteForce.ts";
import { calibrate } from "./calibrate.ts";
import { defaultRecipe, type OpenModel, openModel } from "./open.ts";
import { resolveRecipe } from "./quantize.ts";
import { sensitivity } from "./sensitivity.ts";
import { walk } from "./walk.ts";

const runtime = nodeRuntime();
const quiet: JobContext = { signal: new AbortController().signal, report: () => undefined };

function datasetOf(
  model: OpenModel,
  sample: (index: number) => Tensor,
  length: number,
  labels: number[] | null = null,
) {
  return {
    length,
    sourceOf: (index: number) => `sample ${index}`,
    labels,
    notices: [],
    get: async (index) => ({ source: `sample ${index}`, feeds: new Map([[model.open[0]!.name, sample(index)]]) }),
  } satisfies Dataset;
}

async function prepared(
  file: string,
  sample: (index: number) => Tensor,
  samples: number,
  changes: Partial<Recipe> = {},
) {
  const source = { bytes: readShared(`models/${file}`), fileName: file, readBeside: async () => null };
  const model = await openModel(source, { shapes: {}, values: {} }, runtime, quiet);
  const dataset = datasetOf(
    model,
    sample,
    samples,
    Array.from({ length: samples }, () => 0),
  );
  const plain = { ...defaultRecipe(model), corrections: { equalization: false, bias: "none" } as const, ...changes };
  const request = { samples, recipe: plain, preprocess: null, resume: null, checkpoint: () => undefined };
  const calibration = await calibrate(model, dataset, request, { main: runtime, accelerator: null }, quiet);
  return { model, dataset, recipe: resolveRecipe(model, plain, calibration) };
}

const KINDS = ["weights", "activations", "alone", "without"] as const;

describe("sensitivity of real models", { ...needsShared, timeout: 120_000 }, () => {
  it.each([
    ["fmnist_dw_folded.onnx", "channel", 39],
    ["fmnist_dw_bn.onnx", "tensor", 39],
  ] as const)(
    "of %s with one scale a %s is what the models written for each layer give",
    async (file, granularity, figures) => {
      const weights = { type: "int8", granularity, rounding: "nearest" } as const;
      const { model, dataset, recipe } = await prepared(file, garments(), 4, { weights });
      const measured = await sensitivity(
        model,
        recipe,
        dataset,
        { samples: 4, untilSettled: false },
        runtime,
        quiet,
        () => undefined,
      );
      const brute = await bruteForce(model, recipe, dataset, 4, measured, runtime);
      expect(measured.all.sqnr).toBeCloseTo(brute.all.sqnr, 2);
      let compared = 0;
      for (const layer of measured.layers) {
        for (const kind of KINDS) {
          const other = brute.layers.get(layer.layer)![kind];
          if (!other) continue;
          const own = layer[kind]!;
          compared++;
          expect(Math.abs(own.sqnr - other.sqnr), `${layer.layer} ${kind}`).toBeLessThan(0.1);
          expect(own.kl! / other.kl!).toBeCloseTo(1, 1);
          expect(own.cosine).toBeCloseTo(other.cosine, 4);
          expect(own.drop).toBe(other.drop);
        }
      }
      expect(compared).toBe(figures);
    },
  );

  it("of learned biases takes them where the layer is quantized", async () => {
    const { model, dataset, recipe } = await prepared("fmnist_dw_folded.onnx", garments(), 2);
    const [conv] = model.folded.graph!.node.filter(({ opType }) => opType === "Conv");
    const biases = { [conv!.name]: new Array(Number(channelsOf(model, conv!.input[1]!))).fill(0.05) };
    const changed = { ...recipe, biases };
    const measured = await sensitivity(
      model,
      changed,
      dataset,
      { samples: 2, untilSettled: false },
      runtime,
      quiet,
      () => undefined,
    );
    const brute = await bruteForce(model, changed, dataset, 2, measured, runtime);
    expect([...brute.layers.values()].filter(({ alone }) => alone)).toHaveLength(9);
    for (const layer of measured.layers) {
      const other = brute.layers.get(layer.layer)!;
      if (other.alone) expect(Math.abs(layer.alone.sqnr - other.alone.sqnr), layer.layer).toBeLessThan(0.1);
      expect(Math.abs(layer.without.sqnr - other.without!.sqnr), layer.layer).toBeLessThan(0.1);
    }
  });

  it("ranks the layers of SqueezeNet 1.1 as brute force does", async () => {
    const sample = photographs({ scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] });
    const { model, dataset, recipe } = await prepared("squeezenet1.1.onnx", sample, 2);
    const measured = await sensitivity(
      model,
      recipe,
      dataset,
      { samples: 2, untilSettled: false },
      runtime,
      quiet,
      () => undefined,
    );
    const brute = await bruteForce(model, recipe, dataset, 2, measured, runtime);
    const pairs = measured.layers.flatMap(({ layer, alone }) => {
      const other = brute.layers.get(layer)?.alone;
      return other ? [[alone.sqnr, other.sqnr] as const] : [];
    });
    expect(pairs).toHaveLength(26);
    expect(spearman(pairs)).toBeGreaterThan(0.95);
    expect(measured.kept.bytes).toBeLessThan(measured.kept.bound);
  });

  it("ends once the samples rank the layers reliably, and ranks as all of them do", async () => {
    const { model, dataset, recipe } = await prepared("fmnist_dw_folded.onnx", garments(), 24);
    const measure = (untilSettled: boolean) =>
      sensitivity(model, recipe, dataset, { samples: 24, untilSettled }, runtime, quiet, () => undefined);
    const [early, whole] = [await measure(true), await measure(false)];
    expect(early.samples).toBeGreaterThanOrEqual(4);
    expect(early.ranked).toBeLessThan(24);
    expect(early.ranked).toBeGreaterThan(early.samples);
    expect(early.reliability).toBeGreaterThan(0.9);
    expect(whole).toMatchObject({ samples: 24, ranked: 24 });
    const others = new Map(whole.layers.map(({ layer, alone }) => [layer, alone.sqnr]));
    const pairs = early.layers.map(({ layer, alone }) => [alone.sqnr, others.get(layer) ?? NaN] as const);
    expect(spearman(pairs)).toBeGreaterThan(0.9);
  });

  it("is refused where the outputs are equal in every sample, and leaves no layer's figures", async () => {
    const { model, dataset, recipe } = await prepared("fmnist_dw_folded.onnx", garments(), 3);
    const same = { ...dataset, length: 6, get: async () => dataset.get(0) };
    const delivered: Sensitivity[] = [];
    const request = { samples: 6, untilSettled: true };
    const job = sensitivity(model, recipe, same, request, runtime, quiet, (partial) => delivered.push(partial));
    await expect(job).rejects.toThrow(
      /^Sensitivity has nothing to go by\. The output \S+ is equal in all 6 samples judged/,
    );
    expect(delivered.at(-1)).toMatchObject({ samples: 6, layers: [], all: { drop: null, kl: null } });
    const one = { ...dataset, length: 6, get: async (at: number) => dataset.get(at === 5 ? 1 : 0) };
    expect(
      (await sensitivity(model, recipe, one, request, runtime, quiet, () => undefined)).layers.length,
    ).toBeGreaterThan(3);
  });

  it("stops when it is cancelled, and has delivered whole samples until then", async () => {
    const { model, dataset, recipe } = await prepared("fmnist_dw_folded.onnx", garments(), 3);
    const controller = new AbortController();
    const delivered: Sensitivity[] = [];
    const job = sensitivity(
      model,
      recipe,
      dataset,
      { samples: 3, untilSettled: false },
      runtime,
      { ...quiet, signal: controller.signal },
      (partial) => {
        delivered.push(partial);
        if (partial.samples === 2) controller.abort();
      },
    );
    await expect(job).rejects.toThrow(/abort/i);
    const last = delivered.at(-1)!;
    expect(last).toMatchObject({ samples: 2, wanted: 3, labelled: 2 });
    const short = await sensitivity(
      model,
      recipe,
      dataset,
      { samples: 2, untilSettled: false },
      runtime,
      quiet,
      () => undefined,
    );
    expect(last.layers).toEqual(short.layers);
  });

  it("is refused for a recipe without ranges", async () => {
    const { model, dataset, recipe } = await prepared("fmnist_dw_folded.onnx", garments(), 1);
    const open = { ...recipe, resolved: null };
    const job = sensitivity(model, open, dataset, { samples: 1, untilSettled: false }, runtime, quiet, () => undefined);
    await expect(job).rejects.toThrow("The recipe has no ranges yet");
  });
});

describe("the error walk", needsShared, () => {
  it("ends at the outputs with the error that the exported model has there", async () => {
    const { model, dataset, recipe } = await prepared("fmnist_dw_folded.onnx", garments(), 3);
    const measured = await sensitivity(
      model,
      recipe,
      dataset,
      { samples: 3, untilSettled: false },
      runtime,
      quiet,
      () => undefined,
    );
    const { samples, steps } = await walk(model, recipe, dataset, { samples: 3 }, runtime, quiet);
    expect(samples).toBe(3);
    expect(steps[0]!.inputSqnr).toBeNull();
    const output = model.folded.graph!.output[0]!.name;
    const last = steps.find(({ tensor }) => tensor === output)!;
    expect(last.sqnr).toBeCloseTo(measured.all.sqnr, 2);
    const makers = new Map(steps.map((step) => [step.tensor, step]));
    const sum = steps.find(({ layer }) => layer === "/Add")!;
    const readers = model.folded.graph!.node.find(({ name }) => name === "/Add")!.input;
    expect(sum.inputSqnr).toBe(Math.min(...readers.map((name) => makers.get(name)!.sqnr)));
  });
});

function channelsOf(model: OpenModel, weight: string): bigint {
  return model.folded.graph!.initializer.find(({ name }) => name === weight)!.dims[0]!;
}

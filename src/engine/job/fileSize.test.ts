import { beforeAll, describe, expect, it } from "vitest";
import { nodeDecoders } from "../../../cli/decoders.ts";
import { memoryFile, npyBytes } from "../data/testing/files.ts";
import type { JobContext } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import { makeNode } from "../onnx/attributes.ts";
import { concat, encodeModel, totalLength } from "../onnx/encode.ts";
import { withFields } from "../onnx/messages.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { partsOf } from "./artifact.ts";
import { openData } from "./data.ts";
import { exportJob } from "./export.ts";
import { LARGEST_FILE } from "./fileSize.ts";
import { defaultRecipe, type OpenModel, openModel } from "./open.ts";
import { settle, settleAlone } from "./settle.ts";

const context: JobContext = { signal: new AbortController().signal, report: () => undefined };
const runtime = nodeRuntime();
/** So many that the float weights take more than what quantizing adds to the graph. */
const WIDTH = 1024;

let model: OpenModel;
let weightsAlone: Recipe;
beforeAll(async () => {
  const network = buildModel({
    opset: 13,
    inputs: [floatInput("x", [1, 2, 4, 4])],
    outputs: ["y"],
    nodes: [
      makeNode("Conv", ["x", "v"], ["m"], { name: "first" }),
      makeNode("Relu", ["m"], ["r"], { name: "relu" }),
      makeNode("Conv", ["r", "w"], ["c"], { name: "second" }),
      makeNode("Add", ["c", "big"], ["y"], { name: "add" }),
    ],
    constants: { v: noise([WIDTH, 2, 1, 1]), w: noise([3, WIDTH, 1, 1]), big: noise([1, 3, 4, 4]) },
  });
  const source = { bytes: concat(encodeModel(network)), fileName: "net.onnx", readBeside: async () => null };
  model = await openModel(source, { shapes: {}, values: {} }, runtime, context);
  weightsAlone = { ...defaultRecipe(model), corrections: { equalization: false, bias: "none" }, format: "weights" };
});

/** The model with a constant that says it has so many bytes. */
function withBig(bytes: number): OpenModel {
  const { graph } = model.folded;
  if (!graph) throw new Error("the model has a graph");
  const initializer = graph.initializer.map((tensor) => {
    if (tensor.name !== "big") return tensor;
    const rawData = tensor.rawData.slice();
    Object.defineProperty(rawData, "byteLength", { value: bytes });
    return withFields(tensor, { rawData });
  });
  return { ...model, folded: withFields(model.folded, { graph: withFields(graph, { initializer }) }) };
}

function exported(large: OpenModel, recipe = weightsAlone): number {
  const settled = settleAlone(large, recipe);
  return exportJob(large, { ...settled, evaluation: null, date: "" }).quantized.bytes;
}

describe("a file that nothing loads", () => {
  it("is two once its length is known, to the byte: the weights are beside the model", () => {
    const large = 2 ** 31 - 200_000;
    const rest = exported(withBig(large)) - large;
    const namesOf = (bytes: number) => {
      const settled = settleAlone(withBig(bytes), weightsAlone);
      const { files, quantized } = exportJob(withBig(bytes), { ...settled, evaluation: null, date: "" });
      const sizes = files.filter(({ name }) => name.includes(".onnx")).map((file) => totalLength(partsOf(file)));
      expect(sizes.reduce((sum, size) => sum + size)).toBe(quantized.bytes);
      return files.map(({ name }) => name).filter((name) => name.includes(".onnx"));
    };
    expect(exported(withBig(LARGEST_FILE - rest))).toBe(LARGEST_FILE);
    expect(namesOf(LARGEST_FILE - rest)).toEqual(["net.int8.onnx"]);
    expect(namesOf(LARGEST_FILE - rest + 1)).toEqual(["net.int8.onnx", "net.int8.onnx_data"]);
  });

  it("is refused when it is the equalized one, though the quantized one is short enough", () => {
    const corrections = { equalization: true, bias: "none" } as const;
    const channel = { divide: new Array<number>(WIDTH).fill(1), absorb: new Array<number>(WIDTH).fill(0) };
    const recipe = { ...weightsAlone, corrections, factors: { r: channel } };
    const large = 2 ** 31 - 200_000;
    const rest = exported(withBig(large), recipe) - large;
    expect(() => exported(withBig(LARGEST_FILE - rest), recipe)).toThrow(
      /^net\.equalized\.onnx would take 2147\d+ bytes, .*; switch equalization off, or take a smaller model\.$/,
    );
  });

  describe("is refused before samples are run, where it is sure", () => {
    const file = memoryFile(
      "a.npy",
      npyBytes(
        "<f4",
        [4, 2, 4, 4],
        Float32Array.from({ length: 128 }, (_, i) => Math.sin(i)),
      ),
    );
    const run = async (large: OpenModel, corrections: Recipe["corrections"]) => {
      const tasks = new Set<string>();
      const data = await openData(large, [file], null, nodeDecoders);
      const listening = { ...context, report: ({ task }: { task: string }) => void tasks.add(task) };
      const recipe = { ...defaultRecipe(large), corrections };
      const runtimes = { main: runtime, accelerator: null };
      return { tasks, end: settle(large, recipe, data, { samples: 4, calibration: null }, runtimes, listening) };
    };
    const equalizing = { equalization: true, bias: "none" } as const;

    it("for the equalized file, which is as long as the float one", async () => {
      const { tasks, end } = await run(withBig(LARGEST_FILE), equalizing);
      await expect(end).rejects.toThrow(
        /^net\.equalized\.onnx would take 2147\d+ bytes, and nothing loads .*; switch equalization off, or take a smaller model\.$/,
      );
      expect(tasks).toEqual(new Set());
    });
  });
});

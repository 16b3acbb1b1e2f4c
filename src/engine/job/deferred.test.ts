import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { StoredBytes, WorkedBytes } from "../model/deferred.ts";
import type { JobContext } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import { concat, encodeModel } from "../onnx/encode.ts";
import type { WeightsFile } from "../onnx/external.ts";
import { buildModel, floatInput, noise, portInfo } from "../onnx/testing/build.ts";
import { withWeightsBeside } from "../onnx/weightsBeside.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { partsOf } from "./artifact.ts";
import type { Keep } from "./keepWorked.ts";
import { defaultRecipe, openModel } from "./open.ts";
import { settleAlone } from "./settle.ts";
import type { ModelSource } from "./source.ts";
import { storedInMemory } from "./testing/storedFile.ts";
import { verifiedExport } from "./verifiedExport.ts";

const context: JobContext = { signal: new AbortController().signal, report: () => undefined };
const WIDTH = 520;
const broken = noise([WIDTH, WIDTH], 4);
broken.data[WIDTH] = Number.NaN;

/** A table that is looked up, two matrices of a megabyte, one of a Gemm, and one with a value that is none. */
const network = buildModel({
  opset: 17,
  inputs: [portInfo({ name: "tokens", type: "int64", dims: [1, 3] }), floatInput("x", [3, WIDTH])],
  outputs: ["y", "z", "n"],
  nodes: [
    makeNode("Gather", ["table", "tokens"], ["e"], { name: "look" }),
    makeNode("MatMul", ["e", "first"], ["f"], { name: "first" }),
    makeNode("Relu", ["f"], ["r"], { name: "relu" }),
    makeNode("MatMul", ["r", "second"], ["y"], { name: "second" }),
    makeNode("Gemm", ["x", "turned"], ["z"], { name: "gemm", attributes: [intAttribute("transB", 1)] }),
    makeNode("MatMul", ["x", "broken"], ["n"], { name: "broken" }),
  ],
  constants: {
    table: noise([WIDTH, WIDTH], 1),
    first: noise([WIDTH, 1040], 2),
    second: noise([1040, WIDTH], 3),
    turned: noise([WIDTH, WIDTH], 5),
    broken,
  },
});

/** Every file of a job on the model with its weights in a file beside it, as text and by name. */
async function made(beside: (bytes: Uint8Array) => WeightsFile, changes: Partial<Recipe>, keep: Keep | null) {
  const { model, parts } = withWeightsBeside(network, "w.data");
  const file = beside(concat(parts));
  return madeOf({ bytes: concat(encodeModel(model)), readBeside: async () => file }, changes, keep);
}

async function madeOf(given: Omit<ModelSource, "fileName">, changes: Partial<Recipe>, keep: Keep | null) {
  const source = { ...given, fileName: "net.onnx" };
  const opened = await openModel(source, { shapes: {}, values: {} }, nodeRuntime(), context);
  const recipe = { ...defaultRecipe(opened), corrections: { equalization: false, bias: "none" } as const, ...changes };
  const request = { ...settleAlone(opened, recipe), evaluation: null, date: "" };
  const { files } = await verifiedExport(opened, request, null, nodeRuntime(), context, keep);
  return {
    deferred: files.flatMap(partsOf).filter((part) => !(part instanceof Uint8Array)).length,
    texts: files.map(
      (each) =>
        `${each.name} ${createHash("sha256")
          .update(concat(partsOf(each)))
          .digest("hex")}`,
    ),
  };
}

const PLAIN = { granularity: "channel", rounding: "nearest" } as const;
const BLOCKS = { ...PLAIN, block: 32 } as const;

it.each<[string, Partial<Recipe>]>([
  ["int8 of channels", { format: "weights", weights: { ...PLAIN, type: "int8" } }],
  ["uint8 of channels", { format: "weights", weights: { ...PLAIN, type: "uint8" } }],
  ["int4 in blocks", { format: "weights", weights: { ...BLOCKS, type: "int4", algorithm: "nearest" } }],
  ["uint4 for MatMulNBits", { format: "weights", weights: { ...BLOCKS, type: "uint4", operator: "matmulnbits" } }],
  ["nf4", { format: "weights", weights: { ...BLOCKS, type: "nf4" } }],
  ["float16", { format: "float16" }],
  ["bfloat16", { format: "bfloat16" }],
])(
  "weights that are not in memory give the files that they give in it, kept on the way or not: %s",
  async (_, changes) => {
    const inMemory = await made((bytes) => bytes, changes, null);
    expect(inMemory.deferred).toBe(0);
    const deferred = await made(storedInMemory, changes, null);
    expect(deferred.deferred).toBeGreaterThan(2);
    expect(deferred.texts).toEqual(inMemory.texts);
    const keep: Keep = async (artifact, __, onlooker) => {
      const whole = concat(partsOf(artifact));
      let offset = 0;
      for (const part of partsOf(artifact)) {
        if (part instanceof WorkedBytes) part.keep(new StoredBytes(storedInMemory(whole), offset, part.byteLength));
        offset += part.byteLength;
        onlooker?.written(part);
      }
      onlooker?.passed(whole);
    };
    expect((await made(storedInMemory, changes, keep)).texts).toEqual(inMemory.texts);
  },
);

it("a model in one file that is not in memory gives the files that it gives in it", async () => {
  const bytes = concat(encodeModel(network));
  const changes = { format: "weights", weights: { ...PLAIN, type: "int8" } } as const;
  const readBeside = async () => null;
  const inMemory = await madeOf({ bytes, readBeside }, changes, null);
  const deferred = await madeOf({ bytes: storedInMemory(bytes), readBeside }, changes, null);
  expect(deferred.deferred).toBeGreaterThan(2);
  expect(deferred.texts).toEqual(inMemory.texts);
});

it("a weight that is not in memory and holds NaN stays in float, as it does in memory", async () => {
  const { model, parts } = withWeightsBeside(network, "w.data");
  const source = {
    bytes: concat(encodeModel(model)),
    fileName: "net.onnx",
    readBeside: async () => storedInMemory(concat(parts)),
  };
  const opened = await openModel(source, { shapes: {}, values: {} }, nodeRuntime(), context);
  const initializers = opened.folded.graph!.initializer.map(({ name }) => name);
  expect(initializers).toContain("broken");
  const recipe = { ...defaultRecipe(opened), format: "weights", weights: { ...PLAIN, type: "int8" } } as const;
  const { quantized } = await verifiedExport(
    opened,
    {
      ...settleAlone(opened, { ...recipe, corrections: { equalization: false, bias: "none" } }),
      evaluation: null,
      date: "",
    },
    null,
    nodeRuntime(),
    context,
  );
  const reasons = quantized.plan.layers.map(({ id, reason }) => [id, reason?.code ?? null]);
  expect(reasons).toContainEqual(["broken", "weight-not-finite"]);
  expect(quantized.file.graph!.initializer.map(({ name }) => name)).toContain("broken");
});

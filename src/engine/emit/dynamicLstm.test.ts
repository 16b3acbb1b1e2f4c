import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { optimizedOperators, run } from "../graph/testing/native.ts";
import { defaultRecipe, summarizeModel } from "../job/open.ts";
import { quantizeModel } from "../job/quantize.ts";
import { open } from "../job/testing/quantized.ts";
import { reasonText } from "../model/reason.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Tensor, TensorMap } from "../model/tensor.ts";
import { Comparator } from "../numerics/metrics.ts";
import { floatAttribute, intAttribute, makeNode, stringAttribute } from "../onnx/attributes.ts";
import { decodeModel } from "../onnx/decode.ts";
import { concat } from "../onnx/encode.ts";
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type ModelProto,
  type NodeProto,
} from "../onnx/proto/onnx_pb.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import { dimsOf } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise, portInfo } from "../onnx/testing/build.ts";
import { faultsOf } from "../onnx/testing/checker.ts";
import { packagedWasm } from "../runtime/packagedWasm.ts";

const [STEPS, BATCH, INPUTS] = [10, 3, 24];

const scaled = (dims: readonly number[], seed: number, factor: number): Tensor => {
  const tensor = noise(dims, seed);
  return { ...tensor, data: (tensor.data as Float32Array).map((value) => value * factor) };
};

interface Form {
  readonly cells?: number;
  readonly direction?: "forward" | "reverse" | "bidirectional";
  readonly attributes?: NodeProto["attribute"];
  /** Inputs from the sequence lengths on. */
  readonly further?: readonly string[];
  readonly operator?: "LSTM" | "GRU";
}

function network({ cells = 128, direction = "forward", attributes = [], further = [], operator = "LSTM" }: Form) {
  const directions = direction === "bidirectional" ? 2 : 1;
  const rows = (operator === "LSTM" ? 4 : 3) * cells;
  return buildModel({
    opset: 17,
    inputs: [floatInput("x", [STEPS, BATCH, INPUTS])],
    outputs: [portInfo({ name: "y", type: "float32", dims: [STEPS, directions, BATCH, cells] })],
    nodes: [
      makeNode(operator, ["x", "w", "r", "b", ...further], ["y"], {
        name: "rec",
        attributes: [intAttribute("hidden_size", cells), stringAttribute("direction", direction), ...attributes],
      }),
    ],
    constants: {
      w: scaled([directions, rows, INPUTS], 1, 0.3),
      r: scaled([directions, rows, cells], 2, 0.12),
      b: scaled([directions, 2 * rows], 3, 0.1),
      ...(further.length > 0 && {
        lengths: { type: "int32", dims: [BATCH], data: Int32Array.of(10, 4, 7) } satisfies Tensor,
        h: scaled([directions, BATCH, cells], 4, 0.4),
        c: scaled([directions, BATCH, cells], 5, 0.4),
        p: scaled([directions, 3 * cells], 6, 0.1),
      }),
    },
  });
}

const feeds = (seed: number): TensorMap => new Map([["x", noise([STEPS, BATCH, INPUTS], seed)]]);

async function written(given: ModelProto, changes: Partial<Recipe> = {}) {
  const model = await open(given);
  const plain = defaultRecipe(model);
  const corrections = { equalization: false, bias: "none" } as const;
  const recipe: Recipe = { ...plain, format: "dynamic", corrections, resolved: {}, spared: {}, ...changes };
  const { chunks } = quantizeModel(model, recipe);
  const { layers, floatKernels } = summarizeModel(model, recipe);
  return { file: decodeModel(concat(chunks), "written.onnx"), layers, floatKernels };
}

async function sqnrOf(given: ModelProto, file: ModelProto): Promise<number> {
  const compared = new Comparator();
  for (const seed of [20, 21, 22]) {
    const [float, other] = [await run(given, feeds(seed)), await run(file, feeds(seed))];
    compared.add(float.get("y")!.data as Float32Array, other.get("y")!.data as Float32Array);
  }
  return compared.result().sqnr;
}

const ACTIVATIONS = create(AttributeProtoSchema, {
  name: "activations",
  type: AttributeProto_AttributeType.STRINGS,
  strings: ["HardSigmoid", "Tanh", "Softsign"].map((each) => new TextEncoder().encode(each)),
});

const FORMS: readonly (readonly [string, Form, Partial<Recipe>])[] = [
  ["forward", {}, {}],
  ["in reverse", { direction: "reverse" }, {}],
  ["in both directions", { direction: "bidirectional" }, {}],
  [
    "in both directions, one scale a weight",
    { direction: "bidirectional" },
    { weights: { type: "int8", granularity: "tensor", rounding: "nearest" } },
  ],
  ["from states, with lengths and peepholes", { further: ["lengths", "h", "c", "p"] }, {}],
  ["from states in both directions", { direction: "bidirectional", further: ["", "h", "c"] }, {}],
  ["clipped, with coupled gates", { attributes: [floatAttribute("clip", 0.6), intAttribute("input_forget", 1)] }, {}],
  ["with activations of its own", { attributes: [ACTIVATIONS] }, {}],
];

test.each(FORMS)("an LSTM %s is computed in integers, near the float one", async (_, form, changes) => {
  const given = network(form);
  const { file, layers, floatKernels } = await written(given, changes);
  expect(layers).toMatchObject([{ id: "rec", precision: "int8", reason: null }]);
  expect(floatKernels).toEqual([]);
  expect(await optimizedOperators(file)).toEqual(["DynamicQuantizeLSTM"]);
  expect(faultsOf(file)).toEqual([]);
  expect(await sqnrOf(given, file)).toBeGreaterThan(36);
});

test("no pair of its weights saturates, its scales are those of rows, and both of a shape have the same zero points", async () => {
  const { file } = await written(network({ direction: "bidirectional" }));
  const constants = new Map(file.graph!.initializer.map((tensor) => [tensor.name, tensor]));
  const [, w, r, , , , , , ws, wz, rs, rz] = file.graph!.node[0]!.input;
  expect([w, r, ws, rs].map((name) => dimsOf(constants.get(name!)!))).toEqual([
    [2, INPUTS, 512],
    [2, 128, 512],
    [2, 512],
    [2, 512],
  ]);
  expect(wz).toBe(rz);
  for (const name of [w, r]) {
    const { rawData, dims } = constants.get(name!)!;
    const codes = new Int8Array(rawData.buffer, rawData.byteOffset, rawData.length);
    const [, inputs = 0, rows = 0] = dims.map(Number);
    const sums = codes.subarray(0, -rows).map((code, at) => {
      return Math.floor(at / rows) % 2 === 0 && Math.abs(code + (codes[at + rows] as number)) > 128 ? 1 : 0;
    });
    expect(inputs % 2).toBe(0);
    expect(sums).not.toContain(1);
  }
});

test("it runs in WASM as it does natively", async () => {
  const { file } = await written(network({ direction: "bidirectional" }));
  const session = await (await packagedWasm(1)).createSession(toModelFile(file), { threads: 1 });
  const compared = new Comparator();
  const [web, native] = [await session.run(feeds(30)), await run(file, feeds(30))];
  compared.add(native.get("y")!.data as Float32Array, web.get("y")!.data as Float32Array);
  expect(compared.result().sqnr).toBeGreaterThan(60);
  await session.dispose();
});

test("what has no such kernel, is no faster, or is asked for otherwise keeps its weights alone in int8, and says so", async () => {
  const told = async (form: Form, changes: Partial<Recipe> = {}) => {
    const { file, layers, floatKernels } = await written(network(form), changes);
    expect(floatKernels).toEqual(["rec"]);
    expect(file.graph!.node.at(-1)!.opType).toBe(form.operator ?? "LSTM");
    return layers.map(({ precision, reason }) => `${precision}: ${reasonText(reason!)}`)[0];
  };
  const recurrent = "int8: a recurrent state gathers error step by step, so that its weights alone are in int8";
  expect(await told({ operator: "GRU" })).toBe(recurrent);
  expect(await told({ cells: 64 })).toBe(
    "int8: 64 cells are no faster in integers, so that its weights alone are in int8",
  );
  expect(await told({}, { target: "ort-web" })).toBe(recurrent);
  expect(await told({}, { format: "weights" })).toBe(recurrent);
  const float = { layers: [], operators: [], tensors: [], stored: ["rec"] };
  expect(await told({}, { float })).toContain("int8: the recipe");
});

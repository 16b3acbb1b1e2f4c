import { create } from "@bufbuild/protobuf";
import * as web from "onnxruntime-web/wasm";
import { describe, expect, it } from "vitest";
import type { DataFile } from "../model/dataset.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Tensor, TensorMap } from "../model/tensor.ts";
import { intAttribute, makeNode, tensorAttribute } from "../onnx/attributes.ts";
import { decodeModel } from "../onnx/decode.ts";
import { concat, encodeModel } from "../onnx/encode.ts";
import { inputPorts, outputPorts } from "../onnx/ports.ts";
import {
  TensorProto_DataType as Code,
  GraphProtoSchema,
  type ModelProto,
  type NodeProto,
} from "../onnx/proto/onnx_pb.ts";
import { scalar, tensorProto } from "../onnx/tensor.ts";
import { buildModel, floatInput, graphAttribute, noise, portInfo } from "../onnx/testing/build.ts";
import { assertValid } from "../onnx/testing/checker.ts";
import type { Project } from "../project/index.ts";
import { ortRuntime } from "../runtime/onnxruntime.ts";
import { HALF, nearest, widenHalf } from "../values/halfFloats.ts";
import { context, native, openProject } from "./testing/openProject.ts";

web.env.wasm.numThreads = 1;
const wasm = ortRuntime(web, { label: "wasm", maxThreads: 1, provider: "wasm" });
const DATE = "2026-11-30T00:00:00.000Z";

/** Ends in a Softmax, which stays in float32 where outputs do; `clip` bounds what the input comes to. */
function network(clip = false): ModelProto {
  return buildModel({
    opset: 17,
    inputs: [floatInput("x", [1, 32])],
    outputs: [floatInput("out", [1, 4])],
    nodes: [
      ...(clip ? [makeNode("Sigmoid", ["x"], ["bounded"], { name: "bound" })] : []),
      makeNode("Sub", [clip ? "bounded" : "x", "one"], ["d"], { name: "sub" }),
      makeNode("Mul", ["d", "gain"], ["m"], { name: "mul" }),
      makeNode("MatMul", ["m", "w"], ["l"], { name: "product" }),
      makeNode("Softmax", ["l"], ["out"], { name: "softmax", attributes: [intAttribute("axis", 1)] }),
    ],
    constants: { one: scalar("float32", 1), gain: scalar("float32", 100), w: noise([32, 4], 3) },
  });
}

/** Rows about 1, which float16 keeps no more than a thousandth of; `of` changes one. */
const rowOf = (seed: number) => Float32Array.from(noise([32], seed).data as Float32Array, (value) => 1 + value / 50);

function data(rows: readonly Float32Array[]): DataFile[] {
  const text = new TextEncoder().encode(rows.map((row) => JSON.stringify({ x: [[...row]] })).join("\n"));
  const read = async (start = 0, end = text.length) => text.slice(start, end);
  return [{ path: "rows.jsonl", size: text.length, read } as unknown as DataFile];
}

const ROWS = Array.from({ length: 6 }, (_, i) => rowOf(i + 1));
const HALVES: Partial<Recipe> = { format: "float16", ends: "float16" };

async function settled(changes: Partial<Recipe> = HALVES, rows = ROWS, model = network()) {
  const project = await openProject(model);
  project.edit({ ...changes, seed: null });
  await project.takeData(data(rows), null);
  await project.settle({ samples: rows.length }, context);
  return project;
}

async function written(project: Project) {
  const exported = await project.export({ evaluation: null, date: DATE }, context);
  const bytes = concat(exported.files.find(({ name }) => name.endsWith(".onnx"))!.chunks);
  return { ...exported, bytes, file: decodeModel(bytes, "net.float16.onnx") };
}

const endsOf = (file: ModelProto) => [...inputPorts(file), ...outputPorts(file)].map(({ type }) => type);
const operators = (file: ModelProto) => (file.graph?.node ?? []).map(({ opType }: NodeProto) => opType);
const half = (row: Float32Array): TensorMap =>
  new Map<string, Tensor>([["x", { type: "float16", dims: [1, 32], data: nearest(row, HALF) }]]);

async function outputOf(bytes: Uint8Array, feeds: TensorMap, runtime = native): Promise<Float32Array> {
  const session = await runtime.createSession({ graph: bytes, external: [] }, { threads: 1 });
  const { type, data } = (await session.run(feeds)).get("out")!;
  await session.dispose();
  return type === "float16" ? Float32Array.from(data as Uint16Array, widenHalf) : (data as Float32Array);
}

describe("inputs and outputs in float16", () => {
  it("are so in the file, with no Cast at them and the last layers in float16", async () => {
    const { file, notices, files, quantized } = await written(await settled());
    expect(endsOf(file)).toEqual(["float16", "float16"]);
    expect(operators(file)).toEqual(["Sub", "Mul", "MatMul", "Softmax"]);
    assertValid(encodeModel(file), "net.float16.onnx");
    expect(files[0]!.name).toBe("net.float16.onnx");
    expect(quantized.plan.layers.every(({ precision }) => precision === "float16")).toBe(true);
    expect(notices.map(({ message }) => message).join()).toContain(
      "x and out are float16 in the file: whoever runs it feeds and reads that.",
    );
  });

  it("stay float32 where nothing is said, around the same layers", async () => {
    const { file } = await written(await settled({ format: "float16" }));
    expect(endsOf(file)).toEqual(["float32", "float32"]);
    expect(operators(file)).toEqual(["Cast", "Sub", "Mul", "MatMul", "Cast", "Softmax"]);
  });

  it("are judged as they are fed: figures are those of the file on rounded inputs, natively and in WASM", async () => {
    const project = await settled();
    const { bytes } = await written(project);
    const evaluation = await project.evaluate({ skip: 0, samples: ROWS.length }, 0.01, context);
    let [squares, values] = [0, 0];
    for (const row of ROWS) {
      const expected = await outputOf(
        concat(encodeModel(network())),
        new Map([["x", { type: "float32", dims: [1, 32], data: row } as const]]),
      );
      const got = await outputOf(bytes, half(row));
      expect(await outputOf(bytes, half(row), wasm)).toHaveLength(4);
      for (const [i, value] of got.entries()) squares += (value - expected[i]!) ** 2;
      values += got.length;
    }
    expect(evaluation.outputs[0]!.mse).toBeCloseTo(squares / values, 12);
    expect(evaluation.outputs[0]!.mse).toBeGreaterThan(1e-8);
    const other = await settled({ format: "float16" });
    const kept = await other.evaluate({ skip: 0, samples: ROWS.length }, 0.01, context);
    expect(kept.outputs[0]!.mse).toBeLessThan(evaluation.outputs[0]!.mse / 10);
    const probe = await project.probe({ skip: 0, samples: ROWS.length }, context);
    expect(probe.sqnr).toBeCloseTo(evaluation.outputs[0]!.sqnr!, 9);
  });

  it("read and give float32 inside where a layer there is left in float", async () => {
    const project = await openProject(network());
    project.edit({ ...HALVES }).leaveInFloat(["Sub", "Softmax"]);
    project.resolve();
    const { file } = await written(project);
    expect(endsOf(file)).toEqual(["float16", "float16"]);
    expect(operators(file)).toEqual(["Cast", "Sub", "Cast", "Mul", "MatMul", "Cast", "Softmax", "Cast"]);
    assertValid(encodeModel(file), "net.float16.onnx");
  });

  it("are written where an output is an input, is read by a layer, or is a constant, and in graphs of layers", async () => {
    const body = (name: string, node: NodeProto) =>
      graphAttribute(
        name,
        create(GraphProtoSchema, { name, node: [node], output: [floatInput(node.output[0]!, [1, 4])] }),
      );
    const branches = [
      body("then_branch", makeNode("Relu", ["p"], ["yes"], { name: "relu" })),
      body("else_branch", makeNode("MatMul", ["x", "w"], ["no"], { name: "inner" })),
    ];
    const model = buildModel({
      opset: 17,
      inputs: [floatInput("x", [1, 32]), portInfo({ name: "flag", type: "bool", dims: [] })],
      outputs: ["x", "p", "kept", "chosen"].map((name) => floatInput(name, name === "x" ? [1, 32] : [1, 4])),
      nodes: [
        makeNode("MatMul", ["x", "w"], ["p"], { name: "product" }),
        makeNode("If", ["flag"], ["chosen"], { name: "if", attributes: branches }),
      ],
      constants: { w: noise([32, 4], 3), kept: noise([1, 4], 4) },
    });
    const project = await openProject(model);
    project.edit(HALVES).resolve();
    const { file, bytes } = await written(project);
    expect(endsOf(file)).toEqual(["float16", "bool", "float16", "float16", "float32", "float16"]);
    assertValid(encodeModel(file), "net.float16.onnx");
    const flag: Tensor = { type: "bool", dims: [], data: Uint8Array.of(1) };
    const session = await native.createSession({ graph: bytes, external: [] }, { threads: 1 });
    const got = await session.run(new Map([...half(ROWS[0]!), ["flag", flag]]));
    expect(got.get("x")!.data).toEqual(nearest(ROWS[0]!, HALF));
    const [p, chosen] = [got.get("p")!.data, got.get("chosen")!.data] as Uint16Array[];
    expect(Array.from(chosen!, widenHalf)).toEqual(Array.from(p!, (bits) => Math.max(0, widenHalf(bits))));
    await session.dispose();
  });

  it("stay float32 where a Loop and an If hand an input on to a Cast to an integer, which reads whole numbers", async () => {
    const still = makeNode("Identity", ["on"], ["still"]);
    const bound = makeNode("Constant", [], ["bound"], {
      attributes: [tensorAttribute("value", tensorProto("", scalar("float32", 5000)))],
    });
    const step = buildModel({
      opset: 17,
      inputs: [
        portInfo({ name: "i", type: "int64", dims: [] }),
        portInfo({ name: "on", type: "bool", dims: [] }),
        floatInput("a", [1, 4]),
      ],
      outputs: [portInfo({ name: "still", type: "bool", dims: [] }), floatInput("a2", [1, 4])],
      nodes: [still, bound, makeNode("Min", ["a", "bound"], ["a2"], { name: "min" })],
    }).graph!;
    const branch = (name: string, operator: string, of: string) =>
      buildModel({ opset: 17, outputs: [floatInput(name, [1, 4])], nodes: [makeNode(operator, [of], [name])] }).graph!;
    const model = buildModel({
      opset: 17,
      inputs: [floatInput("x", [1, 32]), floatInput("ids", [1, 4]), portInfo({ name: "flag", type: "bool", dims: [] })],
      outputs: [portInfo({ name: "chosen", type: "int64", dims: [1, 4] }), floatInput("out", [1, 4])],
      nodes: [
        makeNode("MatMul", ["x", "w"], ["out"], { name: "product" }),
        makeNode("Loop", ["count", "yes", "ids"], ["kept"], {
          name: "loop",
          attributes: [graphAttribute("body", step)],
        }),
        makeNode("If", ["flag"], ["z"], {
          name: "if",
          attributes: [
            graphAttribute("then_branch", branch("one", "Identity", "kept")),
            graphAttribute("else_branch", branch("other", "Neg", "kept")),
          ],
        }),
        makeNode("Cast", ["z"], ["chosen"], { name: "cast", attributes: [intAttribute("to", Code.INT64)] }),
      ],
      constants: { w: noise([32, 4], 3), count: scalar("int64", 2), yes: scalar("bool", 1) },
    });
    const project = await openProject(model);
    project.edit(HALVES).resolve();
    const { file, bytes, notices } = await written(project);
    expect(endsOf(file)).toEqual(["float16", "float32", "bool", "int64", "float16"]);
    expect(notices.map(({ message }) => message).join()).toContain(
      "ids stays float32, though float16 is asked for: it holds whole numbers or sizes, which float16 holds exactly up to 2048 alone.",
    );
    const session = await native.createSession({ graph: bytes, external: [] }, { threads: 1 });
    const flag: Tensor = { type: "bool", dims: [], data: Uint8Array.of(1) };
    const ids: Tensor = { type: "float32", dims: [1, 4], data: Float32Array.of(2049, 3001, 4999, 5001) };
    const got = await session.run(new Map([...half(ROWS[0]!), ["flag", flag], ["ids", ids]]));
    expect([...(got.get("chosen")!.data as BigInt64Array)]).toEqual([2049n, 3001n, 4999n, 5000n]);
    await session.dispose();
  });

  it("are for the format q4f16, too", async () => {
    const { file, bytes } = await written(await settled({ format: "q4f16", ends: "float16" }));
    expect(endsOf(file)).toEqual(["float16", "float16"]);
    expect(operators(file)).toEqual(["Sub", "Mul", "MatMulNBits", "Softmax"]);
    const [one, other] = [await outputOf(bytes, half(ROWS[0]!)), await outputOf(bytes, half(ROWS[0]!), wasm)];
    for (const [i, value] of one.entries()) expect(other[i]).toBeCloseTo(value, 2);
  });

  it("are dropped with the format, and refused in a sentence elsewhere", async () => {
    const project = await openProject(network());
    project.edit(HALVES);
    expect(project.edit({ format: "weights" }).recipe.ends).toBeUndefined();
    expect(() => project.edit({ ends: "float16" }).assertTaken()).toThrow(
      "Inputs and outputs are in float16 in the formats float16 and q4f16; choose one of these, or leave them in float32.",
    );
    expect(project.edit({ ends: "float32" }).recipe).not.toHaveProperty("ends");
    project.aim("transformers.js").edit(HALVES);
    expect(() => project.assertTaken()).toThrow(
      "transformers.js feeds and reads float32; leave inputs and outputs in float32.",
    );
    expect(project.aim("ort-web").recipe.ends).toBeUndefined();
  });
});

describe("an input beyond the largest float16", () => {
  const far = ROWS.map((row, at) => (at === 0 ? row.map((value) => 40_000 * value) : row));

  it("that samples show stays float32, and is named", async () => {
    const { file, notices } = await written(await settled(HALVES, far, network(true)));
    expect(endsOf(file)).toEqual(["float32", "float16"]);
    expect(operators(file)[0]).toBe("Sigmoid");
    expect(notices.map(({ message }) => message)).toContain(
      "x stays float32, though float16 is asked for: samples show values near or above 65504 in it, and these would be infinite.",
    );
  });

  it("that only samples which judge show is said with the figures", async () => {
    const project = await settled(HALVES, ROWS, network(true));
    const beside = await project.openBeside(data(far.map((row) => row.map((value) => 2 * value))));
    const range = { skip: 0, samples: ROWS.length };
    const { notices } = await project.evaluate(range, 0.01, context, beside);
    const largest = far[0]!.reduce((most, value) => Math.max(most, 2 * value), 0);
    expect(notices[0]!.message).toBe(
      `The input x is float16 in the file, and 32 values in 1 of 6 samples, as far as ${largest} from 0, are infinite there, beyond 65504; leave inputs and outputs in float32, or calibrate on these samples.`,
    );
  });

  it("is not looked for without samples, which is said", async () => {
    const project = await openProject(network());
    project.edit(HALVES).resolve();
    const { notices } = await written(project);
    expect(notices.map(({ message }) => message).join()).toContain(
      "nobody looked for values above 65504 between layers, at inputs and at outputs",
    );
  });
});

describe("a file with inputs and outputs in float16 beside the float model", () => {
  it.each(["float16", "q4f16"] as const)(
    "gives the recipe of %s back, is judged and walked through",
    async (format) => {
      const project = await settled({ format, ends: "float16" });
      const { bytes } = await written(project);
      const other = await settled({ format: "qdq" });
      const source = { bytes, fileName: `net.${format}.onnx`, readBeside: async () => null };
      const { recovery } = await other.readBeside(source);
      expect(recovery.differences).toEqual([]);
      expect(recovery.recipe).toMatchObject({ format, ends: "float16" });
      const range = { skip: 0, samples: ROWS.length };
      const [beside, own] = [
        await other.evaluateBeside(range, 0.01, context),
        await project.evaluate(range, 0.01, context),
      ];
      expect(beside.outputs).toEqual(own.outputs);
      const { steps } = await other.walkBeside(4, context);
      expect(steps.map(({ layer }) => layer)).toContain("product");
    },
  );

  it("is told from one whose inputs and outputs are float32", async () => {
    const project = await settled({ format: "float16" });
    const { bytes } = await written(project);
    const source = { bytes, fileName: "net.float16.onnx", readBeside: async () => null };
    const { recovery } = await project.readBeside(source);
    expect(recovery.recipe).not.toHaveProperty("ends");
    expect(recovery.differences).toEqual([]);
  });
});

import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { rowsOf as rowsIn } from "../../studio/state/layers.ts";
import type { DataFile } from "../model/dataset.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Tensor } from "../model/tensor.ts";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import {
  AttributeProtoSchema,
  TensorProto_DataType as Code,
  GraphProtoSchema,
  type ModelProto,
  type NodeProto,
  AttributeProto_AttributeType as Type,
} from "../onnx/proto/onnx_pb.ts";
import { scalar } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise, portInfo } from "../onnx/testing/build.ts";
import type { Project } from "../project/index.ts";
import { context, openProject } from "./testing/openProject.ts";

const ENDS: Partial<Recipe> = { format: "float16", ends: "float16", seed: null };

type Row = Readonly<Record<string, unknown>>;

function data(rows: readonly Row[]): DataFile[] {
  const text = new TextEncoder().encode(rows.map((row) => JSON.stringify(row)).join("\n"));
  const read = async (start = 0, end = text.length) => text.slice(start, end);
  return [{ path: "rows.jsonl", size: text.length, read } as unknown as DataFile];
}

interface Case {
  readonly rows?: readonly Row[];
  readonly changes?: Partial<Recipe>;
  readonly state?: Record<string, string>;
}

async function open(model: ModelProto, { rows, changes = {}, state = {} }: Case = {}) {
  const project = await openProject(model, state);
  project.edit({ ...ENDS, ...changes });
  if (!rows) {
    project.resolve();
    return project;
  }
  await project.takeData(data(rows), null);
  await project.settle({ samples: rows.length }, context);
  return project;
}

async function keptIn(model: ModelProto, given: Case = {}) {
  const project = await open(model, given);
  const { quantized, notices } = await project.export({ evaluation: null, date: "2026-11-30T00:00:00.000Z" }, context);
  const { ends, keptEnds } = quantized.plan.half!;
  const told = notices.filter(({ message }) => message.includes("stays float32, though"));
  expect(told.map(({ subject }) => subject)).toEqual([...keptEnds.keys()]);
  const kept = Object.fromEntries([...keptEnds].map(([name, { code }]) => [name, code]));
  return { project, ends: [...ends], kept, told: told.map(({ message }) => message) };
}

async function sqnrOf(project: Project, rows: readonly Row[]) {
  const beside = await project.openBeside(data(rows));
  const { outputs } = await project.evaluate({ skip: 0, samples: rows.length }, 0.01, context, beside);
  return outputs.map(({ sqnr }) => sqnr ?? Number.POSITIVE_INFINITY);
}

const reasonIn = (project: Project, layer: string) =>
  project.summary.layers.find(({ id }) => id === layer)?.reason?.code;

const toInteger = (from: string, to: string) =>
  makeNode("Cast", [from], [to], { name: to, attributes: [intAttribute("to", Code.INT64)] });

function lookup(between: readonly NodeProto[] = [], read = "ids"): ModelProto {
  return buildModel({
    opset: 17,
    inputs: [floatInput("ids", [1, 4])],
    outputs: [floatInput("out", [1, 4, 8])],
    nodes: [
      ...between,
      toInteger(read, "whole"),
      makeNode("Gather", ["table", "whole"], ["e"], { name: "gather", attributes: [intAttribute("axis", 0)] }),
      makeNode("MatMul", ["e", "w"], ["out"], { name: "product" }),
    ],
    constants: { table: noise([5000, 16], 2), w: noise([16, 8], 3), two: scalar("float32", 2) },
  });
}

const IDS = Array.from({ length: 6 }, (_, i) => ({ ids: [[2101 + i, 3003 + 2 * i, 4005 + 2 * i, 4999 - 2 * i]] }));
const OTHERS = IDS.map(({ ids: [row] }) => ({ ids: [row!.map((id) => id - 100)] }));
const rowsOf = (scale: number, first = 1) =>
  Array.from({ length: 6 }, (_, i) => ({
    x: [[...(noise([32], i + first).data as Float32Array)].map((v) => v * scale)],
  }));

describe("an input that is read for its whole numbers", () => {
  it("stays float32 where a Cast to an integer reads it", async () => {
    const { project, kept, ends, told } = await keptIn(lookup(), { rows: IDS });
    expect(kept).toEqual({ ids: "counts" });
    expect(ends).toEqual(["out"]);
    expect(told[0]).toBe(
      "ids stays float32, though float16 is asked for: it holds whole numbers or sizes, which float16 holds exactly up to 2048 alone.",
    );
    expect((await sqnrOf(project, OTHERS))[0]).toBeGreaterThan(55);
  });

  it.each(["float16", "float32"] as const)("over layers that hand it on, which stay, too (ends %s)", async (ends) => {
    const between = [makeNode("Floor", ["ids"], ["floor"], { name: "floor" })];
    const project = await open(lookup(between, "floor"), { rows: IDS, changes: { ends } });
    expect(reasonIn(project, "floor")).toBe("counts");
    expect((await sqnrOf(project, OTHERS))[0]).toBeGreaterThan(55);
  });

  it("in graphs that layers hold", async () => {
    const body = (name: string, nodes: NodeProto[], output: string) =>
      create(AttributeProtoSchema, {
        name,
        type: Type.GRAPH,
        g: create(GraphProtoSchema, {
          name,
          node: nodes,
          output: [portInfo({ name: output, type: "int64", dims: [1, 4] })],
        }),
      });
    const model = buildModel({
      opset: 17,
      inputs: [floatInput("ids", [1, 4]), portInfo({ name: "flag", type: "bool", dims: [] })],
      outputs: [portInfo({ name: "whole", type: "int64", dims: [1, 4] }), floatInput("r", [1, 4])],
      nodes: [
        makeNode("If", ["flag"], ["whole"], {
          name: "if",
          attributes: [
            body("then_branch", [toInteger("ids", "a")], "a"),
            body("else_branch", [makeNode("Neg", ["ids"], ["n"], { name: "neg" }), toInteger("n", "b")], "b"),
          ],
        }),
        makeNode("Relu", ["ids"], ["r"], { name: "relu" }),
      ],
      constants: {},
    });
    const { kept, ends } = await keptIn(model);
    expect(kept).toEqual({ ids: "counts" });
    expect(ends).toEqual(["r"]);
  });
});

it("an output that layers count stays float32", async () => {
  const model = buildModel({
    opset: 17,
    inputs: [floatInput("x", [1, 32]), portInfo({ name: "ids", type: "int64", dims: [1] })],
    outputs: [floatInput("out", [1, 32]), floatInput("pos", [1])],
    nodes: [
      makeNode("Relu", ["x"], ["out"], { name: "relu" }),
      makeNode("Cast", ["ids"], ["f"], { name: "cast", attributes: [intAttribute("to", Code.FLOAT)] }),
      makeNode("Mul", ["f", "two"], ["pos"], { name: "twice" }),
    ],
    constants: { two: scalar("float32", 2) },
  });
  const { kept, ends } = await keptIn(model);
  expect(kept).toEqual({ pos: "counts" });
  expect(ends).toEqual(["x", "out"]);
});

const shape = (...dims: number[]): Tensor => ({
  type: "int64",
  dims: [dims.length],
  data: BigInt64Array.from(dims, BigInt),
});

function scaled(nodes: readonly NodeProto[], outputs: readonly string[]): ModelProto {
  return buildModel({
    opset: 17,
    inputs: [floatInput("x", [1, 32])],
    outputs: outputs.map((name) => floatInput(name, [1, 8])),
    nodes: [...nodes],
    constants: { w: noise([32, 8], 3), c: scalar("float32", 1e-9), split: shape(2, 16), joined: shape(1, 32) },
  });
}
const product = (read: string) => makeNode("MatMul", [read, "w"], ["l"], { name: "product" });
const relu = makeNode("Relu", ["l"], ["out"], { name: "relu" });

describe("ends with values too small for float16", () => {
  const divided = makeNode("Div", ["x", "c"], ["d"], { name: "div" });

  it("stay float32 where a layer with such a constant reads them, whatever keeps that layer in float", async () => {
    const model = scaled([divided, product("d"), relu], ["out"]);
    const rows = rowsOf(1e-9);
    const { project, kept } = await keptIn(model);
    expect(kept).toEqual({ x: "too-small" });
    const seen = await open(model, { rows });
    expect((await sqnrOf(seen, rowsOf(1e-9, 9)))[0]).toBeGreaterThan(55);
    project.leaveInFloat(["Div"]);
    const { quantized } = await project.export({ evaluation: null, date: "2026-11-30T00:00:00.000Z" }, context);
    expect([...quantized.plan.half!.keptEnds.keys()]).toEqual(["x"]);
  });

  it.each(["float16", "float32"] as const)("over layers that move them, which stay, too (ends %s)", async (ends) => {
    const moved = [
      makeNode("Reshape", ["x", "split"], ["m"], { name: "move" }),
      makeNode("Div", ["m", "c"], ["q"], { name: "div" }),
      makeNode("Reshape", ["q", "joined"], ["d"], { name: "back" }),
    ];
    const model = scaled([...moved, product("d"), relu], ["out"]);
    const project = await open(model, { rows: rowsOf(1e-9), changes: { ends } });
    const unseen = await open(model, { changes: { ends } });
    for (const each of [project, unseen]) expect(reasonIn(each, "move")).toBe("too-small");
    expect((await sqnrOf(project, rowsOf(1e-9, 9)))[0]).toBeGreaterThan(55);
  });

  it("stay float32 where such a layer makes them", async () => {
    const rows = rowsOf(1);
    const tiny = makeNode("Mul", ["out", "c"], ["tiny"], { name: "tiny" });
    const { project, kept, ends } = await keptIn(scaled([product("x"), relu, tiny], ["out", "tiny"]), { rows });
    expect(kept).toEqual({ tiny: "too-small" });
    expect(ends).toEqual(["x", "out"]);
    for (const sqnr of await sqnrOf(project, rowsOf(1, 9))) expect(sqnr).toBeGreaterThan(55);
  });

  it("stay float32 where samples show nothing else, with the layers at them", async () => {
    const rows = rowsOf(1e-7);
    const sigmoid = makeNode("Sigmoid", ["l"], ["half"], { name: "sigmoid" });
    const model = scaled([product("x"), relu, sigmoid], ["out", "half"]);
    const { project, kept, told } = await keptIn(model, { rows });
    expect(kept).toEqual({ x: "too-small", out: "too-small" });
    expect(told[0]).toContain("samples show no values as large as ");
    expect((await sqnrOf(project, rowsOf(1e-7, 9)))[0]).toBeGreaterThan(55);
  });
});

describe("both ends of a state", () => {
  const model = (gain: number) =>
    buildModel({
      opset: 17,
      inputs: [floatInput("x", [1, 8]), floatInput("h", [1, 8])],
      outputs: [floatInput("out", [1, 8]), floatInput("h2", [1, 8])],
      nodes: [
        makeNode("Mul", ["x", "gain"], ["far"], { name: "gain" }),
        makeNode("Add", ["far", "h"], ["h2"], { name: "add" }),
        makeNode("Tanh", ["x"], ["out"], { name: "tanh" }),
      ],
      constants: { gain: scalar("float32", gain) },
    });

  it("stay float32 where one does", async () => {
    const { kept, ends, told } = await keptIn(model(1e5), { state: { h: "h2" } });
    expect(kept).toEqual({ h: "state", h2: "too-large" });
    expect(ends).toEqual(["x", "out"]);
    expect(told[1]).toBe(
      "h stays float32, though float16 is asked for: it and h2 are one state, and h2 stays float32.",
    );
    expect((await keptIn(model(1e5))).kept).toEqual({ h2: "too-large" });
    expect((await keptIn(model(2), { state: { h: "h2" } })).kept).toEqual({});
    const float = { layers: [], operators: [], tensors: ["h"] };
    expect((await keptIn(model(2), { state: { h: "h2" }, changes: { float } })).kept).toEqual({
      h: "recipe",
      h2: "state",
    });
  });
});

it("an end that the recipe leaves in float stays float32", async () => {
  for (const name of ["x", "out"]) {
    const float = { layers: [], operators: [], tensors: [name] };
    const { kept, told } = await keptIn(scaled([product("x"), relu], ["out"]), { changes: { float } });
    expect(kept).toEqual({ [name]: "recipe" });
    expect(told).toEqual([`${name} stays float32, though float16 is asked for: the recipe leaves it in float.`]);
  }
});

it("an input that becomes float16 is shown so, one that is kept as float", async () => {
  for (const float of [
    { layers: [], operators: [], tensors: [] },
    { layers: [], operators: [], tensors: ["x"] },
  ]) {
    const project = await open(scaled([product("x"), relu], ["out"]), { changes: { float } });
    const row = rowsIn(project.summary, project.recipe).find(({ name }) => name === "x");
    const isKept = float.tensors.length > 0;
    expect(row?.precision).toBe(isKept ? "float32" : "float16");
    expect(row?.reason).toBe(isKept ? "stays in float" : null);
  }
});

it("an output that is infinite in float16 alone is told with the way out", async () => {
  const weights: Tensor = { type: "float32", dims: [32, 8], data: new Float32Array(256).fill(60_000) };
  const model = buildModel({
    opset: 17,
    inputs: [floatInput("x", [1, 32])],
    outputs: [floatInput("out", [1, 8])],
    nodes: [makeNode("MatMul", ["x", "w"], ["out"], { name: "product" })],
    constants: { w: weights },
  });
  const project = await open(model);
  const { notices } = await project.export({ evaluation: null, date: "2026-11-30T00:00:00.000Z" }, context);
  expect(notices.map(({ message }) => message).find((message) => message.includes("NaN or infinite"))).toMatch(
    /does not; leave inputs and outputs in float32, or give data\.$/,
  );
});

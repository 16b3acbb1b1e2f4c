import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { convertElements } from "../data/elements.ts";
import type { Tensor, TensorMap } from "../model/tensor.ts";
import { intAttribute, intsAttribute, makeNode, subgraphsOf } from "../onnx/attributes.ts";
import { withFields } from "../onnx/messages.ts";
import { allNodes } from "../onnx/opset.ts";
import { inputPorts, outputPorts } from "../onnx/ports.ts";
import {
  AttributeProtoSchema,
  TensorProto_DataType as Code,
  FunctionProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  TensorProtoSchema,
  AttributeProto_AttributeType as Type,
  type ValueInfoProto,
} from "../onnx/proto/onnx_pb.ts";
import { scalar, tensorProto, vector } from "../onnx/tensor.ts";
import { buildModel, graphAttribute, noise, portInfo } from "../onnx/testing/build.ts";
import { faultsOf } from "../onnx/testing/checker.ts";
import type { DataType } from "../values/elementTypes.ts";
import { graphOf, withGraph } from "./pass.ts";
import { raiseFloats } from "./raiseFloats.ts";
import { relativeDifference, run } from "./testing/native.ts";

const PADS = intsAttribute("pads", [1, 1, 1, 1]);
const port = (name: string, type: DataType, dims: readonly number[]) => portInfo({ name, type, dims });
const as = (type: DataType, tensor: Tensor): Tensor => ({
  ...tensor,
  type,
  data: convertElements(tensor.data, type, "a test").slice(),
});
const half = (tensor: Tensor) => as("float16", tensor);
const wide = (tensor: Tensor) => as("float64", tensor);
const cast = (from: string, to: string, type: Code) =>
  makeNode("Cast", [from], [to], { attributes: [intAttribute("to", type)] });
const body = (nodes: NodeProto[], input: ValueInfoProto[], output: ValueInfoProto[], initializer: TensorProto[] = []) =>
  create(GraphProtoSchema, { name: "body", node: nodes, input, output, initializer });

const operators = (model: ModelProto) => [...allNodes(graphOf(model))].map(({ opType }) => opType);
const bfloat = (name: string, { dims, data }: Tensor): TensorProto => {
  const bits = Uint16Array.from(new Uint32Array((data as Float32Array).slice().buffer), (word) => word >>> 16);
  return create(TensorProtoSchema, {
    name,
    dataType: Code.BFLOAT16,
    dims: dims.map(BigInt),
    rawData: new Uint8Array(bits.buffer),
  });
};
const truncated = (tensor: Tensor): Tensor => {
  const words = new Uint32Array((tensor.data as Float32Array).slice().buffer).map((word) => word & 0xffff0000);
  return { ...tensor, data: new Float32Array(words.buffer) };
};
/** Whatever of a type is left in a graph. */
function left(graph: GraphProto, type: Code): string[] {
  const of = (info: ValueInfoProto) =>
    info.type?.value.case === "tensorType" && info.type.value.value.elemType === type ? [info.name] : [];
  return [
    ...graph.initializer.filter(({ dataType }) => dataType === type).map(({ name }) => name),
    ...[...graph.input, ...graph.valueInfo, ...graph.output].flatMap(of),
    ...graph.node.flatMap((node) => [
      ...node.attribute.filter(({ t }) => t?.dataType === type).map(() => node.output[0] ?? ""),
      ...subgraphsOf(node).flatMap((inner) => left(inner, type)),
    ]),
  ];
}

/** Both run, the raised model as the one given, and differ by no more than a share of the largest value. */
async function alike(model: ModelProto, raised: ModelProto, feeds: TensorMap, share: number): Promise<TensorMap> {
  const [before, after] = [await run(model, feeds), await run(raised, feeds)];
  const numbers = ({ type, dims, data }: Tensor): Tensor =>
    type === "float16"
      ? { type: "float32", dims, data: Float32Array.from(data as Uint16Array, halfValue) }
      : { type, dims, data };
  for (const [name, tensor] of before) {
    expect(after.get(name)?.type).toBe(tensor.type);
    expect(relativeDifference(numbers(tensor), numbers(after.get(name)!)), name).toBeLessThanOrEqual(share);
  }
  return after;
}
const halfValue = (bits: number) => {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
};

const weights = { w: half(noise([4, 3, 3, 3], 1)), v: half(noise([2, 4, 3, 3], 2)) };
const convs = (from: string, to: string) => [
  makeNode("Conv", [from, "w"], ["c"], { attributes: [PADS] }),
  makeNode("Relu", ["c"], ["r"]),
  makeNode("Conv", ["r", "v"], [to], { attributes: [PADS] }),
];
const picture = new Map([["x", noise([1, 3, 6, 6], 3)]]);

describe("float16", () => {
  test("between Casts, as converters leave it where the ends stay float32: no Cast is left, and names stay", async () => {
    const model = buildModel({
      opset: 13,
      inputs: [port("x", "float32", [1, 3, 6, 6])],
      outputs: [port("y", "float32", [1, 2, 6, 6])],
      nodes: [cast("x", "x16", Code.FLOAT16), ...convs("x16", "y16"), cast("y16", "y", Code.FLOAT)],
      constants: weights,
    });
    const { model: raised, changes, notices } = raiseFloats(model);
    expect(operators(raised)).toEqual(["Conv", "Relu", "Conv"]);
    expect(left(graphOf(raised), Code.FLOAT16)).toEqual([]);
    expect([inputPorts(raised), outputPorts(raised)]).toEqual([inputPorts(model), outputPorts(model)]);
    await alike(model, raised, picture, 3e-3);
    expect(changes.map(({ count, noun }) => `${count} ${noun}`)).toEqual(["2 float16 constant", "2 Cast layer"]);
    expect(notices.map(({ kind, subject }) => [kind, subject])).toEqual([["warning", "float16"]]);
    expect(faultsOf(raised)).toEqual([]);
  });

  test("throughout: the ends keep their type, with a Cast at each", async () => {
    const model = buildModel({
      opset: 13,
      inputs: [port("x", "float16", [1, 3, 6, 6])],
      outputs: [port("y", "float16", [1, 2, 6, 6])],
      nodes: convs("x", "y"),
      constants: weights,
    });
    const { model: raised } = raiseFloats(model);
    expect(operators(raised)).toEqual(["Cast", "Conv", "Relu", "Conv", "Cast"]);
    expect([inputPorts(raised), outputPorts(raised)]).toEqual([inputPorts(model), outputPorts(model)]);
    await alike(model, raised, new Map([["x", half(noise([1, 3, 6, 6], 3))]]), 3e-3);
    expect(faultsOf(raised)).toEqual([]);
  });

  test("mixed with float32: the pairs of Casts between go, whatever reads what lies between", async () => {
    const model = buildModel({
      opset: 13,
      inputs: [port("x", "float32", [1, 3, 6, 6])],
      outputs: [
        port("y", "float32", [1, 2, 6, 6]),
        port("s", "float32", [1, 4, 6, 6]),
        port("h", "float16", [1, 4, 6, 6]),
      ],
      nodes: [
        cast("x", "x16", Code.FLOAT16),
        makeNode("Conv", ["x16", "w"], ["c16"], { attributes: [PADS] }),
        cast("c16", "c", Code.FLOAT),
        makeNode("Sigmoid", ["c"], ["s"]),
        cast("s", "h", Code.FLOAT16),
        makeNode("Mul", ["c16", "h"], ["m16"]),
        makeNode("Conv", ["m16", "v"], ["y16"], { attributes: [PADS] }),
        cast("y16", "y", Code.FLOAT),
      ],
      constants: weights,
    });
    const { model: raised } = raiseFloats(model);
    const casts = [...allNodes(graphOf(raised))].filter(({ opType }) => opType === "Cast");
    expect(casts.map(({ output }) => output)).toEqual([["h.float32"], ["h"]]);
    expect(outputPorts(raised)).toEqual(outputPorts(model));
    await alike(model, raised, picture, 3e-3);
    expect(faultsOf(raised)).toEqual([]);
  });

  test("Casts of integers and truth values stay, and so does one that makes an output of an input", async () => {
    const model = buildModel({
      opset: 13,
      inputs: [port("ids", "int64", [1, 4]), port("x", "float32", [1, 4])],
      outputs: [port("y", "float32", [1, 4]), port("z", "float16", [1, 4]), port("same", "float32", [1, 4])],
      nodes: [
        cast("ids", "i16", Code.FLOAT16),
        cast("x", "x16", Code.FLOAT16),
        makeNode("Less", ["i16", "x16"], ["less"]),
        cast("less", "l16", Code.FLOAT16),
        makeNode("Add", ["l16", "i16"], ["sum"]),
        cast("sum", "y", Code.FLOAT),
        cast("x", "z", Code.FLOAT16),
        cast("x", "same", Code.FLOAT),
      ],
    });
    const { model: raised } = raiseFloats(model);
    await alike(
      model,
      raised,
      new Map([
        ["ids", { ...vector("int64", [0, 1, 2, 3]), dims: [1, 4] }],
        ["x", noise([1, 4], 5)],
      ]),
      1e-3,
    );
    expect(faultsOf(raised)).toEqual([]);
  });

  test("bounds, infinities, NaN and subnormals are what they were", async () => {
    const odd: Tensor = { type: "float16", dims: [5], data: Uint16Array.of(0x7c00, 0xfc00, 0x7e00, 0x0001, 0x8000) };
    const model = buildModel({
      opset: 13,
      inputs: [port("x", "float16", [5])],
      outputs: [port("y", "float16", [5]), port("k", "float16", [5])],
      nodes: [makeNode("Clip", ["x", "low", "high"], ["y"]), makeNode("Identity", ["odd"], ["k"])],
      constants: { low: half(scalar("float32", -0.5)), high: half(scalar("float32", 0.25)), odd },
    });
    const { model: raised } = raiseFloats(model);
    const feeds = new Map([
      ["x", half({ type: "float32", dims: [5], data: Float32Array.of(-1, -0.25, 0, 0.3, 60000) })],
    ]);
    const [before, after] = [await run(model, feeds), await run(raised, feeds)];
    expect(after).toEqual(before);
  });

  test("where the standard wants float32 and an exporter wrote float16, as in the scales of Resize", async () => {
    const model = buildModel({
      opset: 13,
      inputs: [port("x", "float16", [1, 1, 2, 2])],
      outputs: [port("y", "float16", [1, 1, 4, 4])],
      nodes: [makeNode("Resize", ["x", "roi", "scales"], ["y"])],
      constants: {
        roi: { type: "float16", dims: [0], data: new Uint16Array(0) },
        scales: half({ type: "float32", dims: [4], data: Float32Array.of(1, 1, 2, 2) }),
      },
    });
    await expect(run(model, new Map([["x", half(noise([1, 1, 2, 2], 1))]]))).rejects.toThrow();
    const made = await run(raiseFloats(model).model, new Map([["x", half(noise([1, 1, 2, 2], 1))]]));
    expect(made.get("y")?.dims).toEqual([1, 1, 4, 4]);
  });

  test("in the body of a Loop, with what it carries and what it reads from outside", async () => {
    const inner = body(
      [
        makeNode("Conv", ["carried", "w8"], ["made"], { attributes: [PADS] }),
        cast("made", "made32", Code.FLOAT),
        makeNode("Tanh", ["made32"], ["t32"]),
        cast("t32", "next", Code.FLOAT16),
        makeNode("Identity", ["go"], ["again"]),
      ],
      [port("i", "int64", []), port("go", "bool", []), port("carried", "float16", [1, 3, 6, 6])],
      [port("again", "bool", []), port("next", "float16", [1, 3, 6, 6])],
    );
    const model = buildModel({
      opset: 13,
      inputs: [port("x", "float32", [1, 3, 6, 6])],
      outputs: [port("y", "float32", [1, 3, 6, 6])],
      nodes: [
        cast("x", "x16", Code.FLOAT16),
        makeNode("Loop", ["times", "start", "x16"], ["y16"], { attributes: [graphAttribute("body", inner)] }),
        cast("y16", "y", Code.FLOAT),
      ],
      constants: { w8: half(noise([3, 3, 3, 3], 7)), times: scalar("int64", 3), start: scalar("bool", 1) },
    });
    const { model: raised } = raiseFloats(model);
    expect(operators(raised).sort()).toEqual(["Conv", "Identity", "Loop", "Tanh"]);
    await alike(model, raised, picture, 1e-2);
    expect(faultsOf(raised)).toEqual([]);
  });

  test("in the branches of an If, which may use one name for two types", async () => {
    const branch = (type: Code) =>
      body([cast("x16", "b", type), cast("b", `out${type}`, Code.FLOAT)], [], [port(`out${type}`, "float32", [1, 4])]);
    const model = buildModel({
      opset: 13,
      inputs: [port("x", "float32", [1, 4]), port("which", "bool", [])],
      outputs: [port("y", "float32", [1, 4])],
      nodes: [
        cast("x", "x16", Code.FLOAT16),
        makeNode("If", ["which"], ["y"], {
          attributes: [
            graphAttribute("then_branch", branch(Code.FLOAT16)),
            graphAttribute("else_branch", branch(Code.INT32)),
          ],
        }),
      ],
    });
    const { model: raised } = raiseFloats(model);
    const x: Tensor = { type: "float32", dims: [1, 4], data: Float32Array.of(0.5, -2.25, 3, 8) };
    for (const which of [0, 1])
      await alike(
        model,
        raised,
        new Map([
          ["x", x],
          ["which", scalar("bool", which)],
        ]),
        0,
      );
    expect(faultsOf(raised)).toEqual([]);
  });

  test("in Constants, filled shapes and an output that is a constant", async () => {
    const made = (name: string, value: Tensor, node: (t: TensorProto) => NodeProto) => node(tensorProto(name, value));
    const value = (t: TensorProto) => create(AttributeProtoSchema, { name: "value", type: Type.TENSOR, t });
    const model = buildModel({
      opset: 13,
      inputs: [port("x", "float16", [2])],
      outputs: [port("y", "float16", [2]), port("k", "float16", [2])],
      nodes: [
        made("", half(vector("float32", [0.5, 4])), (t) => makeNode("Constant", [], ["c"], { attributes: [value(t)] })),
        made("", half(vector("float32", [3])), (t) =>
          makeNode("ConstantOfShape", ["two"], ["d"], { attributes: [value(t)] }),
        ),
        makeNode("Mul", ["x", "c"], ["m"]),
        makeNode("Add", ["m", "d"], ["y"]),
      ],
      constants: {
        two: vector("int64", [2]),
        k: half(vector("float32", [1, 2])),
      },
    });
    const { model: raised } = raiseFloats(model);
    await alike(model, raised, new Map([["x", half(vector("float32", [1, 2]))]]), 0);
    expect(faultsOf(raised)).toEqual([]);
  });

  test("as the type that a layer is told to make, which ONNX Runtime need not know there", async () => {
    const model = buildModel({
      opset: 13,
      inputs: [port("x", "int32", [2, 2])],
      outputs: [port("y", "float16", [2, 2])],
      nodes: [makeNode("EyeLike", ["x"], ["y"], { attributes: [intAttribute("dtype", Code.FLOAT16)] })],
    });
    const made = await run(
      raiseFloats(model).model,
      new Map([["x", { type: "int32", dims: [2, 2], data: new Int32Array(4) }]]),
    );
    expect(made.get("y")).toEqual({ type: "float16", dims: [2, 2], data: Uint16Array.of(0x3c00, 0, 0, 0x3c00) });
  });

  test("in local functions", async () => {
    const halving = create(FunctionProtoSchema, {
      domain: "mine",
      name: "Halve",
      input: ["a"],
      output: ["b"],
      opsetImport: [{ domain: "", version: 13n }],
      node: [
        makeNode("Constant", [], ["k"], {
          attributes: [
            create(AttributeProtoSchema, {
              name: "value",
              type: Type.TENSOR,
              t: tensorProto("", half(vector("float32", [0.5]))),
            }),
          ],
        }),
        makeNode("Mul", ["a", "k"], ["b"]),
      ],
    });
    const model = withFields(
      buildModel({
        opset: 13,
        inputs: [port("x", "float16", [3])],
        outputs: [port("y", "float16", [3])],
        nodes: [makeNode("Halve", ["x"], ["y"], { domain: "mine" })],
      }),
      { functions: [halving] },
    );
    const calling = withFields(model, {
      irVersion: 8n,
      opsetImport: [...model.opsetImport, { ...model.opsetImport[0]!, domain: "mine", version: 1n }],
    });
    await alike(calling, raiseFloats(calling).model, new Map([["x", half(vector("float32", [1, -3, 8]))]]), 0);
  });

  test("of constants that are listed among the inputs, as old exporters do", async () => {
    const model = buildModel({
      opset: 13,
      inputs: [port("x", "float16", [1, 3, 6, 6]), port("w", "float16", [4, 3, 3, 3])],
      outputs: [port("y", "float16", [1, 2, 6, 6])],
      nodes: convs("x", "y"),
      constants: weights,
    });
    await alike(model, raiseFloats(model).model, new Map([["x", half(noise([1, 3, 6, 6], 3))]]), 3e-3);
  });

  test("an output that is an input, and nodes in no order", async () => {
    const model = buildModel({
      opset: 13,
      inputs: [port("x", "float16", [1, 3, 6, 6])],
      outputs: [port("x", "float16", [1, 3, 6, 6]), port("y", "float16", [1, 2, 6, 6])],
      nodes: convs("x", "y").reverse(),
      constants: weights,
    });
    const { model: raised } = raiseFloats(model);
    expect([inputPorts(raised), outputPorts(raised)]).toEqual([inputPorts(model), outputPorts(model)]);
    const made = await run(raised, new Map([["x", half(noise([1, 3, 6, 6], 3))]]));
    expect([...made.keys()]).toEqual(["x", "y"]);
  });
});

describe("bfloat16", () => {
  const kernel = noise([4, 3, 3, 3], 1);

  test("weights that are cast to float32 become float32 weights", async () => {
    const model = buildModel({
      opset: 13,
      inputs: [port("x", "float32", [1, 3, 6, 6])],
      outputs: [port("y", "float32", [1, 4, 6, 6])],
      nodes: [cast("w", "w32", Code.FLOAT), makeNode("Conv", ["x", "w32"], ["y"], { attributes: [PADS] })],
    });
    const given = withGraph(model, { initializer: [bfloat("w", kernel)] });
    const expected = withGraph(model, {
      initializer: [tensorProto("w32", truncated(kernel))],
      node: graphOf(model).node.slice(1),
    });
    const { model: raised } = raiseFloats(given);
    expect(operators(raised)).toEqual(["Conv"]);
    await alike(expected, raised, picture, 0);
    expect(faultsOf(raised)).toEqual([]);
  });

  test("inputs and outputs become float32, and it is said", async () => {
    const model = buildModel({
      opset: 13,
      inputs: [port("x", "float32", [1, 3, 6, 6])],
      outputs: [port("y", "float32", [1, 4, 6, 6])],
      nodes: [makeNode("Conv", ["x", "w"], ["y"], { attributes: [PADS] })],
    });
    const typed = (info: ValueInfoProto) => {
      const value = info.type!.value;
      if (value.case !== "tensorType") return info;
      const tensor = withFields(value.value, { elemType: Code.BFLOAT16 });
      return withFields(info, { type: withFields(info.type!, { value: { case: "tensorType", value: tensor } }) });
    };
    const graph = graphOf(model);
    const given = withGraph(model, {
      input: graph.input.map(typed),
      output: graph.output.map(typed),
      initializer: [bfloat("w", kernel)],
    });
    const { model: raised, notices } = raiseFloats(given);
    expect([inputPorts(raised), outputPorts(raised)]).toEqual([inputPorts(model), outputPorts(model)]);
    expect(notices.map(({ subject }) => subject)).toEqual(["bfloat16", "x", "y"]);
    await alike(withGraph(model, { initializer: [tensorProto("w", truncated(kernel))] }), raised, picture, 0);
  });
});

describe("float64", () => {
  const gemms = (constants: Readonly<Record<string, Tensor>>) =>
    buildModel({
      opset: 13,
      inputs: [port("x", "float64", [1, 8])],
      outputs: [port("y", "float64", [1, 3]), port("class", "int64", [1])],
      nodes: [
        makeNode("Sub", ["x", "mean"], ["centred"]),
        makeNode("Gemm", ["centred", "w", "b"], ["hidden"]),
        makeNode("Relu", ["hidden"], ["r"]),
        makeNode("MatMul", ["r", "v"], ["y"]),
        makeNode("ArgMax", ["y"], ["class"], { attributes: [intAttribute("axis", 1), intAttribute("keepdims", 0)] }),
      ],
      constants,
    });
  const parts = { mean: noise([8], 1), w: noise([8, 5], 2), b: noise([5], 3), v: noise([5, 3], 4) };
  const doubles = Object.fromEntries(Object.entries(parts).map(([name, tensor]) => [name, wide(tensor)]));
  const feeds = new Map([["x", wide(noise([1, 8], 9))]]);

  test("that layers with weights compute in becomes float32, with a Cast at each end", async () => {
    const model = gemms(doubles);
    const { model: raised, notices } = raiseFloats(model);
    expect(left(graphOf(raised), Code.DOUBLE)).toEqual(["x", "y"]);
    await alike(model, raised, feeds, 1e-6);
    expect(notices.map(({ subject }) => subject)).toEqual(["float64"]);
    expect(faultsOf(raised)).toEqual([]);
  });

  test("beside float32 layers stays, as shapes and positions are computed in it", () => {
    const model = buildModel({
      opset: 13,
      inputs: [port("x", "float32", [1, 3, 6, 6])],
      outputs: [port("y", "float32", [1, 4, 6, 6]), port("half", "int64", [4])],
      nodes: [
        makeNode("Conv", ["x", "w"], ["y"], { attributes: [PADS] }),
        makeNode("Shape", ["y"], ["shape"]),
        cast("shape", "wide", Code.DOUBLE),
        makeNode("Mul", ["wide", "factor"], ["scaled"]),
        makeNode("Floor", ["scaled"], ["floor"]),
        cast("floor", "half", Code.INT64),
      ],
      constants: { w: noise([4, 3, 3, 3], 1), factor: { type: "float64", dims: [], data: Float64Array.of(0.7) } },
    });
    expect(raiseFloats(model)).toEqual({ model, changes: [], notices: [] });
  });

  test("beside float64 layers stays too where no layer is bound to it", async () => {
    const model = buildModel({
      opset: 13,
      inputs: [port("x", "float64", [1, 8])],
      outputs: [port("y", "float64", [1, 3]), port("size", "int64", [2])],
      nodes: [
        makeNode("MatMul", ["x", "w"], ["y"]),
        makeNode("Shape", ["x"], ["shape"]),
        cast("shape", "wide", Code.DOUBLE),
        makeNode("Mul", ["wide", "factor"], ["scaled"]),
        cast("scaled", "size", Code.INT64),
      ],
      constants: {
        w: wide(noise([8, 3], 1)),
        factor: { type: "float64", dims: [], data: Float64Array.of(1 + 2 ** -50) },
      },
    });
    const { model: raised } = raiseFloats(model);
    expect(left(graphOf(raised), Code.DOUBLE)).toEqual(["factor", "x", "y"]);
    await alike(model, raised, feeds, 1e-6);
  });

  test("that float32 does not hold is said, in numbers of values", () => {
    const mean = Float64Array.of(1e300, -1e300, 1e-300, 16777217, 0.1, 0, Number.POSITIVE_INFINITY, 2 ** 60);
    const model = gemms({ ...doubles, mean: { type: "float64", dims: [8], data: mean } });
    const { notices } = raiseFloats(model);
    expect(notices).toHaveLength(2);
    expect(notices[1]).toMatchObject({ kind: "warning", subject: "float64" });
    expect(notices[1]!.message).toContain("2 values infinite, 1 value 0, 1 integer above 2^24 another integer");
  });
});

test("a tensor with fewer elements than its shape asks for is refused by name", () => {
  const model = buildModel({ opset: 13, outputs: ["y"], nodes: [makeNode("Identity", ["k"], ["y"])] });
  const short = withFields(tensorProto("k", half(vector("float32", [1]))), { dims: [2n] });
  expect(() => raiseFloats(withGraph(model, { initializer: [short] }))).toThrow(/Tensor "k" does not hold/);
});

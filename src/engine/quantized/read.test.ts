import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import type { Tensor } from "../model/tensor.ts";
import { intAttribute, makeNode, tensorAttribute } from "../onnx/attributes.ts";
import { withFields } from "../onnx/messages.ts";
import { RUNTIME_DOMAIN } from "../onnx/opset.ts";
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  TensorProto_DataType as Code,
  type GraphProto,
  type NodeProto,
  TensorProtoSchema,
} from "../onnx/proto/onnx_pb.ts";
import { codesProto, scalar, tensorProto, vector } from "../onnx/tensor.ts";
import { buildModel, floatInput } from "../onnx/testing/build.ts";
import { halfBits } from "../values/halfFloats.ts";
import { biasValues } from "./bias.ts";
import { valuesOf } from "./constant.ts";
import { describeLayer, readGraph } from "./read.ts";

const domain = RUNTIME_DOMAIN;
const bytes = (dims: number[], data: number[]): Tensor => ({ type: "int8", dims, data: Int8Array.from(data) });
const unsigned = (dims: number[], data: number[]): Tensor => ({ type: "uint8", dims, data: Uint8Array.from(data) });

const vectors = (dims: number[], data: number[]): Tensor => ({ type: "float32", dims, data: Float32Array.from(data) });

/** A graph as a tool writes it, from x to y. */
function graphOf(nodes: NodeProto[], constants: Record<string, Tensor>): GraphProto {
  return buildModel({ opset: 13, inputs: [floatInput("x", [1, 2])], outputs: ["y"], nodes, constants }).graph!;
}

function lone(graph: GraphProto) {
  const { layers, notices } = readGraph(graph);
  return { layer: layers[0]!, layers, notices };
}

describe("a quantized graph", () => {
  it("is read in pairs around a MatMul, as ONNX Runtime's tool writes it: ranges, and a weight a channel", () => {
    const { layer, layers, notices } = lone(
      graphOf(
        [
          makeNode("DequantizeLinear", ["w_quantized", "w_scale", "w_zero_point"], ["w_DequantizeLinear_Output"], {
            attributes: [intAttribute("axis", 1)],
          }),
          makeNode("QuantizeLinear", ["x", "x_scale", "x_zero_point"], ["x_QuantizeLinear_Output"]),
          makeNode(
            "DequantizeLinear",
            ["x_QuantizeLinear_Output", "x_scale", "x_zero_point"],
            ["x_DequantizeLinear_Output"],
          ),
          makeNode("MatMul", ["x_DequantizeLinear_Output", "w_DequantizeLinear_Output"], ["y_QuantizeLinear_Input"], {
            name: "product",
          }),
          makeNode(
            "QuantizeLinear",
            ["y_QuantizeLinear_Input", "y_scale", "y_zero_point"],
            ["y_QuantizeLinear_Output"],
          ),
          makeNode("DequantizeLinear", ["y_QuantizeLinear_Output", "y_scale", "y_zero_point"], ["y"]),
        ],
        {
          ...{ w_quantized: bytes([2, 2], [127, -3, 5, 64]), w_scale: vector("float32", [0.5, 0.25]) },
          ...{ w_zero_point: bytes([2], [0, 0]), x_scale: scalar("float32", 0.5), x_zero_point: scalar("uint8", 10) },
          ...{ y_scale: scalar("float32", 2), y_zero_point: scalar("int8", -128) },
        },
      ),
    );
    expect(notices).toEqual([]);
    expect(layers).toHaveLength(1);
    expect(layer).toMatchObject({ id: "product", operator: "MatMul", form: "qdq" });
    expect(layer.reads).toEqual([
      { tensor: "x", type: "uint8", scale: 0.5, zeroPoint: 10, range: { low: -5, high: 122.5 }, isDynamic: false },
    ]);
    const [made] = layer.makes;
    expect(made!.activation).toMatchObject({ type: "int8", range: { low: 0, high: 510 } });
    expect(made!.names).toContain("y");
    expect(made!.values).toBe("y");
    expect([...valuesOf(layer.weights[0]!)]).toEqual([63.5, -0.75, 2.5, 16]);
    const { codes, ...constant } = describeLayer(layer).weights[0]!;
    expect(constant).toMatchObject({ name: "w_quantized", type: "int8", axis: 1, block: null, zeroPoints: null });
    expect(codes).toMatchObject({
      low: -128,
      high: 127,
      least: -3,
      greatest: 127,
      distinct: 4,
      atEnds: 0.25,
      width: 1,
    });
    expect(codes!.counts.reduce((sum, count) => sum + count, 0)).toBe(4);
  });

  it("is read on codes: operators of their own, what moves codes, and a weight of uint8", () => {
    const { layers, notices } = lone(
      graphOf(
        [
          makeNode("QuantizeLinear", ["x", "s", "z"], ["x_quantized"]),
          makeNode("QGemm", ["x_quantized", "s", "z", "w_quantized", "ws", "wz", "", "s", "z"], ["h_quantized"], {
            name: "fc_quant",
            domain,
            attributes: [intAttribute("transB", 1)],
          }),
          makeNode("Flatten", ["h_quantized"], ["f_quantized"], { name: "flat" }),
          makeNode("QLinearConcat", ["s2", "z", "f_quantized", "s", "z", "h_quantized", "s", "z"], ["y_quantized"], {
            name: "join",
            domain,
          }),
          makeNode("DequantizeLinear", ["y_quantized", "s2", "z"], ["y"]),
        ],
        {
          ...{ s: scalar("float32", 0.5), s2: scalar("float32", 1), z: scalar("uint8", 0) },
          ...{
            w_quantized: unsigned([2, 2], [130, 126, 128, 255]),
            ws: scalar("float32", 0.5),
            wz: scalar("uint8", 128),
          },
        },
      ),
    );
    expect(notices).toEqual([]);
    expect(layers.map(({ operator, written, form }) => [operator, written, form])).toEqual([
      ["Gemm", "QGemm", "qoperator"],
      ["Flatten", "Flatten", "qoperator"],
      ["Concat", "QLinearConcat", "qoperator"],
    ]);
    expect([...valuesOf(layers[0]!.weights[0]!)]).toEqual([1, -1, 0, 63.5]);
    expect(layers.map(({ makes }) => makes[0]!.activation.tensor)).toEqual(["h", "f", "y"]);
    expect(layers[1]!.makes[0]).toMatchObject({
      values: null,
      codes: ["f_quantized", "s", "z"],
      activation: { scale: 0.5 },
    });
    expect(layers[2]!.reads.map(({ tensor, scale }) => [tensor, scale])).toEqual([
      ["f", 0.5],
      ["h", 0.5],
    ]);
  });

  it("is read with scales found at run time: the scale of the weight among the factors of its sums", () => {
    const { layers, notices } = lone(
      graphOf(
        [
          makeNode("DynamicQuantizeLinear", ["x"], ["x_quantized", "x_scale", "x_zero_point"]),
          makeNode("MatMulInteger", ["x_quantized", "w_quantized", "x_zero_point", "wz"], ["sums"], {
            name: "product_quant",
          }),
          makeNode("Mul", ["x_scale", "ws"], ["both"]),
          makeNode("Cast", ["sums"], ["cast"], { attributes: [intAttribute("to", 1)] }),
          makeNode("Mul", ["cast", "both"], ["product"]),
          makeNode("Add", ["product", "b"], ["y"], { name: "bias" }),
        ],
        {
          ...{ w_quantized: bytes([2, 2], [1, 2, 3, 4]), wz: bytes([2], [0, 1]), ws: vector("float32", [1, 10]) },
          b: vector("float32", [0, 0]),
        },
      ),
    );
    expect(notices).toEqual([]);
    expect(layers.map(({ id, form }) => [id, form])).toEqual([
      ["product_quant", "dynamic"],
      ["bias", "float"],
    ]);
    expect([...valuesOf(layers[0]!.weights[0]!)]).toEqual([1, 10, 3, 30]);
    expect(layers[0]!.reads).toEqual([
      { tensor: "x", type: "uint8", scale: null, zeroPoint: null, range: null, isDynamic: true },
    ]);
    expect(layers[0]!.makes[0]!.values).toBe("product");
  });

  it("is read in packed blocks: MatMulNBits by columns, with zero points and a short last block, and GatherBlockQuantized", () => {
    const size = [intAttribute("K", 3), intAttribute("N", 2), intAttribute("bits", 4), intAttribute("block_size", 2)];
    const { layers, notices } = lone(
      graphOf(
        [
          makeNode("MatMulNBits", ["x", "w_Q4", "w_scales", "w_zero_points"], ["y"], {
            name: "product_Q4",
            domain,
            attributes: size,
          }),
          makeNode("GatherBlockQuantized", ["table", "x", "ts"], ["t"], {
            domain,
            name: "look",
            attributes: [intAttribute("block_size", 2), intAttribute("quantize_axis", 1), intAttribute("bits", 4)],
          }),
        ],
        {
          // Codes 1 2 | 3 and 9 8 | 15, two to a byte, the first lower; zero points 1, 2 and 8, 0.
          ...{ w_Q4: unsigned([2, 2, 1], [0x21, 0x03, 0x89, 0x0f]), w_scales: vector("float32", [1, 10, 2, 20]) },
          ...{ w_zero_points: unsigned([2, 1], [0x21, 0x08]), table: unsigned([2, 1], [0x98, 0x0f]) },
          ...{ ts: { type: "float32", dims: [2, 1], data: Float32Array.of(1, 2) } },
        },
      ),
    );
    expect(notices).toEqual([]);
    expect(layers.map(({ operator, form }) => [operator, form])).toEqual([
      ["MatMul", "weights"],
      ["Gather", "weights"],
    ]);
    expect(layers[0]!.weights[0]).toMatchObject({ type: "uint4", dims: [3, 2], block: { axis: 0, size: 2 } });
    expect([...valuesOf(layers[0]!.weights[0]!)]).toEqual([0, 2, 1, 0, 10, 300]);
    expect([...valuesOf(layers[1]!.weights[0]!)]).toEqual([0, 1, 14, -16]);
  });

  it("is read of int4 in blocks, of a weight that is rounded when the model is loaded, and of float16", () => {
    const nodes = [
      makeNode("DequantizeLinear", ["w4", "w4s"], ["a"], {
        attributes: [intAttribute("axis", 0), intAttribute("block_size", 2)],
      }),
      makeNode("MatMul", ["x", "a"], ["h"], { name: "four" }),
      makeNode("QuantizeLinear", ["w", "s", "z"], ["q"]),
      makeNode("DequantizeLinear", ["q", "s", "z"], ["d"]),
      makeNode("MatMul", ["h", "d"], ["h2"], { name: "at load" }),
      makeNode("Cast", ["w16"], ["w32"], { attributes: [intAttribute("to", 1)] }),
      makeNode("MatMul", ["h2", "w32"], ["y"], { name: "half" }),
    ];
    const graph = graphOf(nodes, {
      ...{ w4s: { type: "float32", dims: [1, 2], data: Float32Array.of(0.5, 2) }, s: scalar("float32", 0.5) },
      ...{ w: { type: "float32", dims: [2, 2], data: Float32Array.of(0.6, -90, 0.25, 1) }, z: scalar("int8", 0) },
      w16: { type: "float16", dims: [2, 2], data: halfBits(Float32Array.of(1, 2, -0.5, 4))! },
    });
    const packed = codesProto("w4", { type: "int4", dims: [2, 2], data: Int8Array.of(-8, 7, 1, -1) });
    const { layers, notices } = readGraph(withFields(graph, { initializer: [...graph.initializer, packed] }));
    expect(notices).toEqual([]);
    expect(layers.map(({ id, form }) => [id, form])).toEqual([
      ["four", "weights"],
      ["at load", "weights"],
      ["half", "float16"],
    ]);
    expect(layers.map(({ weights }) => [...valuesOf(weights[0]!)])).toEqual([
      [-4, 14, 0.5, -2],
      [0.5, -64, 0, 1],
      [1, 2, -0.5, 4],
    ]);
  });

  it("is read of a float weight in another shape that is rounded when the model is loaded, on codes too", () => {
    const nodes = [
      makeNode("Reshape", ["w", "shape"], ["w_reshaped"]),
      makeNode("QuantizeLinear", ["w_reshaped", "ws", "wz"], ["w_quantized"]),
      makeNode("DequantizeLinear", ["w_quantized", "ws", "wz"], ["w_dequantized"]),
      makeNode("MatMul", ["x", "w_dequantized"], ["h"], { name: "pairs" }),
      makeNode("QuantizeLinear", ["h", "s", "z"], ["h_quantized"]),
      makeNode("QLinearMatMul", ["h_quantized", "s", "z", "w_quantized", "ws", "wz", "s", "z"], ["y_quantized"], {
        name: "codes",
      }),
      makeNode("DequantizeLinear", ["y_quantized", "s", "z"], ["y"]),
    ];
    const { layers, notices } = lone(
      graphOf(nodes, {
        ...{ w: { type: "float32", dims: [4], data: Float32Array.of(1, 0.6, -2, 0) } },
        ...{ shape: { type: "int64", dims: [2], data: BigInt64Array.of(2n, -1n) }, wz: scalar("int8", 0) },
        ...{ ws: scalar("float32", 0.5), s: scalar("float32", 1), z: scalar("uint8", 0) },
      }),
    );
    expect(notices).toEqual([]);
    expect(layers.map(({ id, form }) => [id, form])).toEqual([
      ["pairs", "weights"],
      ["codes", "qoperator"],
    ]);
    for (const { weights } of layers) {
      expect(weights[0]!.dims).toEqual([2, 2]);
      expect([...valuesOf(weights[0]!)]).toEqual([1, 0.5, -2, 0]);
    }
  });

  it("is read of an LSTM with dynamic scales, whose matrices are turned and have a scale an output", () => {
    const inputs = ["x", "W", "R", "", "", "", "", "", "ws", "wz", "rs", "rz"];
    const { layer, layers, notices } = lone(
      graphOf([makeNode("DynamicQuantizeLSTM", inputs, ["y"], { name: "lstm", domain })], {
        // [directions, inputs, outputs], of one unit: its four gates are the outputs.
        ...{ W: bytes([1, 2, 4], [1, 2, 3, 4, 5, 6, 7, 8]), R: unsigned([1, 1, 4], [129, 130, 131, 132]) },
        ...{ ws: vectors([1, 4], [1, 10, 100, 1000]), wz: bytes([1, 4], [0, 0, 0, 0]) },
        ...{ rs: vectors([1], [0.5]), rz: unsigned([1], [128]) },
      }),
    );
    expect(notices).toEqual([]);
    expect(layers).toHaveLength(1);
    expect(layer).toMatchObject({ operator: "LSTM", written: "DynamicQuantizeLSTM", form: "dynamic" });
    expect(layer.reads[0]).toMatchObject({ tensor: "x", type: "uint8", isDynamic: true });
    const [W, R] = layer.weights;
    expect(W).toMatchObject({ dims: [1, 4, 2], axis: 1, zeroPoints: null });
    expect([...valuesOf(W!)]).toEqual([1, 5, 20, 60, 300, 700, 4000, 8000]);
    expect(R).toMatchObject({ dims: [1, 4, 1], axis: null, type: "uint8" });
    expect([...valuesOf(R!)]).toEqual([0.5, 1, 1.5, 2]);
  });

  it.each([
    ["fp4", 0, [1, -1, 2 / 3, 0.5]],
    ["nf4", 1, [0.0795803, 0.4407098, -0.5250731, -0.09105]],
  ] as const)("is read of MatMulBnb4 in %s: the first code of a byte is its upper half", (type, kind, values) => {
    const { layer, notices } = lone(
      graphOf(
        [
          makeNode("MatMulBnb4", ["x", "packed", "largest"], ["y"], {
            domain,
            attributes: Object.entries({ K: 2, N: 2, block_size: 4, quant_type: kind }).map(([name, value]) =>
              intAttribute(name, value),
            ),
          }),
        ],
        // Codes by output, 3 2 and 11 5: values of a table, in rows of inputs.
        { packed: unsigned([2], kind === 0 ? [0x32, 0xb5] : [0x82, 0xc6]), largest: vector("float32", [2]) },
      ),
    );
    expect(notices).toEqual([]);
    expect(layer).toMatchObject({ operator: "MatMul", form: "weights" });
    expect(layer.weights[0]).toMatchObject({ type, dims: [2, 2], block: { axis: 0, size: 4 } });
    for (const [at, value] of valuesOf(layer.weights[0]!).entries()) expect(value).toBeCloseTo(2 * values[at]!, 6);
  });

  it.each([
    ["float8e4m3fn", Code.FLOAT8E4M3FN, [0x38, 0xc0, 0x7e, 0x01], [1, -2, 448, 2 ** -9]],
    ["float8e5m2", Code.FLOAT8E5M2, [0x3c, 0xc0, 0x7b, 0x01], [1, -2, 57344, 2 ** -16]],
  ] as const)("is read of %s, each code a float itself", (type, dataType, codes, values) => {
    const graph = graphOf(
      [makeNode("DequantizeLinear", ["w8", "s"], ["w"]), makeNode("MatMul", ["x", "w"], ["y"], { name: "eight" })],
      { s: scalar("float32", 0.5) },
    );
    const w8 = create(TensorProtoSchema, { name: "w8", dims: [2n, 2n], dataType, rawData: Uint8Array.from(codes) });
    const { layers, notices } = readGraph(withFields(graph, { initializer: [...graph.initializer, w8] }));
    expect(notices).toEqual([]);
    expect(layers[0]).toMatchObject({ id: "eight", form: "weights", weights: [{ type, dims: [2, 2] }] });
    expect([...valuesOf(layers[0]!.weights[0]!)]).toEqual(values.map((value) => 0.5 * value));
    expect(describeLayer(layers[0]!).weights[0]!.codes).toBeNull();
  });

  it("is read of bfloat16, cast to float32 where it is used", () => {
    const graph = graphOf(
      [
        makeNode("Cast", ["w16"], ["w"], { attributes: [intAttribute("to", 1)] }),
        makeNode("MatMul", ["x", "w"], ["y"], { name: "brain" }),
      ],
      {},
    );
    const rawData = new Uint8Array(Uint16Array.of(0x3f80, 0xc000, 0x3f00, 0x4248).buffer);
    const w16 = create(TensorProtoSchema, { name: "w16", dims: [2n, 2n], dataType: Code.BFLOAT16, rawData });
    const { layers, notices } = readGraph(withFields(graph, { initializer: [...graph.initializer, w16] }));
    expect(notices).toEqual([]);
    expect(layers[0]).toMatchObject({ id: "brain", form: "bfloat16", weights: [{ type: "bfloat16", scales: {} }] });
    expect([...valuesOf(layers[0]!.weights[0]!)]).toEqual([1, -2, 0.5, 50]);
  });

  it("says where an int32 bias is in other steps than the sums that it is added to", () => {
    const biased = (biasScale: number) =>
      lone(
        graphOf(
          [
            makeNode("QuantizeLinear", ["x", "s", "z"], ["x_quantized"]),
            makeNode("DequantizeLinear", ["x_quantized", "s", "z"], ["x_rounded"]),
            makeNode("DequantizeLinear", ["w_quantized", "ws"], ["w"], { attributes: [intAttribute("axis", 0)] }),
            makeNode("DequantizeLinear", ["b_quantized", "bs"], ["b"], { attributes: [intAttribute("axis", 0)] }),
            makeNode("Gemm", ["x_rounded", "w", "b"], ["y"], { name: "fc", attributes: [intAttribute("transB", 1)] }),
          ],
          {
            ...{ s: scalar("float32", 0.5), z: scalar("uint8", 0) },
            ...{ w_quantized: bytes([2, 2], [1, 2, 3, 4]), ws: vector("float32", [0.25, 0.5]) },
            ...{ b_quantized: vector("int32", [7, -9]), bs: vector("float32", [0.125, biasScale]) },
          },
        ),
      );
    const { layer, notices } = biased(0.25);
    expect(notices).toEqual([]);
    expect(layer.bias).toMatchObject({ type: "int32", codes: Int32Array.of(7, -9) });
    expect([...biasValues(layer.bias!)]).toEqual([0.875, -2.25]);
    expect(biased(0.5).notices.map(({ message }) => message)).toEqual([
      "Of fc its int32 bias has a scale of 0.500 where those of its input and weight multiply to 0.250, so that a runtime that computes it in integers adds another bias than the file states.",
    ]);
  });

  const branch = (name: string, g: GraphProto) =>
    create(AttributeProtoSchema, { name, g, type: AttributeProto_AttributeType.GRAPH });

  const bodyOf = (nodes: NodeProto[], constants: Record<string, Tensor> = {}) =>
    buildModel({ opset: 13, inputs: [], outputs: [nodes.at(-1)!.output[0]!], nodes, constants }).graph!;
  const otherwise = bodyOf([makeNode("Identity", ["x"], ["same"])]);
  const branches = (one: GraphProto) => [branch("then_branch", one), branch("else_branch", otherwise)];

  it("is read inside If, Loop and Scan, in bodies of bodies too, by constants in them and around them", () => {
    const inner = bodyOf([
      makeNode("DynamicQuantizeLinear", ["x"], ["xq", "xs", "xz"]),
      makeNode("MatMulInteger", ["xq", "around", "xz"], ["sums"], { name: "product" }),
      makeNode("Cast", ["sums"], ["numbers"], { attributes: [intAttribute("to", 1)] }),
      makeNode("Mul", ["xs", "scale"], ["factor"]),
      makeNode("Mul", ["numbers", "factor"], ["values"]),
    ]);
    const node = makeNode("Constant", [], ["ws"], {
      attributes: [tensorAttribute("value", tensorProto("", scalar("float32", 0.25)))],
    });
    const outer = bodyOf(
      [
        node,
        makeNode("Cast", ["w8"], ["w32"], { attributes: [intAttribute("to", 1)] }),
        makeNode("Mul", ["w32", "ws"], ["w"]),
        makeNode("MatMul", ["x", "w"], ["stored"], { name: "stored" }),
        makeNode("MatMul", ["stored", "outside"], ["both"], { name: "captured" }),
        makeNode("If", ["inside"], ["t"], { name: "nested", attributes: branches(inner) }),
      ],
      { w8: bytes([2, 2], [1, 2, 3, 4]) },
    );
    const { layers, notices } = lone(
      graphOf(
        [
          makeNode("DequantizeLinear", ["v8", "scale"], ["outside"], { attributes: [intAttribute("axis", 0)] }),
          makeNode("If", ["whether"], ["y"], { name: "choice", attributes: branches(outer) }),
        ],
        { around: bytes([2, 2], [5, 6, 7, 8]), v8: bytes([2, 2], [9, 8, 7, 6]), scale: scalar("float32", 0.5) },
      ),
    );
    expect(notices).toEqual([]);
    expect(layers.map(({ id, form }) => [id, form])).toEqual([
      ["choice", "float"],
      ["choice/then_branch/stored", "weights"],
      ["choice/then_branch/captured", "weights"],
      ["choice/then_branch/nested", "float"],
      ["choice/then_branch/nested/then_branch/product", "dynamic"],
      ["choice/then_branch/nested/else_branch/Identity:same", "float"],
      ["choice/else_branch/Identity:same", "float"],
    ]);
    expect(layers[4]!.within).toEqual(["choice/then_branch", "choice/then_branch/nested/then_branch"]);
    const values = layers.flatMap(({ weights }) => weights.map((weight) => [...valuesOf(weight)]));
    expect(values).toEqual([
      [0.25, 0.5, 0.75, 1],
      [4.5, 4, 3.5, 3],
      [2.5, 3, 3.5, 4],
    ]);
  });

  it("has a layer for an If of a constant condition whose branch reads what is no constant, and says what it does not understand inside", () => {
    const body = bodyOf([makeNode("QAttention", ["x", "w"], ["a"], { name: "attend", domain })]);
    const { layers, notices } = lone(
      graphOf([makeNode("If", ["always"], ["y"], { name: "choice", attributes: branches(body) })], {
        ...{ always: { type: "bool", dims: [], data: Uint8Array.of(1) }, w: bytes([2, 2], [1, 2, 3, 4]) },
      }),
    );
    expect(layers.map(({ id }) => id)).toEqual([
      "choice",
      "choice/then_branch/attend",
      "choice/else_branch/Identity:same",
    ]);
    expect(notices.map(({ message }) => message)).toEqual([
      "Of choice/then_branch/attend the operator QAttention is not understood, so that its weights and ranges are not read.",
    ]);
  });

  it("names what it does not understand, and guesses nothing", () => {
    const { layers, notices } = lone(
      graphOf(
        [
          makeNode("QAttention", ["x", "w"], ["a"], { name: "attend", domain }),
          makeNode("MatMulNBits", ["x", "w", "s", "", "order"], ["b"], { name: "ordered", domain }),
          makeNode("DequantizeLinear", ["w", "three", "z"], ["d"], { attributes: [intAttribute("axis", 0)] }),
          makeNode("MatMul", ["a", "d"], ["y"], { name: "product" }),
        ],
        {
          ...{ w: bytes([2, 2], [1, 2, 3, 4]), s: scalar("float32", 1), order: vector("int32", [0, 1]) },
          ...{ three: vector("float32", [1, 2, 3]), z: bytes([3], [0, 0, 0]) },
        },
      ),
    );
    expect(layers.flatMap(({ weights }) => weights)).toEqual([]);
    expect(notices.map(({ message }) => message)).toEqual([
      "Of attend the operator QAttention is not understood, so that its weights and ranges are not read.",
      "Of ordered a constant of it is not read: its rows are in another order (g_idx).",
      "Of product a constant of it is not read: it has 3 scales for 2 x 2 values.",
    ]);
  });
});

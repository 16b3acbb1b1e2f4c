import { describe, expect, it } from "vitest";
import type { Tensor } from "../model/tensor.ts";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import { withFields } from "../onnx/messages.ts";
import { RUNTIME_DOMAIN } from "../onnx/opset.ts";
import type { GraphProto, NodeProto } from "../onnx/proto/onnx_pb.ts";
import { codesProto, scalar, vector } from "../onnx/tensor.ts";
import { buildModel, floatInput } from "../onnx/testing/build.ts";
import { halfBits } from "../values/halfFloats.ts";
import { valuesOf } from "./constant.ts";
import { describeLayer, readGraph } from "./read.ts";

const domain = RUNTIME_DOMAIN;
const bytes = (dims: number[], data: number[]): Tensor => ({ type: "int8", dims, data: Int8Array.from(data) });
const unsigned = (dims: number[], data: number[]): Tensor => ({ type: "uint8", dims, data: Uint8Array.from(data) });

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

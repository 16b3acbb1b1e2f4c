import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import type { Tensor } from "../model/tensor.ts";
import {
  floatAttribute,
  floatsAttribute,
  intAttribute,
  intsAttribute,
  makeNode,
  stringAttribute,
} from "../onnx/attributes.ts";
import { withFields } from "../onnx/messages.ts";
import { opsetOf } from "../onnx/opset.ts";
import { type AttributeProto, AttributeProtoSchema, GraphProtoSchema, type ModelProto } from "../onnx/proto/onnx_pb.ts";
import { scalar, vector } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { ORT } from "../targets/ort.ts";
import { allowInt2, allowInt4, convertOpset } from "./opset.ts";
import { graphOf } from "./pass.ts";
import { relativeDifference, run } from "./testing/native.ts";

interface Case {
  readonly op: string;
  readonly opset: number;
  readonly dims: readonly number[];
  readonly attributes?: readonly AttributeProto[];
  /** Inputs after x. */
  readonly more?: Readonly<Record<string, Tensor>>;
  readonly outputs?: readonly string[];
}

const build = ({ op, opset, dims, attributes = [], more = {}, outputs = ["y"] }: Case): ModelProto =>
  buildModel({
    opset,
    inputs: [floatInput("x", dims)],
    outputs,
    nodes: [makeNode(op, ["x", ...Object.keys(more)], outputs, { attributes })],
    constants: more,
  });

const INT64_MAX = Number.MAX_SAFE_INTEGER * 2048;
const pair = vector("float32", [1, 1, 2, 2]);
const halves = vector("float32", [1, 1, 0.5, 0.5]);
const mode = (value: string) => stringAttribute("mode", value);

const cases: readonly [string, Case][] = [
  [
    "Clip with both bounds",
    { op: "Clip", opset: 7, dims: [20], attributes: [floatAttribute("min", -0.25), floatAttribute("max", 0.5)] },
  ],
  ["Clip with an upper bound", { op: "Clip", opset: 10, dims: [20], attributes: [floatAttribute("max", 0.5)] }],
  [
    "Pad",
    {
      op: "Pad",
      opset: 7,
      dims: [2, 3],
      attributes: [intsAttribute("pads", [1, 0, 2, 1]), floatAttribute("value", 7)],
    },
  ],
  [
    "Pad by reflection",
    { op: "Pad", opset: 10, dims: [2, 3], attributes: [mode("reflect"), intsAttribute("pads", [0, 2, 0, 1])] },
  ],
  [
    "Slice to the end",
    {
      op: "Slice",
      opset: 9,
      dims: [4, 5],
      attributes: [intsAttribute("starts", [1, -2]), intsAttribute("ends", [3, INT64_MAX])],
    },
  ],
  [
    "Slice of one axis",
    {
      op: "Slice",
      opset: 7,
      dims: [4, 5],
      attributes: [intsAttribute("axes", [1]), intsAttribute("starts", [1]), intsAttribute("ends", [4])],
    },
  ],
  ["Softmax over several axes", { op: "Softmax", opset: 7, dims: [2, 3, 2, 2] }],
  ["Softmax over the last axis", { op: "Softmax", opset: 12, dims: [2, 3, 4], attributes: [intAttribute("axis", 2)] }],
  [
    "LogSoftmax over several axes",
    { op: "LogSoftmax", opset: 11, dims: [2, 3, 4], attributes: [intAttribute("axis", -2)] },
  ],
  ["Hardmax over several axes", { op: "Hardmax", opset: 9, dims: [2, 3, 4], attributes: [intAttribute("axis", 0)] }],
  [
    "Split in unequal parts",
    {
      op: "Split",
      opset: 11,
      dims: [2, 5],
      attributes: [intAttribute("axis", 1), intsAttribute("split", [2, 3])],
      outputs: ["y", "z"],
    },
  ],
  ["Split in equal parts", { op: "Split", opset: 7, dims: [4, 5], outputs: ["y", "z"] }],
  ["Squeeze", { op: "Squeeze", opset: 9, dims: [1, 3, 1], attributes: [intsAttribute("axes", [2])] }],
  ["Squeeze of every axis", { op: "Squeeze", opset: 11, dims: [1, 3, 1] }],
  ["Unsqueeze", { op: "Unsqueeze", opset: 11, dims: [3], attributes: [intsAttribute("axes", [0, -1])] }],
  [
    "ReduceSum",
    {
      op: "ReduceSum",
      opset: 9,
      dims: [2, 3, 4],
      attributes: [intsAttribute("axes", [1]), intAttribute("keepdims", 0)],
    },
  ],
  ["ReduceSum of all", { op: "ReduceSum", opset: 12, dims: [2, 3] }],
  ["TopK", { op: "TopK", opset: 9, dims: [2, 9], attributes: [intAttribute("k", 3)], outputs: ["y", "i"] }],
  ["Dropout", { op: "Dropout", opset: 7, dims: [9], attributes: [floatAttribute("ratio", 0.9)] }],
  [
    "Upsample to the nearest",
    {
      op: "Upsample",
      opset: 7,
      dims: [1, 2, 3, 4],
      attributes: [mode("nearest"), floatsAttribute("scales", [1, 1, 2.5, 3])],
    },
  ],
  [
    "Upsample linearly",
    { op: "Upsample", opset: 9, dims: [1, 2, 3, 4], attributes: [mode("linear")], more: { s: pair } },
  ],
  ["Resize up to the nearest", { op: "Resize", opset: 10, dims: [1, 2, 3, 4], more: { s: pair } }],
  [
    "Resize down to the nearest",
    { op: "Resize", opset: 10, dims: [1, 2, 7, 9], more: { s: vector("float32", [1, 1, 0.4, 0.7]) } },
  ],
  [
    "Resize down linearly",
    { op: "Resize", opset: 10, dims: [1, 2, 8, 6], attributes: [mode("linear")], more: { s: halves } },
  ],
  [
    "Resize of opset 11",
    {
      op: "Resize",
      opset: 11,
      dims: [1, 2, 3, 4],
      attributes: [mode("cubic")],
      more: { roi: vector("float32", []), s: pair },
    },
  ],
  [
    "BatchNormalization",
    {
      op: "BatchNormalization",
      opset: 7,
      dims: [2, 3, 4],
      attributes: [intAttribute("spatial", 1)],
      more: { g: noise([3], 2), b: noise([3], 3), m: noise([3], 4), v: vector("float32", [1, 2, 3]) },
    },
  ],
  [
    "Scatter",
    {
      op: "Scatter",
      opset: 9,
      dims: [3, 3],
      attributes: [intAttribute("axis", 1)],
      more: { i: { ...vector("int64", [2, 0, 1]), dims: [3, 1] }, u: noise([3, 1], 5) },
    },
  ],
  ["Gemm, whose form stayed", { op: "Gemm", opset: 7, dims: [2, 3], more: { w: noise([3, 4], 6), c: noise([4], 7) } }],
];

const image = [1, 2, 6, 6];
const cases21: readonly [string, Case, string?][] = [
  [
    "ReduceMean of opset 13",
    { op: "ReduceMean", opset: 13, dims: [2, 3, 4], attributes: [intsAttribute("axes", [1, -1])] },
  ],
  ["ReduceMax of all", { op: "ReduceMax", opset: 17, dims: [2, 3], attributes: [intAttribute("keepdims", 0)] }],
  ["ReduceL2 of opset 18", { op: "ReduceL2", opset: 18, dims: [2, 3], more: { axes: vector("int64", [1]) } }],
  ["ReduceSum", { op: "ReduceSum", opset: 13, dims: [2, 3, 4], more: { axes: vector("int64", [0]) } }],
  ["Split in equal parts", { op: "Split", opset: 13, dims: [4, 5], outputs: ["y", "z"] }],
  [
    "Split in unequal parts",
    { op: "Split", opset: 13, dims: [4, 5], more: { s: vector("int64", [1, 3]) }, outputs: ["y", "z"] },
  ],
  [
    "AveragePool",
    {
      op: "AveragePool",
      opset: 13,
      dims: image,
      attributes: [
        intsAttribute("kernel_shape", [3, 3]),
        intsAttribute("pads", [1, 1, 1, 1]),
        intsAttribute("strides", [2, 2]),
      ],
    },
  ],
  [
    "BatchNormalization",
    {
      op: "BatchNormalization",
      opset: 13,
      dims: [2, 3, 4],
      more: { g: noise([3], 2), b: noise([3], 3), m: noise([3], 4), v: vector("float32", [1, 2, 3]) },
    },
  ],
  [
    "GridSample",
    { op: "GridSample", opset: 16, dims: image, attributes: [mode("bicubic")], more: { g: noise([1, 3, 3, 2], 8) } },
  ],
  ["GridSample by default", { op: "GridSample", opset: 19, dims: image, more: { g: noise([1, 3, 3, 2], 8) } }],
  [
    "RoiAlign",
    {
      op: "RoiAlign",
      opset: 13,
      dims: image,
      attributes: [intAttribute("output_height", 2), intAttribute("output_width", 2)],
      more: {
        rois: { type: "float32", dims: [1, 4], data: Float32Array.of(0.5, 0.7, 4.2, 5) },
        index: vector("int64", [0]),
      },
    },
  ],
  [
    "Resize",
    {
      op: "Resize",
      opset: 13,
      dims: [1, 2, 3, 4],
      attributes: [mode("linear"), stringAttribute("coordinate_transformation_mode", "half_pixel")],
      more: { roi: vector("float32", []), s: vector("float32", [1, 1, 2.5, 0.6]) },
    },
  ],
  [
    "Resize to a size",
    {
      op: "Resize",
      opset: 13,
      dims: [1, 2, 3, 4],
      more: { roi: vector("float32", []), s: vector("float32", []), n: vector("int64", [1, 2, 5, 7]) },
    },
  ],
  ["Pad", { op: "Pad", opset: 13, dims: [2, 3], more: { p: vector("int64", [1, 0, 2, 1]), v: scalar("float32", 7) } }],
  ["Reshape", { op: "Reshape", opset: 13, dims: [2, 6], more: { s: vector("int64", [0, -1, 3]) } }],
  ["Cast", { op: "Cast", opset: 13, dims: [20], attributes: [intAttribute("to", 6)] }],
  ["LpPool", { op: "LpPool", opset: 13, dims: image, attributes: [intsAttribute("kernel_shape", [2, 2])] }],
  [
    "ScatterElements",
    {
      op: "ScatterElements",
      opset: 13,
      dims: [3, 3],
      more: { i: { ...vector("int64", [2, 0, 1]), dims: [1, 3] }, u: noise([1, 3], 5) },
    },
  ],
  ["Shape", { op: "Shape", opset: 13, dims: [3, 4] }],
  ["Squeeze", { op: "Squeeze", opset: 13, dims: [1, 3, 1], more: { a: vector("int64", [2]) } }],
  ["Softmax", { op: "Softmax", opset: 13, dims: [2, 3, 4], attributes: [intAttribute("axis", 1)] }],
];

describe("allowInt4", () => {
  it.each(cases21)("keeps the values of %s at opset 21", async (_, parts) => {
    const model = build(parts);
    const converted = allowInt4(model, ORT.ownDomain);
    expect([opsetOf(converted), converted.irVersion]).toEqual([21, 10n]);
    const feeds = new Map([["x", noise(parts.dims, 99)]]);
    const [before, after] = [await run(model, feeds), await run(converted, feeds)];
    for (const [name, tensor] of before) {
      expect(after.get(name)?.dims).toEqual(tensor.dims);
      expect(relativeDifference(tensor, after.get(name))).toBeLessThan(1e-6);
    }
  });

  it.each(cases21)("and at opset 25, where int2 is allowed: %s", async (_, parts) => {
    const model = build(parts);
    if (parts.op === "RoiAlign") {
      expect(() => allowInt2(model)).toThrow(/no kernel for RoiAlign of opset 22 or newer, and weights in 2 bits/);
      return;
    }
    const converted = allowInt2(model);
    expect([opsetOf(converted), converted.irVersion]).toEqual([25, 13n]);
    const feeds = new Map([["x", noise(parts.dims, 99)]]);
    const [before, after] = [await run(model, feeds), await run(converted, feeds)];
    for (const [name, tensor] of before) expect(relativeDifference(tensor, after.get(name))).toBeLessThan(1e-6);
  });

  it.each<[string, Case]>([
    [
      "a pool that rounds up",
      { op: "AveragePool", opset: 13, dims: image, attributes: [intAttribute("ceil_mode", 1)] },
    ],
    ["an operator that is not known there", { op: "GroupNormalization", opset: 18, dims: image }],
  ])("imports ONNX Runtime's own operators beside %s", (_, parts) => {
    const model = build(parts);
    const allowed = allowInt4(model, ORT.ownDomain);
    expect(opsetOf(allowed)).toBe(parts.opset);
    expect(allowed.opsetImport.map(({ domain }) => domain)).toEqual(["", "com.microsoft"]);
    expect(allowed.irVersion).toBe(10n);
    expect(allowed.graph).toBe(model.graph);
    expect(allowInt4(allowed, ORT.ownDomain)).toEqual(allowed);
  });

  it("leaves opset 21 and later alone", () => {
    const model = withFields(build({ op: "Relu", opset: 22, dims: [2] }), { irVersion: 10n });
    expect(allowInt4(model, ORT.ownDomain)).toBe(model);
  });
});

describe("convertOpset", () => {
  it.each(cases)("keeps the values of %s", async (_, parts) => {
    const model = build(parts);
    const converted = convertOpset(model, ORT.opset);
    expect(opsetOf(converted)).toBe(13);
    expect(converted.irVersion).toBe(7n);
    const feeds = new Map([["x", noise(parts.dims, 99)]]);
    const [before, after] = [await run(model, feeds), await run(converted, feeds)];
    for (const [name, tensor] of before) {
      expect(after.get(name)?.dims).toEqual(tensor.dims);
      expect(relativeDifference(tensor, after.get(name))).toBeLessThan(1e-6);
    }
  });

  it("converts branches too, and both give what they gave", async () => {
    const branch = (name: string, low: number) =>
      create(AttributeProtoSchema, {
        name,
        type: 5,
        g: create(GraphProtoSchema, {
          name,
          node: [makeNode("Clip", ["x"], [`${name}.y`], { attributes: [floatAttribute("min", low)] })],
          output: [{ ...floatInput(`${name}.y`, [9]) }],
        }),
      });
    const model = buildModel({
      opset: 9,
      inputs: [floatInput("x", [9])],
      outputs: ["y"],
      nodes: [
        makeNode("ReduceMax", ["x"], ["top"], { attributes: [intAttribute("keepdims", 0)] }),
        makeNode("Greater", ["top", "half"], ["c"]),
        makeNode("If", ["c"], ["y"], { attributes: [branch("then_branch", 0), branch("else_branch", -0.5)] }),
      ],
      constants: { half: scalar("float32", 0.5) },
    });
    const converted = convertOpset(model, ORT.opset);
    for (const x of [noise([9], 3), { ...noise([9]), data: new Float32Array(9).fill(-0.75) }]) {
      const feeds = new Map([["x", x]]);
      expect(await run(converted, feeds)).toEqual(await run(model, feeds));
    }
  });

  it("writes Softmax over the last axis without helpers", () => {
    const { node } = graphOf(convertOpset(build({ op: "Softmax", opset: 9, dims: [2, 3] }), ORT.opset));
    expect(node.map(({ opType }) => opType)).toEqual(["Softmax"]);
  });

  it("leaves opset 13 and later alone", () => {
    const model = build({ op: "Relu", opset: 17, dims: [2] });
    expect(convertOpset(model, ORT.opset)).toBe(model);
  });

  it("names what it cannot convert", () => {
    const named = (parts: Case) => {
      const model = build(parts);
      return () => convertOpset(model, ORT.opset);
    };
    expect(named({ op: "Mystery", opset: 9, dims: [1] })).toThrow(
      /"Mystery:y" \(Mystery, opset 9\) cannot be converted to opset 13/,
    );
    expect(
      named({ op: "Resize", opset: 10, dims: [1, 1, 2, 2], more: { s: vector("float32", [1, 1, 2, 0.5]) } }),
    ).toThrow(/Resize.*shrinks another/);
    expect(named({ op: "BatchNormalization", opset: 7, dims: [1], attributes: [intAttribute("spatial", 0)] })).toThrow(
      /spatial = 0/,
    );
  });

  it("does not touch operators of other domains", () => {
    const model = build({ op: "Relu", opset: 9, dims: [2] });
    const foreign = makeNode("Softmax", ["x"], ["y"], { domain: "com.microsoft" });
    const mixed = withFields(model, { graph: withFields(graphOf(model), { node: [foreign] }) });
    expect(graphOf(convertOpset(mixed, ORT.opset)).node).toEqual([foreign]);
  });
});

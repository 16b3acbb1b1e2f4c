import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Tensor } from "../model/tensor.ts";
import { intAttribute, intsAttribute, makeNode } from "../onnx/attributes.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { scalar, vector } from "../onnx/tensor.ts";
import { buildModel, noise } from "../onnx/testing/build.ts";
import { elementCount } from "../values/dims.ts";
import { bytesOf, type Known, outputSize, type Size, sizeOfTensor } from "./sizes.ts";
import { run } from "./testing/native.ts";

const ints = (values: readonly number[]) => vector("int64", values);
const attributes = (...list: NonNullable<Parameters<typeof makeNode>[3]>["attributes"][]) => ({
  attributes: list.flatMap((each) => each ?? []),
});

/** Nodes on constants, and what they read. */
const cases: readonly [string, NodeProto, Readonly<Record<string, Tensor>>][] = [
  ["Transpose", makeNode("Transpose", ["a"], ["y"], attributes([intsAttribute("perm", [2, 0, 1])])), {}],
  ["Transpose, reversed", makeNode("Transpose", ["a"], ["y"]), {}],
  ["Reshape", makeNode("Reshape", ["a", "s"], ["y"]), { s: ints([0, -1, 2]) }],
  ["Flatten", makeNode("Flatten", ["a"], ["y"], attributes([intAttribute("axis", -1)])), {}],
  ["Squeeze", makeNode("Squeeze", ["b"], ["y"]), {}],
  ["Squeeze of one axis", makeNode("Squeeze", ["b", "s"], ["y"]), { s: ints([-3]) }],
  ["Unsqueeze", makeNode("Unsqueeze", ["a", "s"], ["y"]), { s: ints([0, -1]) }],
  ["Concat", makeNode("Concat", ["a", "a"], ["y"], attributes([intAttribute("axis", -2)])), {}],
  [
    "Gather",
    makeNode("Gather", ["a", "s"], ["y"], attributes([intAttribute("axis", 1)])),
    { s: { ...ints([0, 2]), dims: [2, 1] } },
  ],
  ["Gather of one", makeNode("Gather", ["a", "s"], ["y"]), { s: scalar("int64", 1) }],
  ["Shape", makeNode("Shape", ["a"], ["y"]), {}],
  ["Size", makeNode("Size", ["a"], ["y"]), {}],
  ["Pad", makeNode("Pad", ["a", "s"], ["y"]), { s: ints([1, 0, 2, 0, -1, 0]) }],
  ["ConstantOfShape", makeNode("ConstantOfShape", ["s"], ["y"]), { s: ints([3, 4]) }],
  ["Expand", makeNode("Expand", ["b", "s"], ["y"]), { s: ints([2, 1, 4]) }],
  ["Tile", makeNode("Tile", ["a", "s"], ["y"]), { s: ints([1, 2, 3]) }],
  [
    "Range",
    makeNode("Range", ["l", "m", "n"], ["y"]),
    { l: scalar("int64", 9), m: scalar("int64", 0), n: scalar("int64", -2) },
  ],
  ["Add", makeNode("Add", ["a", "b"], ["y"]), {}],
  ["Add of a scalar", makeNode("Add", ["l", "a"], ["y"]), { l: scalar("float32", 2) }],
  [
    "Where",
    makeNode("Where", ["l", "a", "b"], ["y"]),
    { l: { type: "bool", dims: [2, 1, 1], data: Uint8Array.of(1, 0) } },
  ],
  ["Less", makeNode("Less", ["a", "b"], ["y"]), {}],
  ["Cast", makeNode("Cast", ["a"], ["y"], attributes([intAttribute("to", 7)])), {}],
  ["ReduceMax", makeNode("ReduceMax", ["a"], ["y"], attributes([intsAttribute("axes", [-1, 0])])), {}],
  ["ReduceMax of all", makeNode("ReduceMax", ["a"], ["y"], attributes([intAttribute("keepdims", 0)])), {}],
  ["ReduceSum", makeNode("ReduceSum", ["a", "s"], ["y"], attributes([intAttribute("keepdims", 0)])), { s: ints([1]) }],
  ["ReduceSum of none", makeNode("ReduceSum", ["a"], ["y"], attributes([intAttribute("noop_with_empty_axes", 1)])), {}],
  ["ArgMax", makeNode("ArgMax", ["a"], ["y"], attributes([intAttribute("axis", 2)])), {}],
  ["GatherElements", makeNode("GatherElements", ["a", "s"], ["y"]), { s: { ...ints([0, 1]), dims: [1, 1, 2] } }],
];

/** What may be smaller than it is said to be. */
const atMost: readonly [string, NodeProto, Readonly<Record<string, Tensor>>][] = [
  ["Slice", makeNode("Slice", ["a", "s", "e"], ["y"]), { s: ints([1]), e: ints([2]) }],
  ["NonZero", makeNode("NonZero", ["a"], ["y"]), {}],
  ["OneHot", makeNode("OneHot", ["s", "d", "v"], ["y"]), { s: ints([0, 1]), d: scalar("int64", 5), v: ints([0, 1]) }],
  ["GatherND", makeNode("GatherND", ["a", "s"], ["y"]), { s: { ...ints([0, 1]), dims: [2, 1] } }],
  ["Compress", makeNode("Compress", ["a", "s"], ["y"]), { s: { type: "bool", dims: [2], data: Uint8Array.of(1, 0) } }],
  ["Split", makeNode("Split", ["a"], ["y", "z"]), {}],
];

const CONSTANTS = { a: noise([2, 3, 4]), b: noise([1, 3, 1], 5) };

async function computed(node: NodeProto, constants: Readonly<Record<string, Tensor>>): Promise<Tensor> {
  const outputs = node.output.filter(Boolean);
  return (await run(buildModel({ opset: 13, outputs, nodes: [node], constants }))).get("y")!;
}

function knownOf(constants: Readonly<Record<string, Tensor>>, shaped = true): Known {
  const size = (name: string): Size | undefined => {
    const tensor = constants[name];
    if (!tensor) return undefined;
    return shaped ? sizeOfTensor(tensor) : { ...sizeOfTensor(tensor), dims: null };
  };
  return { size, value: (name) => constants[name] };
}

describe("the size of what a node makes", () => {
  it.each(cases)("is that of ONNX Runtime's result: %s", async (_, node, more) => {
    const constants = { ...CONSTANTS, ...more };
    const { type, dims, data } = await computed(node, constants);
    expect(outputSize(node, knownOf(constants))).toEqual({ type, dims, elements: data.length });
  });

  it.each(atMost)("is no less than that of ONNX Runtime's result: %s", async (_, node, more) => {
    const constants = { ...CONSTANTS, ...more };
    const { type, data } = await computed(node, constants);
    const size = outputSize(node, knownOf(constants));
    expect(size).toMatchObject({ type });
    expect(bytesOf(size!)).toBeGreaterThanOrEqual(data.byteLength);
  });

  it.each([...cases, ...atMost])("is never said to be less where shapes are not known: %s", async (_, node, more) => {
    const constants = { ...CONSTANTS, ...more };
    const { data } = await computed(node, constants);
    const size = outputSize(node, knownOf(constants, false));
    if (size) expect(size.elements).toBeGreaterThanOrEqual(data.length);
    const unvalued = outputSize(node, { ...knownOf(constants), value: () => undefined });
    if (unvalued) expect(unvalued.elements).toBeGreaterThanOrEqual(data.length);
  });

  it("follows broadcasting for any shapes", async () => {
    const dims = fc.array(fc.constantFrom(1, 2, 3), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(dims, dims, async (first, second) => {
        const rank = Math.max(first.length, second.length);
        const fits = Array.from({ length: rank }, (_, i) =>
          [first, second].map((each) => each[each.length - rank + i] ?? 1),
        );
        fc.pre(fits.every(([a, b]) => a === b || a === 1 || b === 1));
        const constants = { a: noise(first), b: noise(second) };
        const node = makeNode("Add", ["a", "b"], ["y"]);
        const { dims: made } = await computed(node, constants);
        expect(outputSize(node, knownOf(constants))).toEqual({
          type: "float32",
          dims: made,
          elements: elementCount(made),
        });
      }),
      { numRuns: 40 },
    );
  });

  it("is not known of an operator that is not one of these", () => {
    expect(outputSize(makeNode("Exp", ["a"], ["y"]), knownOf(CONSTANTS))).toBeNull();
    expect(outputSize(makeNode("Add", ["q", "a"], ["y"]), knownOf(CONSTANTS))).toBeNull();
  });
});

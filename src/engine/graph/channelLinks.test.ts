import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Tensor } from "../model/tensor.ts";
import { intAttribute, intsAttribute, makeNode } from "../onnx/attributes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import type { AttributeProto, ModelProto, NodeProto } from "../onnx/proto/onnx_pb.ts";
import { scalar } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { applyFactors } from "./applyFactors.ts";
import { channelLinks } from "./channelLinks.ts";
import { graphOf } from "./pass.ts";
import { difference, uneven } from "./testing/equalized.ts";
import { randomFeeds } from "./testing/native.ts";

const pointwise = (input: string, output: string, weight: string, bias = `${weight}_b`) =>
  makeNode("Conv", [input, weight, bias], [output], { name: weight });
/** Layers of one and of three channels, or one of five whose pixels become features, and a Clip of what they make. */
const CLIPPED = {
  "channels that are joined": [
    makeNode("Conv", ["x", "w1"], ["a"]),
    makeNode("Conv", ["x", "w3"], ["b"]),
    makeNode("Concat", ["a", "b"], ["c"], { attributes: [intAttribute("axis", 1)] }),
    makeNode("Clip", ["c", "zero", "bound"], ["r"]),
    makeNode("Conv", ["r", "w4"], ["y"]),
  ],
  "pixels as features": [
    makeNode("Conv", ["x", "w5"], ["a"]),
    makeNode("Flatten", ["a"], ["f"]),
    makeNode("Clip", ["f", "zero", "bound"], ["r"]),
    makeNode("Gemm", ["r", "g"], ["y"]),
  ],
};

test.each(Object.entries(CLIPPED))("the bound of a Clip is that of every channel it cuts: of %s", async (_, nodes) => {
  const model = buildModel({
    opset: 13,
    inputs: [floatInput("x", [1, 3, 4, 4])],
    outputs: ["y"],
    nodes,
    constants: {
      zero: scalar("float32", 0),
      bound: scalar("float32", 0.1),
      w1: uneven([1, 3, 1, 1], 2),
      w3: uneven([3, 3, 1, 1], 3),
      w4: noise([2, 4, 1, 1], 4),
      w5: uneven([5, 3, 1, 1], 5),
      g: noise([80, 4], 6),
    },
  });
  const factors = Object.fromEntries(
    channelLinks(new GraphIndex(graphOf(model))).map(({ tensor, channels }) => [
      tensor,
      { divide: new Array<number>(channels).fill(4), absorb: new Array<number>(channels).fill(0) },
    ]),
  );
  expect(await difference(model, applyFactors(model, factors, "channel"), randomFeeds(model))).toBeLessThan(1e-4);
});

const STEPS = ["Conv", "Relu", "LeakyRelu", "Clip", "MaxPool", "join channels", "join rows"] as const;

/** Steps one after the other, of which some make so many channels, and a Gemm of all that comes out, clipped or not. */
function stack(steps: readonly (readonly [(typeof STEPS)[number], number])[], isClipped: boolean): ModelProto {
  const constants: Record<string, Tensor> = { zero: scalar("float32", 0), bound: scalar("float32", 0.4) };
  const nodes: NodeProto[] = [];
  let [tensor, channels, rows] = ["x", 3, 4];
  const add = (operator: string, inputs: readonly string[], attributes: AttributeProto[] = []): string => {
    const output = `t${nodes.length}`;
    nodes.push(makeNode(operator, inputs, [output], { attributes }));
    return output;
  };
  const weight = (dims: readonly number[]): string => {
    const name = `w${nodes.length}`;
    constants[name] = uneven(dims, nodes.length + 3);
    return name;
  };
  for (const [operator, count] of steps) {
    if (operator === "Conv") {
      tensor = add("Conv", [tensor, weight([count, channels, 1, 1])]);
      channels = count;
    } else if (operator === "join rows") {
      tensor = add("Concat", [tensor, tensor], [intAttribute("axis", 2)]);
      rows *= 2;
    } else if (operator === "join channels") {
      const other = add("Conv", ["x", weight([count, 3, 1, 1])]);
      if (rows > 4) continue;
      tensor = add("Concat", count % 2 ? [tensor, other] : [other, tensor], [intAttribute("axis", 1)]);
      channels += count;
    } else if (operator === "Clip") tensor = add("Clip", [tensor, "zero", "bound"]);
    else tensor = add(operator, [tensor], operator === "MaxPool" ? [intsAttribute("kernel_shape", [1, 1])] : []);
  }
  tensor = add("Flatten", [tensor]);
  if (isClipped) tensor = add("Clip", [tensor, "zero", "bound"]);
  tensor = add("Gemm", [tensor, weight([channels * rows * 4, 5])]);
  return buildModel({ opset: 13, inputs: [floatInput("x", [1, 3, 4, 4])], outputs: [tensor], nodes, constants });
}

test("whatever lies between layers, factors of any size change nothing", async () => {
  let links = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom(...STEPS), fc.integer({ min: 1, max: 3 })), { minLength: 1, maxLength: 7 }),
      fc.boolean(),
      fc.array(fc.double({ min: 0.2, max: 5, noNaN: true }), { minLength: 3, maxLength: 3 }),
      async (steps, isClipped, divide) => {
        const model = stack(steps, isClipped);
        const found = channelLinks(new GraphIndex(graphOf(model)));
        links += found.length;
        const factors = found.map(({ tensor, channels }) => {
          return [tensor, { divide: divide.slice(0, channels), absorb: [0, 0, 0].slice(0, channels) }] as const;
        });
        const equalized = applyFactors(model, Object.fromEntries(factors), "channel");
        expect(await difference(model, equalized, randomFeeds(model))).toBeLessThan(1e-4);
      },
    ),
    { numRuns: 200 },
  );
  expect(links).toBeGreaterThan(10);
});

describe("the links that are equalized", () => {
  const read = (nodes: Parameters<typeof buildModel>[0]["nodes"], outputs = ["y"]) =>
    channelLinks(
      new GraphIndex(
        graphOf(
          buildModel({
            opset: 13,
            inputs: [floatInput("x", [1, 3, 6, 6])],
            outputs,
            nodes,
            constants: {
              w1: noise([4, 3, 1, 1]),
              w1_b: noise([4]),
              w2: noise([4, 3, 1, 1]),
              w2_b: noise([4]),
              w3: noise([5, 8, 1, 1]),
              w3_b: noise([5]),
              w4: noise([2, 4, 1, 1]),
              w4_b: noise([2]),
              g: noise([36 * 4, 7]),
              zero: scalar("float32", 0),
              six: scalar("float32", 6),
              infinity: scalar("float32", Infinity),
            },
          }),
        ),
      ),
    ).map(({ tensor, readers, shiftable }) => ({
      tensor,
      readers: readers.map(({ node, offset, block }) => [node.name || node.opType, offset, block]),
      shiftable,
    }));

  test("go through Concat with their place in it, and through pooling", () => {
    const links = read([
      pointwise("x", "a", "w1"),
      makeNode("Relu", ["a"], ["ar"]),
      pointwise("x", "b", "w2"),
      makeNode("MaxPool", ["b"], ["bp"], { attributes: [intsAttribute("kernel_shape", [1, 1])] }),
      makeNode("Concat", ["ar", "bp"], ["c"], { attributes: [intAttribute("axis", 1)] }),
      pointwise("c", "y", "w3"),
    ]);
    expect(links).toEqual([
      { tensor: "a", readers: [["w3", 0, 1]], shiftable: false },
      { tensor: "b", readers: [["w3", 4, 1]], shiftable: false },
    ]);
  });

  test("reach a Gemm behind Flatten, a pixel a feature", () => {
    const links = read([
      pointwise("x", "a", "w1"),
      makeNode("Flatten", ["a"], ["f"]),
      makeNode("Gemm", ["f", "g"], ["y"]),
    ]);
    expect(links).toEqual([{ tensor: "a", readers: [["Gemm", 0, 36]], shiftable: false }]);
  });

  test("go through a Clip from 0 without a bound as through Relu, behind Concat too", () => {
    const behind = (activation: ReturnType<typeof makeNode>) =>
      read([
        pointwise("x", "a", "w1"),
        pointwise("x", "b", "w2"),
        makeNode("Concat", ["a", "b"], ["c"], { attributes: [intAttribute("axis", 1)] }),
        activation,
        pointwise("r", "y", "w3"),
      ]);
    const links = behind(makeNode("Relu", ["c"], ["r"]));
    expect(links.map(({ tensor }) => tensor)).toEqual(["a", "b"]);
    expect(behind(makeNode("Clip", ["c", "zero"], ["r"]))).toEqual(links);
    expect(behind(makeNode("Clip", ["c", "zero", "infinity"], ["r"]))).toEqual(links);
    expect(behind(makeNode("Clip", ["c", "zero", "six"], ["r"]))).toEqual([]);
  });

  test("are none behind channels that cannot be counted, since they come from rows put together", () => {
    const joined = (axis: number) =>
      read([
        pointwise("x", "a", "w1"),
        pointwise("x", "b", "w2"),
        makeNode("Concat", ["a", "b"], ["rows"], { attributes: [intAttribute("axis", axis)] }),
        pointwise("x2", "d", "w1"),
        makeNode("Concat", ["rows", "d"], ["c"], { attributes: [intAttribute("axis", 1)] }),
        makeNode("Flatten", ["c"], ["f"]),
        makeNode("Gemm", ["f", "g"], ["y"]),
      ]);
    expect(joined(1).map(({ tensor }) => tensor)).toEqual(["a", "b", "d"]);
    expect(joined(2)).toEqual([]);
  });

  test("are none where the caller or an Add sees the channels", () => {
    expect(read([pointwise("x", "a", "w1"), pointwise("a", "y", "w4")], ["y", "a"])).toEqual([]);
    expect(
      read([
        pointwise("x", "a", "w1"),
        pointwise("x", "b", "w2"),
        makeNode("Add", ["a", "b"], ["s"]),
        pointwise("s", "y", "w4"),
      ]),
    ).toEqual([]);
    expect(read([pointwise("x", "a", "w1"), makeNode("Sigmoid", ["a"], ["s"]), pointwise("s", "y", "w4")])).toEqual([]);
  });
});

import { describe, expect, it } from "vitest";
import { optimizedOperators } from "../graph/testing/native.ts";
import { reasonText } from "../model/reason.ts";
import { intAttribute, intsAttribute, makeNode } from "../onnx/attributes.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { vector } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { leastSqnr, tryOut } from "./testing/trial.ts";

const named = (opType: string, inputs: readonly string[], output: string, attributes: NodeProto["attribute"] = []) =>
  makeNode(opType, inputs, [output], { name: output, attributes });
const PAD = named("Pad", ["a", "pads"], "p");
const SPACE = named("SpaceToDepth", ["a"], "p", [intAttribute("blocksize", 2)]);
const POOL = named("AveragePool", ["p"], "v", [
  intsAttribute("kernel_shape", [3, 3]),
  intsAttribute("strides", [2, 2]),
]);

/** A Conv, these nodes, and a last Conv of `from` where there is one. */
function tried(nodes: readonly NodeProto[], from: readonly [tensor: string, channels: number] | null, outputs = ["y"]) {
  const model = buildModel({
    opset: 17,
    inputs: [floatInput("x", [1, 8, 12, 12])],
    outputs,
    nodes: [named("Conv", ["x", "w"], "a"), ...nodes, ...(from ? [named("Conv", [from[0], "last"], "y")] : [])],
    constants: {
      w: noise([8, 8, 3, 3], 1),
      last: noise([4, from?.[1] ?? 1, 1, 1], 2),
      pads: vector("int64", [0, 0, 1, 1, 0, 0, 1, 1]),
    },
  });
  return tryOut(model, { elementwise: "float" });
}

const reasonOf = ({ plan }: Awaited<ReturnType<typeof tried>>) => {
  const reason = plan.layers.find(({ id }) => id === "p")?.reason;
  return reason && reasonText(reason);
};

describe("what moves values in float", () => {
  it("is not rounded after it where nothing in integers reads it, and goes into the pool that does", async () => {
    const trial = await tried([PAD, POOL], ["v", 8]);
    expect(reasonOf(trial)).toBe("Pad gains nothing from 8 bits");
    expect(trial.plan.groupOf.has("p")).toBe(false);
    expect(await optimizedOperators(trial.model)).not.toContain("Pad");
    expect(leastSqnr(trial)).toBeGreaterThan(30);
  });

  it.each<readonly [string, NodeProto]>([
    ["Pad", PAD],
    ["SpaceToDepth", SPACE],
  ])("gives an output as it is: %s", async (operator, node) => {
    const trial = await tried([node], null, ["p"]);
    expect(reasonOf(trial)).toBe(`${operator} gains nothing from 8 bits`);
    expect(leastSqnr(trial)).toBeGreaterThan(30);
  });

  it.each<readonly [string, NodeProto, number]>([
    ["Pad", PAD, 8],
    ["SpaceToDepth", SPACE, 32],
  ])("is rounded for what reads it in integers: %s", async (_, node, channels) => {
    const trial = await tried([node], ["p", channels]);
    expect(reasonOf(trial)).toBeNull();
    expect(trial.plan.groupOf.has("p")).toBe(true);
    expect(leastSqnr(trial)).toBeGreaterThan(30);
  });

  it("is rounded for one that does, another in float beside it", async () => {
    const trial = await tried([PAD, POOL], ["p", 8], ["y", "v"]);
    expect(trial.plan.groupOf.has("p")).toBe(true);
    expect(leastSqnr(trial)).toBeGreaterThan(30);
  });
});

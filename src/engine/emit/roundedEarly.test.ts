import { describe, expect, it } from "vitest";
import { optimizedModel } from "../graph/testing/native.ts";
import { intsAttribute, makeNode } from "../onnx/attributes.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { vector } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { leastSqnr, tryOut } from "./testing/trial.ts";

const named = (opType: string, inputs: readonly string[], output: string, attributes: NodeProto["attribute"] = []) =>
  makeNode(opType, inputs, [output], { name: output, attributes });
const pool = (input: string, output: string) =>
  named("MaxPool", [input], output, [intsAttribute("kernel_shape", [2, 2]), intsAttribute("strides", [2, 2])]);

const CONSTANTS = {
  v: noise([8, 4, 3, 3], 1),
  w: noise([8, 8, 3, 3], 2),
  slope: noise([8, 1, 1], 3),
  shape: vector("int64", [1, 8, 49]),
  square: vector("int64", [1, 8, 7, 7]),
};

/** A model with a first Conv and these nodes between it and a last Conv of `from`, one with the first layer in float. */
function tried(nodes: readonly NodeProto[], from: string, outputs: readonly string[] = ["y"], opset = 17) {
  const model = buildModel({
    opset,
    inputs: [floatInput("x", [1, 4, 16, 16])],
    outputs,
    nodes: [named("Conv", ["x", "v"], "a"), ...nodes, named("Conv", [from, "w"], "y")],
    constants: CONSTANTS,
  });
  return tryOut(model, { float: { layers: ["a"] } });
}

const RELU = named("Relu", ["a"], "r");

async function kernels(trial: Awaited<ReturnType<typeof tried>>) {
  const written = trial.model.graph!.node.filter(({ opType }) => opType === "Sum").length;
  const { graph } = await optimizedModel(trial.model);
  const codes = new Set(
    graph!.node.filter(({ opType }) => opType === "QuantizeLinear").flatMap(({ output }) => output),
  );
  const onCodes = graph!.node.filter(({ opType, input }) => opType === "MaxPool" && codes.has(input[0]!)).length;
  return { written, onCodes, operators: graph!.node.map(({ opType }) => opType) };
}

describe("what a float MaxPool gives to layers in integers", () => {
  it.each<readonly [string, readonly NodeProto[], string]>([
    ["alone", [RELU, pool("r", "p")], "p"],
    ["after a PRelu", [named("PRelu", ["a", "slope"], "r"), pool("r", "p")], "p"],
    [
      "with values moved after it",
      [RELU, pool("r", "p"), named("Reshape", ["p", "shape"], "s"), named("Reshape", ["s", "square"], "t")],
      "t",
    ],
    ["after another", [RELU, pool("r", "o"), pool("o", "p")], "p"],
  ])("is rounded after it, %s", async (_, nodes, from) => {
    const trial = await tried(nodes, from);
    expect(await kernels(trial)).toMatchObject({ written: 1, onCodes: 0 });
    expect(leastSqnr(trial)).toBeGreaterThan(30);
  });

  it.each<readonly [string, readonly NodeProto[], string, readonly string[]]>([
    ["is also an output", [RELU, pool("r", "p")], "p", ["y", "p"]],
    ["is also read in float", [RELU, pool("r", "p"), named("Exp", ["p"], "e")], "p", ["y", "e"]],
    ["is made by another float layer", [RELU, pool("r", "o"), named("Exp", ["o"], "p")], "p", ["y"]],
  ])("needs nothing between where it %s", async (_, nodes, from, outputs) => {
    const trial = await tried(nodes, from, outputs);
    expect(await kernels(trial)).toMatchObject({ written: 0, onCodes: 0 });
    expect(leastSqnr(trial)).toBeGreaterThan(30);
  });

  it("is nothing to a MaxPool in integers", async () => {
    const model = buildModel({
      opset: 17,
      inputs: [floatInput("x", [1, 4, 16, 16])],
      outputs: ["y"],
      nodes: [named("Conv", ["x", "v"], "a"), RELU, pool("r", "p"), named("Conv", ["p", "w"], "y")],
      constants: CONSTANTS,
    });
    const found = await kernels(await tryOut(model));
    expect(found.written).toBe(0);
    expect(found.operators).toContain("NhwcMaxPool");
  });

  it("is rounded after it in models of every opset", async () => {
    for (const opset of [13, 21, 22]) {
      expect(await kernels(await tried([RELU, pool("r", "p")], "p", ["y"], opset))).toMatchObject({ onCodes: 0 });
    }
  });
});

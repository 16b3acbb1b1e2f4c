import { describe, expect, it } from "vitest";
import { floatAttribute, makeNode } from "../onnx/attributes.ts";
import { tensorOf } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { leastSqnr, tryOut } from "./testing/trial.ts";

const node = (op: string, inputs: readonly string[], output: string) =>
  makeNode(op, inputs, [output], { name: output });

/** Layers of every kind that has a scale, and a bias so large that it raises those of its weights. */
const model = buildModel({
  opset: 17,
  inputs: [floatInput("x", [1, 4, 6, 6])],
  outputs: ["out"],
  nodes: [
    ...[node("Conv", ["x", "w", "b"], "c"), node("Relu", ["c"], "r"), node("Add", ["r", "k"], "s")],
    makeNode("LeakyRelu", ["s"], ["l"], { name: "l", attributes: [floatAttribute("alpha", 0.25)] }),
    ...[node("Flatten", ["l"], "f"), node("Gemm", ["f", "v", "huge"], "out")],
  ],
  constants: {
    ...{ w: noise([8, 4, 1, 1], 2), b: noise([8], 3), k: noise([1, 8, 6, 6], 4) },
    ...{ v: noise([288, 5], 5), huge: { type: "float32", dims: [5], data: Float32Array.of(1e6, 0, -1, 3e7, 0.5) } },
  },
});

const isPower = (scale: number) => Number.isInteger(Math.log2(scale));
const powers = { scales: "power-of-two" } as const;

async function scalesOf(type: "int8" | "int4", granularity: "channel" | "tensor", symmetric: boolean) {
  const trial = await tryOut(model, {
    activations: { type: symmetric ? "int8" : "uint8", symmetric, ...powers },
    weights: { type, granularity, rounding: "nearest", ...powers },
    method: "mse",
  });
  const scales = trial.model.graph!.initializer.filter(({ name }) => name.endsWith("_scale"));
  return { trial, values: scales.flatMap((tensor) => [...(tensorOf(tensor).data as Float32Array)]) };
}

describe("scales that are powers of two", () => {
  it.each([
    ["int8", "channel", false],
    ["int8", "tensor", true],
    ["int4", "channel", false],
    ["int4", "tensor", true],
  ] as const)("are all so: %s by %s, activations symmetric: %s", async (type, granularity, symmetric) => {
    const { trial, values } = await scalesOf(type, granularity, symmetric);
    expect(values.length).toBeGreaterThan(6);
    expect(values.filter((scale) => !isPower(scale))).toEqual([]);
    expect(leastSqnr(trial)).toBeGreaterThan(20);
  });

  it("are free without", async () => {
    const { model: free } = await tryOut(model);
    const scales = free.graph!.initializer.filter(({ name }) => name.endsWith("_scale"));
    expect(
      scales.flatMap(({ name }) =>
        isPower(Number(tensorOf(scales.find((each) => each.name === name)!).data[0])) ? [] : [name],
      ),
    ).not.toEqual([]);
  });
});

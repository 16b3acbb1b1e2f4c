import { describe, expect, it } from "vitest";
import { InputError } from "../model/job.ts";
import { PLAIN_RECIPE } from "../model/testing/recipe.ts";
import { makeNode } from "../onnx/attributes.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { planQuantization } from "../plan/plan.ts";
import type { DataType } from "../values/elementTypes.ts";
import { ORT } from "./ort.ts";
import { assertTakes, type Target } from "./target.ts";

const node = (op: string, inputs: readonly string[], output: string) =>
  makeNode(op, inputs, [output], { name: output });
const nodes = [
  node("MatMul", ["x", "w"], "m"),
  node("Add", ["m", "b"], "a"),
  node("Relu", ["a"], "r"),
  node("Transpose", ["r"], "t"),
  node("Gemm", ["t", "w", "rows"], "g"),
  node("Erf", ["g"], "y"),
];

/** The plan of one graph for ONNX Runtime but for `changes`. */
function planFor(changes: Partial<Target>) {
  const { graph } = buildModel({
    opset: 17,
    inputs: [floatInput("x", [4, 4])],
    outputs: ["y"],
    nodes,
    constants: { w: noise([4, 4]), b: noise([4]), rows: noise([4, 4], 3) },
  });
  const types = new Map(["x", "m", "a", "r", "t", "g", "y"].map((name): [string, DataType] => [name, "float32"]));
  const plan = planQuantization(graph!, types, PLAIN_RECIPE, { ...ORT, ...changes });
  return {
    groups: plan.groups.map(({ members }) => members),
    float: plan.layers.flatMap(({ id, reason }) => (reason ? [`${id}: ${reason.code}`] : [])),
  };
}

describe("a plan goes by what its target is", () => {
  it.each<[string, Partial<Target>, readonly string[][], readonly string[]]>([
    ["ONNX Runtime", {}, [["x"], ["r", "t"]], ["g: bias", "y: no-gain"]],
    ["no parameters across movers", { sharesAcrossMovers: false }, [["x"], ["r"], ["t"]], ["g: bias", "y: no-gain"]],
    [
      "clamps that work on rounded values",
      { fusesClamp: false },
      [["x"], ["a"], ["r", "t"]],
      ["g: bias", "y: no-gain"],
    ],
    ["no Add in a kernel", { fusesAdd: new Set() }, [["x"], ["m"], ["r", "t"]], ["g: bias", "y: no-gain"]],
    [
      "clamps that hide nothing",
      { roundsClamps: false, sharesAcrossMovers: false },
      [["x"], ["r"], ["t"]],
      ["g: bias", "y: no-gain"],
    ],
    ["any bias", { wantsIntegerBias: new Set() }, [["x"], ["r", "t"]], ["y: no-gain"]],
    [
      "kernels that always round",
      { wantsIntegerBias: new Set(), givesFloat: new Set() },
      [["x"], ["r", "t"], ["g"]],
      ["y: no-gain"],
    ],
  ])("%s", (_, changes, groups, float) => {
    const plan = planFor(changes);
    expect(plan.float).toEqual(float);
    expect(plan.groups).toEqual(groups);
  });
});

describe("what a target does not take", () => {
  it.each<[Partial<Target>, string]>([
    [{ weights: ["int4"] }, "Board takes no weights in int8; choose int4."],
    [{ granularities: ["tensor"] }, "Board takes no scales by channel; choose scales by tensor."],
    [
      { activations: [{ type: "int8", symmetric: true }] },
      "Board takes no activations in asymmetric uint8; choose symmetric int8.",
    ],
  ])("is refused in a sentence: %o", (changes, sentence) => {
    const refused = () => assertTakes({ ...ORT, name: "Board", ...changes }, PLAIN_RECIPE);
    expect(refused).toThrow(InputError);
    expect(refused).toThrow(sentence);
  });

  it("does not matter where activations stay in float, and is nothing for ONNX Runtime", () => {
    const float = { ...PLAIN_RECIPE, format: "weights" as const };
    expect(() => assertTakes({ ...ORT, activations: [] }, float)).not.toThrow();
    expect(() => assertTakes(ORT, PLAIN_RECIPE)).not.toThrow();
  });
});

import { describe, expect, it } from "vitest";
import { InputError } from "../model/job.ts";
import { PLAIN_RECIPE } from "../model/testing/recipe.ts";
import { makeNode } from "../onnx/attributes.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { planQuantization } from "../plan/plan.ts";
import { isCodebook, WEIGHT_TYPES } from "../values/codes.ts";
import type { DataType } from "../values/elementTypes.ts";
import { TARGETS } from "./index.ts";
import { ORT } from "./ort.ts";
import { assertTakes, refusalOf, type Target } from "./target.ts";

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

  it.each<[Partial<typeof PLAIN_RECIPE.weights> & { format?: "weights" | "dynamic" | "q4f16" | "float8" }, string]>([
    [
      { type: "uint4" },
      'Weights in uint4 are for weights alone; choose int8 or int4, or leave activations in float (format "weights").',
    ],
    [{ format: "dynamic", type: "uint4" }, "Weights in uint4 are for weights alone"],
    [{ format: "dynamic", block: 32 }, "Blocks of weights, their operator and their algorithm are for weights alone"],
    [{ type: "nf4", block: 32 }, "Weights in nf4 are for weights alone"],
    [{ format: "weights", type: "nf4" }, "Weights in nf4 are in blocks; choose a block of 16"],
    [
      { format: "weights", type: "nf4", block: 32, operator: "matmulnbits" },
      "Weights in nf4 are read by MatMulBnb4 alone",
    ],
    [{ format: "weights", type: "nf4", block: 32, algorithm: "hqq" }, "leave the operator and the algorithm out"],
    [{ type: "uint8" }, "Weights in uint8 are for weights alone"],
    [{ block: 32 }, "Blocks of weights, their operator and their algorithm are for weights alone"],
    [{ operator: "dequantize" }, "are for weights alone"],
    [{ algorithm: "hqq" }, "are for weights alone"],
    [{ format: "weights", operator: "matmulnbits" }, "MatMulNBits takes weights in blocks; choose a block of 16"],
    [{ format: "q4f16" }, "Weights of the format q4f16 are in 4 bits; choose uint4 or int4 in the place of int8."],
    [{ format: "q4f16", type: "nf4", block: 32 }, "choose uint4 or int4 in the place of nf4"],
    [{ format: "q4f16", type: "uint4", block: 32 }, "are read by MatMulNBits; choose the operator matmulnbits"],
    [{ format: "q4f16", type: "int4", operator: "matmulnbits" }, "MatMulNBits takes weights in blocks; choose a block"],
    [{ format: "weights", algorithm: "nearest" }, "The algorithm nearest finds scales of blocks; choose a block of 16"],
    [{ format: "weights", block: 16, granularity: "tensor" }, "Blocks of weights have more scales than one a tensor"],
    [{ format: "weights", block: 16, rounding: "learned" }, "Rounding is learned of symmetric weights"],
    [{ format: "weights", type: "uint4", rounding: "learned" }, "Rounding is learned of symmetric weights"],
    [{ type: "codebook16" }, "Weights in codebook16 are for weights alone; choose int8 or int4"],
    [
      { format: "weights", type: "codebook16", block: 32 },
      "are places in a table, with free scales by channel or tensor",
    ],
    [{ format: "weights", type: "codebook256", scales: "power-of-two" }, "are places in a table"],
    [{ format: "weights", type: "codebook256", rounding: "stochastic" }, "take the nearest entry of their table"],
    [
      { type: "float8" },
      "float8 is of weights and activations alike, and a format of its own; choose that in the place of",
    ],
    [{ format: "float8", type: "int4" }, "The format float8 has weights and activations in float8; take int4 back."],
    [{ seed: 3 }, "The seed is that of stochastic rounding; leave it out"],
    [{ format: "weights", type: "nf4", block: 32, rounding: "stochastic" }, "Weights of nf4 are rounded to nearest"],
    [{ format: "weights", block: 32, algorithm: "gptq", rounding: "stochastic" }, "none is left to be drawn"],
  ])("of weights that do not go together, is refused in a sentence: %o", ({ format, ...weights }, sentence) => {
    const recipe = {
      ...PLAIN_RECIPE,
      format: format ?? PLAIN_RECIPE.format,
      weights: { ...PLAIN_RECIPE.weights, ...weights },
    };
    const refused = () => assertTakes(ORT, recipe);
    expect(refused).toThrow(InputError);
    expect(refused).toThrow(sentence);
  });

  it("of blocks, is refused by a target that was not seen to take them", () => {
    const weights = { ...PLAIN_RECIPE.weights, block: 32 } as const;
    const asked = { ...PLAIN_RECIPE, format: "weights" as const, weights };
    for (const target of Object.values(TARGETS)) {
      const refusal = refusalOf(target, asked);
      if (target.blocks) expect(refusal).toBeNull();
      else expect(refusal).not.toBeNull();
    }
    expect(refusalOf({ ...ORT, name: "Board", blocks: false }, asked)).toBe(
      "Board takes no weights in blocks; choose a scale a channel.",
    );
  });

  it("is nothing of weights alone in blocks, of any type", () => {
    for (const type of WEIGHT_TYPES) {
      if (type === "nf4" || type === "float8" || isCodebook(type)) continue;
      const weights = { ...PLAIN_RECIPE.weights, type, block: 64, operator: "matmulnbits", algorithm: "hqq" } as const;
      expect(() => assertTakes(ORT, { ...PLAIN_RECIPE, format: "weights", weights })).not.toThrow();
    }
  });

  it("does not matter where activations stay in float, and is nothing for ONNX Runtime", () => {
    const float = { ...PLAIN_RECIPE, format: "weights" as const };
    expect(() => assertTakes({ ...ORT, activations: [] }, float)).not.toThrow();
    expect(() => assertTakes(ORT, PLAIN_RECIPE)).not.toThrow();
  });
});

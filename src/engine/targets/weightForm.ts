import { multiplies } from "../model/format.ts";
import { InputError } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import { isAsymmetric } from "../values/codes.ts";

/** Throws InputError where what a recipe asks of its weights does not go together. */
export function assertWeightForm(recipe: Pick<Recipe, "format" | "weights">): void {
  const { type, granularity, rounding, scales, block, operator, algorithm } = recipe.weights;
  if (multiplies(recipe)) {
    if (isAsymmetric(type) || type === "nf4") {
      throw new InputError(
        `Weights in ${type} are for weights alone; choose int8 or int4, or leave activations in float (format "weights").`,
      );
    }
    if (block !== undefined || operator !== undefined || algorithm !== undefined) {
      throw new InputError(
        'Blocks of weights, their operator and their algorithm are for weights alone; leave them out, or leave activations in float (format "weights").',
      );
    }
  }
  if (recipe.format === "q4f16") {
    if (type !== "uint4" && type !== "int4") {
      throw new InputError(`Weights of the format q4f16 are in 4 bits; choose uint4 or int4 in the place of ${type}.`);
    }
    if (operator !== "matmulnbits") {
      throw new InputError("Weights of the format q4f16 are read by MatMulNBits; choose the operator matmulnbits.");
    }
  }
  if (algorithm === "gptq" && recipe.format !== "weights") {
    throw new InputError(
      `Codes are found by GPTQ for the format weights; leave the algorithm gptq out, or choose that format in the place of ${recipe.format}.`,
    );
  }
  if (type === "nf4") {
    if (block === undefined) {
      throw new InputError("Weights in nf4 are in blocks; choose a block of 16, 32, 64, 128 or 256 weights.");
    }
    if (operator !== undefined || algorithm !== undefined) {
      throw new InputError(
        "Weights in nf4 are read by MatMulBnb4 alone, and scaled by the largest of a block; leave the operator and the algorithm out.",
      );
    }
  }
  if (block === undefined) {
    if (operator === "matmulnbits") {
      throw new InputError("MatMulNBits takes weights in blocks; choose a block of 16, 32, 64, 128 or 256 weights.");
    }
    if (algorithm !== undefined) {
      throw new InputError(
        `The algorithm ${algorithm} finds scales of blocks; choose a block of 16, 32, 64, 128 or 256 weights, or leave the algorithm out.`,
      );
    }
  } else if (granularity === "tensor") {
    throw new InputError(
      "Blocks of weights have more scales than one a tensor; take scales by channel, which layers without blocks have then, or leave the block out.",
    );
  }
  if (scales !== undefined && (block !== undefined || isAsymmetric(type))) {
    throw new InputError(
      "Powers of two are for scales of symmetric weights a channel or a tensor; leave scales free, or choose int8 or int4 without blocks.",
    );
  }
  if (rounding === "learned" && (block !== undefined || isAsymmetric(type))) {
    throw new InputError(
      "Rounding is learned of symmetric weights with a scale a channel; round to nearest, or choose int8 or int4 without blocks.",
    );
  }
}

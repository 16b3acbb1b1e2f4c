import { hasIntegerActivations, isTuned, multiplies, takesCodes, takesRanges, unsmoothable } from "../model/format.ts";
import { isSampled, isTunedForm, type Recipe, weightTypesOf } from "../model/recipe.ts";
import { isAlone, isAsymmetric, isCodebook } from "../values/codes.ts";

/** The sentence with which weights are refused that a recipe asks for and that do not go together; null where they do. */
export function formRefusal(
  recipe: Pick<Recipe, "format" | "weights" | "activations" | "corrections" | "float">,
): string | null {
  if (recipe.corrections.smoothing && !hasIntegerActivations(recipe)) {
    return unsmoothable(recipe.format);
  }
  const stored = storedRefusal(recipe);
  if (stored !== null) return stored;
  const mixed = float8Refusal(recipe);
  if (mixed !== null) return mixed;
  const { layers: _, ...weights } = recipe.weights;
  const types = weightTypesOf(recipe.weights);
  if (types.length > 1 && types.includes("nf4")) {
    return "Weights in nf4 are all so; give no layer another type, or choose another type for all.";
  }
  return types.map((type) => refusalOfOne({ ...recipe, weights: { ...weights, type } })).find(Boolean) ?? null;
}

/** Weights of layers in float are kept in codes beside others in codes. */
function storedRefusal({ format, weights, float }: Pick<Recipe, "format" | "weights" | "float">): string | null {
  const [layer, type] = Object.entries(float.storedAs ?? {})[0] ?? [];
  if (layer === undefined) return null;
  if (!isTuned({ format })) {
    return `The format ${format} has weights of layers in float as it has all of them; take ${layer} back, which is to be computed in float with its weights in ${type}.`;
  }
  const block = Object.entries(float.storedAs ?? {}).find((each) => each[1] === "int4");
  if (weights.scales === undefined || !block) return null;
  return `Weights in int4 of layers in float have free scales; leave powers of two out, or take ${block[0]} back.`;
}

/** float8 is weights and activations alike, and a format of its own. */
function float8Refusal({ format, weights, activations }: Pick<Recipe, "format" | "weights" | "activations">) {
  const types = [...weightTypesOf(weights), ...(takesRanges({ format }) ? [activations.type] : [])];
  if (format === "float8") {
    const other = types.find((type) => type !== "float8");
    if (other !== undefined) return `The format float8 has weights and activations in float8; take ${other} back.`;
    return weights.rounding === "nearest" ? null : "Weights in float8 are rounded to nearest; leave the rounding out.";
  }
  if (!types.includes("float8") || !takesCodes({ format })) return null;
  return `float8 is of weights and activations alike, and a format of its own; choose that in the place of ${format}.`;
}

function refusalOfOne(recipe: Pick<Recipe, "format" | "weights">): string | null {
  const { type, granularity, rounding, seed, scales, block, others, operator, algorithm } = recipe.weights;
  if (multiplies(recipe)) {
    if (isAlone(type)) {
      return `Weights in ${type} are for weights alone; choose int8 or int4, or leave activations in float (format "weights").`;
    }
    if (block !== undefined || operator !== undefined || algorithm !== undefined) {
      return 'Blocks of weights, their operator and their algorithm are for weights alone; leave them out, or leave activations in float (format "weights").';
    }
  }
  if (recipe.format === "q4f16") {
    if (type !== "uint4" && type !== "int4") {
      return `Weights of the format q4f16 are in 4 bits; choose uint4 or int4 in the place of ${type}.`;
    }
    if (operator !== "matmulnbits") {
      return "Weights of the format q4f16 are read by MatMulNBits; choose the operator matmulnbits.";
    }
  }
  if (isSampled(recipe.weights) && recipe.format !== "weights" && recipe.format !== "q4f16") {
    return `Codes are found on samples for the formats weights and q4f16; leave the algorithm ${algorithm} out, or choose one of these in the place of ${recipe.format}.`;
  }
  if (type === "nf4") {
    if (block === undefined) {
      return "Weights in nf4 are in blocks; choose a block of 16, 32, 64, 128 or 256 weights.";
    }
    if (operator !== undefined || algorithm !== undefined) {
      return "Weights in nf4 are read by MatMulBnb4 alone, and scaled by the largest of a block; leave the operator and the algorithm out.";
    }
  }
  if (isCodebook(type)) {
    if (block !== undefined || operator !== undefined || algorithm !== undefined || scales !== undefined) {
      return `Weights in ${type} are places in a table, with free scales by channel or tensor; leave block, operator, algorithm and powers of two out.`;
    }
    if (rounding !== "nearest")
      return `Weights in ${type} take the nearest entry of their table; leave the rounding out.`;
  }
  if (block === undefined) {
    if (others !== undefined) {
      return 'Other layers are told apart where weights are in blocks; choose a block of 16, 32, 64, 128 or 256 weights, or leave "others" out.';
    }
    if (operator === "matmulnbits") {
      return "MatMulNBits takes weights in blocks; choose a block of 16, 32, 64, 128 or 256 weights.";
    }
    if (algorithm !== undefined) {
      return `The algorithm ${algorithm} finds scales of blocks; choose a block of 16, 32, 64, 128 or 256 weights, or leave the algorithm out.`;
    }
  } else if (granularity === "tensor") {
    return "Blocks of weights have more scales than one a tensor; take scales by channel, which layers without blocks have then, or leave the block out.";
  }
  if (scales !== undefined && (block !== undefined || isAsymmetric(type))) {
    return "Powers of two are for scales of symmetric weights a channel or a tensor; leave scales free, or choose int8 or int4 without blocks.";
  }
  if (seed !== undefined && rounding !== "stochastic") {
    return "The seed is that of stochastic rounding; leave it out, or choose the rounding stochastic.";
  }
  if (rounding === "stochastic") {
    if (algorithm === "gptq") {
      return "GPTQ finds codes on samples, so that none is left to be drawn; round to nearest, or choose another algorithm.";
    }
    const nearest = [type, recipe.format].find((each) => each === "nf4" || each === "q4f16");
    if (nearest !== undefined) return `Weights of ${nearest} are rounded to nearest; leave the rounding out.`;
  }
  if (rounding === "finetuned" && !isTunedForm(recipe.weights)) {
    return "Fine-tuning is of weights in int4 with a free scale a channel; choose these, or round to nearest.";
  }
  if (rounding === "learned" && (block !== undefined || isAsymmetric(type))) {
    return "Rounding is learned of symmetric weights with a scale a channel; round to nearest, or choose int8 or int4 without blocks.";
  }
  return null;
}

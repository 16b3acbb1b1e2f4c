import { multiplies, takesCodes, takesRanges } from "../model/format.ts";
import type { Notice } from "../model/job.ts";
import { reasonText } from "../model/reason.ts";
import { type Recipe, weightTypeOf } from "../model/recipe.ts";
import { own } from "../model/record.ts";
import { DEFAULT_TARGET } from "../model/target.ts";
import { floatKernels } from "../plan/kernels.ts";
import type { LayerPlan, QuantizationPlan } from "../plan/plan.ts";
import { joins } from "../plan/regions.ts";
import { isCodebook, type WeightType, weightBits } from "../values/codes.ts";
import { interval, listed, plural } from "../values/figures.ts";
import { halfNotices } from "./halfNotices.ts";

type Choices = Pick<
  Recipe,
  "elementwise" | "unjoined" | "format" | "wide" | "float" | "weights" | "ranges" | "methods" | "spared" | "codes"
>;

/** Layers that a notice names one by one. */
const NAMED = 5;

/** What there is to say of a plan, and of what a recipe names that it lacks. */
export function planNotices(plan: QuantizationPlan, recipe: Choices): Notice[] {
  return [
    ...asked(plan, recipe),
    ...decided(plan, recipe),
    ...costly(plan),
    ...storedOnly(plan, recipe),
    ...withoutBlocks(plan),
    ...fewBits(plan, recipe),
    ...twoBits(plan, recipe),
    ...widened(plan, recipe),
    ...gates(plan, recipe),
    ...spared(plan),
    ...halfNotices(plan, recipe),
    ...unmatched(plan, recipe),
  ];
}

/** What a target asks for of a format, and where that is written. */
function asked({ target, half }: QuantizationPlan, { format }: Choices): Notice[] {
  if (target.id === DEFAULT_TARGET) return [];
  const elsewhere = `What is measured here is measured in ONNX Runtime on the processor, which computes what is written for ${target.name}, but not in its time.`;
  const messages = [
    ...target.rules
      .filter(({ formats }) => formats?.includes(format) !== false)
      .map(({ says, source }) => `${says} (${source})`),
    ...(target.isHere || half?.type === "bfloat16" ? [] : [elsewhere]),
  ];
  return messages.map((message) => ({ kind: "info", subject: target.id, message }));
}

/** What was decided of layers without weights. */
function decided({ layers }: QuantizationPlan, { elementwise, unjoined, format }: Choices): Notice[] {
  if (elementwise !== "auto" || unjoined === null || !takesRanges({ format })) return [];
  const inFloat = layers.filter(({ reason }) => reason?.code === "decided");
  const total = inFloat.length + layers.filter(joins).length;
  if (total === 0) return [];
  const operators = new Map<string, number>();
  for (const { operator } of inFloat) operators.set(operator, (operators.get(operator) ?? 0) + 1);
  const which = [...operators].map(([operator, times]) => `${times} ${operator}`).join(", ");
  const message =
    inFloat.length === 0
      ? `${total === 1 ? "The one layer without weights is" : `All ${total} layers without weights are`} quantized, as decided on calibration samples.`
      : `${inFloat.length} of ${plural(total, "layer")} without weights ${inFloat.length === 1 ? "stays" : "stay"} in float, as decided on calibration samples: ${which}.`;
  return [{ kind: "info", subject: "elementwise operators", message }];
}

/** Names the layers with weights that were left in float for the sake of the outputs. */
function costly({ layers }: QuantizationPlan): Notice[] {
  const found = layers
    .filter(({ reason }) => reason?.code === "costly")
    .map(({ id, operator }) => `${id} (${operator})`);
  if (found.length === 0) return [];
  const stay = found.length === 1 ? "stays" : "stay";
  const message = `${plural(found.length, "layer")} with weights ${stay} in float, as decided on calibration samples: in integers they cost the outputs much, and they multiply little: ${listed(found)}.`;
  return [{ kind: "info", subject: "costly layers", message }];
}

/** Names layers that are written in 8 bits and gain no speed by it; where all of a recipe are so, it was asked for. */
function storedOnly(plan: QuantizationPlan, { format, weights }: Choices): Notice[] {
  if (!multiplies({ format }) || !plan.target.multiplies.includes(weights.type)) return [];
  const stored = new Set(floatKernels(plan));
  const layers = plan.layers.filter(({ id, follower, reason }) => stored.has(id) && reason === null && !follower);
  if (layers.length === 0) return [];
  const named = layers.slice(0, NAMED).map(({ id, operator }) => `${id} (${operator})`);
  const more = layers.length > NAMED ? [`${layers.length - NAMED} more`] : [];
  const which = listed([...named, ...more]);
  const unsigned = unsignedKernels(plan, layers);
  const are = layers.length === 1 ? "is" : "are";
  const message =
    format === "dynamic"
      ? `${plural(layers.length, "layer")} ${are} stored in 8 bits and computed in float, where ${plan.target.name} has no quick integer kernel or one scale is too coarse for a product of activations: ${which}.`
      : `${plan.target.name} has no integer kernel for ${plural(layers.length, "layer")} that ${are} stored in 8 bits and computed in float: ${which}.${unsigned}`;
  return [{ kind: "info", subject: "computed in float", message }];
}

/** How many of the layers that are computed in float are not with the activations that a target multiplies quickest. */
function unsignedKernels(plan: QuantizationPlan, layers: readonly LayerPlan[]): string {
  const { written } = plan;
  if (written?.activations?.type !== "int8") return "";
  const activations = { ...written.activations, type: "uint8", symmetric: false } as const;
  const stored = new Set(floatKernels({ ...plan, written: { ...written, activations } }));
  const gained = layers.filter(({ id }) => !stored.has(id)).length;
  return gained === 0 ? "" : ` With asymmetric uint8 activations ${gained} of them would be computed in integers.`;
}

/** What is kept of layers that no blocks fit. */
function withoutBlocks({ layers }: QuantizationPlan): Notice[] {
  const found = layers.flatMap(({ operator, reason }) => (reason?.code === "no-blocks" ? [{ operator, reason }] : []));
  const [first] = found;
  if (!first) return [];
  const operators = listed([...new Set(found.map(({ operator }) => operator))]);
  const keep = found.length === 1 ? "keeps its weights" : "keep their weights";
  const message = `${plural(found.length, "layer")} that no blocks fit (${operators}) ${keep} in ${first.reason.type}: so few bits with a scale an output channel often leave noise. A layer that is given a type of its own has that.`;
  return [{ kind: "info", subject: "layers without blocks", message }];
}

/** Layers whose weights samples taught nothing. */
function untaught({ layers }: QuantizationPlan, { format, weights, codes }: Choices): LayerPlan[] {
  if (!takesCodes({ format }) || weights.rounding === "learned" || weights.rounding === "finetuned") return [];
  return layers.filter(({ id, reason, weight }) => reason === null && weight !== null && !own(codes ?? {}, id));
}

/** Weights of convolutions in few bits by the largest or the nearest alone. */
function fewBits(plan: QuantizationPlan, choices: Choices): Notice[] {
  const found = untaught(plan, choices).filter(
    ({ id, operator }) => isConvolution(operator) && isFew(weightTypeOf(choices.weights, id)),
  );
  if (found.length === 0) return [];
  const message = `${plural(found.length, "convolution")} in so few bits with a scale an output channel, rounded to nearest, often ${found.length === 1 ? "is" : "are"} noise; evaluate the file on samples. Learned rounding, or int8 for single layers, keeps more.`;
  return [{ kind: "warning", subject: "convolutions", message }];
}

/** The same of other layers, of which 2 bits alone leave little: 3 to 9 dB of weights that are spread normally. */
function twoBits(plan: QuantizationPlan, choices: Choices): Notice[] {
  const found = untaught(plan, choices).filter(
    ({ id, operator }) => !isConvolution(operator) && isTwo(weightTypeOf(choices.weights, id)),
  );
  if (found.length === 0) return [];
  const operators = listed([...new Set(found.map(({ operator }) => operator))]);
  const message = `${plural(found.length, "layer")} (${operators}) in 2 bits, rounded to nearest, often ${found.length === 1 ? "is" : "are"} noise; evaluate the file on samples. Codes found on samples (gptq), learned rounding, or int4, keep more.`;
  return [{ kind: "warning", subject: "2 bits", message }];
}

const isConvolution = (operator: string) => operator === "Conv" || operator === "ConvTranspose";
const isFew = (type: WeightType) => !isCodebook(type) && weightBits(type) < 8;
const isTwo = (type: WeightType) => weightBits(type) === 2;

function widened({ groups }: QuantizationPlan, { ranges }: Choices): Notice[] {
  return groups.flatMap(({ id, least }) => {
    if (!least || own(ranges, id)) return [];
    const message = `The range of ${id} holds ${interval(least)} at least: a Sigmoid or Tanh makes of it what the model gives, and samples need not show all of that.`;
    return [{ kind: "info", subject: id, message }];
  });
}

function gates({ groups }: QuantizationPlan, { ranges }: Choices): Notice[] {
  const whole = groups.filter((group) => group.whole && !own(ranges, group.id));
  if (whole.length === 0) return [];
  const what = whole.length === 1 ? `The range of ${whole[0]!.id} cuts` : `The ranges of ${whole.length} Sigmoids cut`;
  const message = `${what} nothing that samples show: what a gate rarely lets through is what it is there for.`;
  return [{ kind: "info", subject: whole[0]!.id, message }];
}

function spared({ layers }: QuantizationPlan): Notice[] {
  const reasons = layers.flatMap(({ reason }) => (reason?.code === "spared" ? [reason] : []));
  const byTensor = new Map(reasons.map((reason) => [reason.tensor, reason]));
  return [...byTensor].map(([tensor, reason]) => ({
    kind: "info",
    subject: tensor,
    message: `${tensor} stays in float: ${reasonText(reason)}.`,
  }));
}

function unmatched(plan: QuantizationPlan, recipe: Choices): Notice[] {
  const all = [...plan.layers, ...plan.stored.map(({ layer }) => layer)];
  const layers = new Set(all.map(({ id }) => id));
  const operators = new Set(all.map(({ operator }) => operator));
  const tensors = new Set(plan.layers.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]));
  const missing = (kind: string, names: readonly string[], known: ReadonlySet<string>): Notice[] =>
    names
      .filter((name) => !known.has(name))
      .map((name) => ({
        kind: "warning",
        subject: name,
        message: `The recipe leaves the ${kind} ${name} in float, but the prepared model has none of that name.`,
      }));
  return [
    ...missing(
      "layer",
      [...recipe.float.layers, ...(recipe.float.stored ?? []), ...Object.keys(recipe.float.storedAs ?? {})],
      layers,
    ),
    ...narrow(plan, recipe.wide ?? []),
    ...missing("operator", recipe.float.operators, operators),
    ...missing("tensor", recipe.float.tensors, tensors),
    ...withoutWeight(plan, Object.keys(recipe.weights.layers ?? {})),
    ...withoutGroup(plan, Object.keys(recipe.ranges), "a range"),
    ...withoutGroup(plan, Object.keys(recipe.methods), "a method"),
  ];
}

function narrow(plan: QuantizationPlan, names: readonly string[]): Notice[] {
  const layers = new Map(plan.layers.map((layer) => [layer.id, layer]));
  return names.flatMap((name): Notice[] => {
    const layer = layers.get(name);
    if (layer?.wide) return [];
    const why =
      layer === undefined
        ? "the prepared model has none of that name"
        : layer.follower
          ? "it is computed with the layer before it, which is the one to name"
          : layer.descriptor?.kind === "move" && layer.reason === null
            ? "it only moves values, which have the bits of the layer that makes them"
            : "it is computed in float";
    const message = `The recipe gives the layer ${name} 16 bits, which it has not: ${why}.`;
    return [{ kind: "warning", subject: name, message }];
  });
}

function withoutWeight(plan: QuantizationPlan, names: readonly string[]): Notice[] {
  const weighted = new Set(plan.layers.filter(({ weight }) => weight !== null).map(({ id }) => id));
  return names
    .filter((name) => !weighted.has(name))
    .map((name) => ({
      kind: "warning",
      subject: name,
      message: `The recipe gives the weight of ${name} a type of its own, which is not used: no quantized layer of that name has a weight.`,
    }));
}

function withoutGroup(plan: QuantizationPlan, names: readonly string[], what: string): Notice[] {
  const ids = new Set(plan.groups.map(({ id }) => id));
  return names
    .filter((name) => !ids.has(name))
    .map((name) => {
      const owner = plan.groupOf.get(name);
      const why = owner ? `it shares that of ${owner}; set it there` : "no quantized tensor of that name sets one";
      return {
        kind: "warning",
        subject: name,
        message: `The recipe gives ${name} ${what}, which is not used: ${why}.`,
      };
    });
}

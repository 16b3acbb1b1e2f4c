import { type RangeChoices, rangeOf, seenOf } from "../encode/ranges.ts";
import { seeksExtremes, takesRanges } from "../model/format.ts";
import type { Notice } from "../model/job.ts";
import { schemeOf } from "../model/range.ts";
import { type Recipe, weightTypeOf } from "../model/recipe.ts";
import { own } from "../model/record.ts";
import type { Statistics } from "../model/statistics.ts";
import { affineParameters } from "../numerics/affine.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { dimsOf } from "../onnx/tensor.ts";
import { type Coarse, coarseOf } from "../plan/coarse.ts";
import { VANISHES } from "../plan/halfLosses.ts";
import type { QuantizationPlan } from "../plan/plan.ts";
import { reachIn } from "../plan/reach.ts";
import { targetOf } from "../targets/index.ts";
import { floatCost } from "../values/codes.ts";
import { elementCount } from "../values/dims.ts";
import { significant } from "../values/figures.ts";
import { HALF_LARGEST, HALF_LEAST_NORMAL } from "../values/halfFloats.ts";
import { type OpenModel, planModel } from "./open.ts";

/** What leaving tensors in float may cost by default, as a share of the quantized file. */
const LARGEST_COST = 0.01;

/**
 * The tensors that stay in float by default, with what their scale would lose: where leaving one in float leaves it unrounded, and
 * all of them together cost less than a hundredth of the bytes. A range set by hand is a person's choice, and none of these.
 */
export function spareTensors(model: OpenModel, recipe: Recipe, statistics: Statistics): Record<string, string> {
  if (seeksExtremes(recipe)) return { ...tooSmall(model, statistics), ...tooLarge(statistics) };
  if (targetOf(recipe).floats !== "where it gains") return {};
  const spared = new Map<string, string>();
  const planWith = (tensors: ReadonlyMap<string, string>) =>
    planModel(model, { ...recipe, spared: Object.fromEntries(tensors) });
  const start = planWith(spared);
  const saved = savedBy(start, recipe);
  const most = LARGEST_COST * (model.bytes - saved);
  const tried = new Set<string>();
  for (let plan = start; ; ) {
    const found = coarseOf(plan, reachIn(plan, statistics), scalesIn(plan, recipe, statistics));
    const next = found.find(({ group }) => !tried.has(group));
    if (!next) return Object.fromEntries(spared);
    tried.add(next.group);
    const more = new Map(spared).set(next.group, next.lost);
    const after = planWith(more);
    const isDear = saved - savedBy(after, recipe) >= most;
    if (after.groupOf.has(next.group) || isDear || !helps(next, plan, after)) continue;
    spared.set(next.group, next.lost);
    plan = after;
  }
}

/** Tensors that a message names one by one. */
const NAMED = 5;

/**
 * Warns of what the scales of a plan are too coarse for and is not spared: for targets that leave nothing in float which has an integer
 * form, and where leaving it costs too much.
 */
export function coarseNotices(plan: QuantizationPlan, recipe: Recipe, statistics: Statistics): Notice[] {
  if (!takesRanges(recipe) || recipe.format === "float8") return [];
  const found = coarseOf(plan, reachIn(plan, statistics), scalesIn(plan, recipe, statistics));
  if (found.length === 0) return [];
  const parts = found.slice(0, NAMED).map(({ group, lost, reach, scale }) => {
    const left = reach < scale / 2 ? "vanishes in" : `has ${significant(reach / scale)} of`;
    return `${lost}, within ${significant(reach)}, ${left} the steps of ${significant(scale)} of ${group}`;
  });
  const more = found.length > NAMED ? `; and ${found.length - NAMED} more` : "";
  const fixed = new Set(plan.groups.flatMap((each) => (each.fixed ? [each.id] : [])));
  const byHand = found.some(({ group }) => !fixed.has(group))
    ? ', or set a range by hand ("ranges" in the recipe)'
    : "";
  const scales =
    found.length === 1
      ? "1 scale is too coarse for part of what it holds"
      : `${found.length} scales are too coarse for part of what they hold`;
  const message = `${scales}: ${parts.join("; ")}${more}. Make what is large smaller in the model (a mask of -100 hides as well as one of -3e38)${byHand}.`;
  return [{ kind: "warning", subject: "coarse scales", message }];
}

/** Samples need not show the largest values that there are. */
const HALF_MARGIN = 2;

/** The tensors that were seen with values near or above the largest float16. */
function tooLarge(statistics: Statistics): Record<string, string> {
  const found = [...statistics].filter(([, { min, max }]) => HALF_MARGIN * Math.max(-min, max) > HALF_LARGEST);
  return Object.fromEntries(found.map(([name]) => [name, name]));
}

/** The inputs and outputs that were seen with nothing but values that float16 holds in part, or as 0. */
function tooSmall({ folded }: OpenModel, statistics: Statistics): Record<string, string> {
  const ends = new Set([...(folded.graph?.input ?? []), ...(folded.graph?.output ?? [])].map(({ name }) => name));
  const found = [...statistics].filter(([name, { min, max }]) => {
    const largest = Math.max(-min, max);
    return ends.has(name) && largest > 0 && largest < HALF_LEAST_NORMAL;
  });
  return Object.fromEntries(found.map(([name]) => [name, VANISHES]));
}

/** The scales of the groups that a person has not set. */
function scalesIn({ groups }: QuantizationPlan, recipe: Recipe, statistics: Statistics) {
  const byId = new Map(groups.map((group) => [group.id, group]));
  return (id: string, above: number): number | null => {
    const group = byId.get(id);
    const seen = group && seenOf(group, statistics);
    if (!group || !seen || (own(recipe.ranges, id) && !group.fixed)) return null;
    const scaleUnder = (choices: RangeChoices) =>
      affineParameters(rangeOf(group, seen, choices).range, schemeOf(group, recipe.activations)).scale;
    // No method reaches beyond what was seen, and finding what one reaches takes long.
    const widest = { ...recipe, method: "minmax", methods: {} } as const;
    return scaleUnder(widest) <= above ? null : scaleUnder(recipe);
  };
}

/** Bytes that a plan's weights are smaller by. */
function savedBy({ layers, index }: QuantizationPlan, { weights }: Pick<Recipe, "weights">): number {
  const saved = new Map(
    layers.flatMap(({ weight, id }) => (weight ? [[weight, floatCost(weightTypeOf(weights, id))]] : [])),
  );
  return [...saved].reduce((sum, [name, bytes]) => sum + bytes * elementCount(dimsOf(index.initializer(name)!)), 0);
}

/**
 * Whether it gains that a tensor stays in float: where layers with weights that read it have to as well, only for what a Concat joins or
 * is lost as a whole, since of a sum they read no more than what 8 bits hold of the largest operand. What a layer with weights makes stays in
 * float only where its kernel gives that.
 */
function helps({ group, lost }: Coarse, before: QuantizationPlan, after: QuantizationPlan): boolean {
  const maker = makerOf(group, before);
  const weighted = before.layers.filter(({ descriptor, reason }) => descriptor?.kind === "weighted" && reason === null);
  if (weighted.some(({ node }) => node === maker) && !before.target.givesFloat.has(maker!.opType)) return false;
  const isPart = maker?.input.includes(lost) ?? false;
  const stay = new Set(after.layers.flatMap(({ id, reason }) => (reason === null ? [id] : [])));
  return !isPart || maker?.opType === "Concat" || weighted.every(({ id }) => stay.has(id));
}

/** The node that computes a tensor, before the followers fused to it. */
function makerOf(tensor: string, plan: QuantizationPlan): NodeProto | undefined {
  const followers = new Map(plan.layers.flatMap(({ node, follower }) => (follower ? [[node, follower] as const] : [])));
  for (let at = tensor; ; ) {
    const node = plan.index.producer(at);
    const follower = node && followers.get(node);
    const read = follower?.kind === "sum" ? follower.taken : node?.input.find((name) => plan.index.producer(name));
    if (!follower || read === undefined) return node;
    at = read;
  }
}

import { METHODS, type Method, type Range } from "../../engine/model/range.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import { own } from "../../engine/model/record.ts";
import type { RangeGroup } from "../../engine/model/summary.ts";
import { rangeWithin } from "../../engine/values/clamp.ts";
import { analyseGroup } from "./estimates.ts";
import { alarmFor } from "./log.ts";
import { adoptMethod, selected, setRange } from "./recipe.ts";
import { studio } from "./store.ts";

export type Handle = "low" | "high";

/** What keeps a handle from going where it is pulled. */
export interface Limits {
  readonly symmetric: boolean;
  /** What a Relu or Clip before the group lets through; null where nothing bounds it. */
  readonly bounds: Range | null;
}

/** One press of a key moves a handle by this share of the range. */
const NUDGE = 1 / 128;

/** A range with one handle moved to `value`: no handle crosses zero or its bound, and a symmetric range stays so. */
export function moveHandle(range: Range, handle: Handle, value: number, { symmetric, bounds }: Limits): Range {
  const free = bounds ?? { low: -Infinity, high: Infinity };
  if (symmetric) {
    const pulled = Math.max(0, handle === "low" ? -value : value);
    const size = Math.min(pulled, Math.max(-free.low, free.high));
    return { low: -size, high: size };
  }
  return { ...range, [handle]: rangeWithin({ low: value, high: value }, free)[handle] };
}

/** A range with one handle moved by a number of small steps. */
export function stepHandle(range: Range, handle: Handle, steps: number, limits: Limits): Range {
  const step = (range.high - range.low) * NUDGE * steps;
  return moveHandle(range, handle, range[handle] + step, limits);
}

/** The range that a recipe gives a group, as its handles show it; null where it is not settled. */
export function rangeIn({ resolved, ranges, activations }: Recipe, group: string): Range | null {
  const range = own(resolved ?? {}, group) ?? own(ranges, group);
  if (!range || !activations.symmetric) return range ?? null;
  const size = Math.max(-range.low, range.high);
  return { low: -size, high: size };
}

/**
 * Edits the range of a group as the recipe has it at this moment. What is drawn may be older: several keys can be
 * pressed before one of them is.
 */
function editRange(group: string | null, change: (range: Range, limits: Limits) => Range): void {
  const { project, results } = studio.getState();
  const { recipe, model } = project;
  const figures = group === null ? undefined : results.overview.get(group);
  if (!recipe || !model || group === null || !figures || figures.source === "fixed") return;
  const { present } = recipe;
  const range = rangeIn(present, group) ?? figures.figures.range;
  setRange(group, change(range, limitsOf(present.activations.symmetric, model.plan.groups, group)));
}

/** What limits the handles of a group. */
export function limitsOf(symmetric: boolean, groups: readonly RangeGroup[], group: string): Limits {
  return { symmetric, bounds: groups.find(({ id }) => id === group)?.bounds ?? null };
}

/** Moves a handle by steps: of the selected tensor where no group is named. */
export function nudgeHandle(handle: Handle, steps: number, group = selected().group): void {
  editRange(group, (range, limits) => stepHandle(range, handle, steps, limits));
}

/** Puts a handle of a group at a value. */
export function placeHandle(handle: Handle, value: number, group: string): void {
  editRange(group, (range, limits) => moveHandle(range, handle, value, limits));
}

/** Gives the selected tensor the method after the one it has. */
export async function nextMethod(): Promise<void> {
  const { group } = selected();
  const source = group ? studio.getState().results.overview.get(group)?.source : undefined;
  if (!group || !source || source === "fixed") return;
  await chooseMethod(group, METHODS[(METHODS.indexOf(source as Method) + 1) % METHODS.length]!);
}

/** Gives a group a method, with the range that the method comes to. */
export async function chooseMethod(group: string, method: Method): Promise<void> {
  const { recipe } = studio.getState().project;
  if (!recipe) return;
  try {
    const { marks } = await analyseGroup(group, recipe.present, null);
    const mark = marks.find((entry) => entry.method === method);
    if (mark) adoptMethod(group, method, mark.figures.range);
  } catch (error) {
    alarmFor(error, "Changing the method");
  }
}

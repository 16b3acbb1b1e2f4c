import { METHODS, type Method, type Range } from "../../engine/model/range.ts";
import { alarmFor } from "./log.ts";
import { adoptMethod, selected, setRange } from "./recipe.ts";
import { studio } from "./store.ts";
import { analysis } from "./workers.ts";

export type Handle = "low" | "high";

/** One press of a key moves a handle by this share of the range. */
const NUDGE = 1 / 128;

/** A range with one handle moved to `value`: no handle crosses zero, and a symmetric range stays so. */
export function moveHandle(range: Range, handle: Handle, value: number, symmetric: boolean): Range {
  const moved = handle === "low" ? Math.min(0, value) : Math.max(0, value);
  if (symmetric) return { low: -Math.abs(moved), high: Math.abs(moved) };
  return { ...range, [handle]: moved };
}

/** A range with one handle moved by a number of small steps. */
export function stepHandle(range: Range, handle: Handle, steps: number, symmetric: boolean): Range {
  const step = (range.high - range.low) * NUDGE * steps;
  return moveHandle(range, handle, range[handle] + step, symmetric);
}

/** Moves a handle of the selected tensor by steps, for the keys. */
export function nudgeHandle(handle: Handle, steps: number): void {
  const { recipe, overview } = studio.getState();
  const { group } = selected();
  const figures = group ? overview.get(group) : undefined;
  if (!recipe || !group || !figures || figures.source === "fixed") return;
  const range = recipe.present.ranges[group] ?? figures.figures.range;
  setRange(group, stepHandle(range, handle, steps, recipe.present.activations.symmetric));
}

/** Gives the selected tensor the method after the one it has. */
export async function nextMethod(): Promise<void> {
  const { group } = selected();
  const source = group ? studio.getState().overview.get(group)?.source : undefined;
  if (!group || !source || source === "fixed") return;
  await chooseMethod(group, METHODS[(METHODS.indexOf(source as Method) + 1) % METHODS.length]!);
}

/** Gives a group a method, with the range that the method comes to. */
export async function chooseMethod(group: string, method: Method): Promise<void> {
  const { recipe } = studio.getState();
  if (!recipe) return;
  try {
    const { marks } = await analysis.ask((api) => api.analyse(group, recipe.present, null));
    const mark = marks.find((entry) => entry.method === method);
    if (mark) adoptMethod(group, method, mark.figures.range);
  } catch (error) {
    alarmFor(error, "Changing the method");
  }
}

import { withCorrections, withGranularity } from "../../engine/recipe/edits.ts";
import { calibrate } from "../state/calibrate.ts";
import { evaluate } from "../state/evaluate.ts";
import { exportFiles } from "../state/export.ts";
import { editRecipe } from "../state/recipe.ts";
import type { StudioState } from "../state/slices/studio.ts";
import { actions, studio } from "../state/store.ts";
import { culpritOf, isCalibrated, isRuined } from "./steps.ts";

const PATIENCE_MS = 20_000;

/** What “Do it for me” does at each step of TOUR; what a step builds on is done with it where it is missing. */
export const PERFORM: readonly (() => Promise<void> | void)[] = [
  calibrated,
  () => evaluatedPer("channel"),
  () => choose("tensor"),
  () => evaluatedPer("tensor"),
  selectCulprit,
  () => {},
  () => choose("channel"),
  () => evaluatedPer(isRuined(studio.getState()) ? "channel" : null),
  async () => {
    actions.stepChosen("export");
    await exportFiles();
  },
  () => {},
];

async function calibrated(): Promise<void> {
  if (!isCalibrated(studio.getState())) {
    actions.stepChosen("calibrate");
    await calibrate();
  }
  if (isCalibrated(studio.getState())) actions.tuneViewOpened("layer");
}

async function evaluatedPer(granularity: "channel" | "tensor" | null): Promise<void> {
  if (granularity) choose(granularity);
  await idle();
  if (!isCalibrated(studio.getState())) await calibrated();
  if (isCalibrated(studio.getState())) await evaluate();
}

function choose(granularity: "channel" | "tensor"): void {
  editRecipe("weights", (before) => {
    const plain = before.corrections.equalization ? withCorrections(before, { equalization: false }) : before;
    return withGranularity(plain, granularity);
  });
}

async function selectCulprit(): Promise<void> {
  const culprit = await until(culpritOf, PATIENCE_MS);
  if (culprit) actions.layerPointedAt(culprit.layer);
}

/** Waits for the end of the running job. */
export async function idle(): Promise<void> {
  await until((state) => (state.work.job === null ? true : null), Infinity);
}

/** What the state comes to show, or null when it did not in good time. */
function until<T>(find: (state: StudioState) => T | null, patience: number): Promise<T | null> {
  return new Promise((resolve) => {
    const settle = (found: T | null) => {
      stop();
      clearTimeout(timer);
      resolve(found);
    };
    const look = (state: StudioState) => {
      const found = find(state);
      if (found !== null) settle(found);
    };
    const stop = studio.subscribe(look);
    const timer = Number.isFinite(patience) ? setTimeout(() => settle(null), patience) : undefined;
    look(studio.getState());
  });
}

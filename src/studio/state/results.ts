import type { Calibration } from "../../../workers/protocol.ts";
import type { Evaluation } from "../../engine/model/evaluation.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import { database } from "./database.ts";
import { calibrationFingerprint } from "./fingerprint.ts";
import { guarded } from "./persistence.ts";
import { nameOf, uniqueName } from "./resultNames.ts";
import { studio } from "./store.ts";

/** A finished evaluation that was kept, with what it came from. */
export interface StoredResult {
  readonly id: string;
  /** Of the model. */
  readonly sha256: string;
  readonly name: string;
  /** When it was measured: milliseconds since 1970. */
  readonly date: number;
  /** Resolved. */
  readonly recipe: Recipe;
  /** How many samples, from the first, were to calibrate; the rest was judged. */
  readonly samples: number;
  /** Of the files of the samples (state/fingerprint.ts). */
  readonly fingerprint: string;
  readonly calibration: { readonly fingerprint: string; readonly observed: number; readonly skipped: number };
  readonly evaluation: Evaluation;
  /** Whether it is among those side by side. */
  readonly shown: boolean;
}

interface Measured extends Pick<StoredResult, "recipe" | "samples" | "fingerprint" | "evaluation"> {
  readonly calibration: Calibration;
}

/** Keeps a finished evaluation of the open model. */
export async function addResult({ calibration, ...measured }: Measured): Promise<void> {
  const { sha256 } = measured.recipe.model;
  const fingerprint = await calibrationFingerprint(calibration);
  const { model, results } = studio.getState();
  if (model?.summary.sha256 !== sha256) return;
  const names = results.map(({ name }) => name);
  await keep({
    ...measured,
    id: crypto.randomUUID(),
    sha256,
    name: uniqueName(nameOf(measured.recipe), names),
    date: Date.now(),
    calibration: { fingerprint, observed: calibration.observed.length, skipped: calibration.skipped.length },
    shown: true,
  });
}

/** Brings back the results kept of a model. */
export async function loadResults(sha256: string): Promise<void> {
  await guarded(async () => {
    const stored = await (await database()).getAllFromIndex("results", "sha256", sha256);
    if (studio.getState().model?.summary.sha256 === sha256) studio.setState(({ results }) => placed(results, stored));
  });
}

/** Names a result; a name that another has gets a number, and an empty one changes nothing. */
export async function renameResult(id: string, name: string): Promise<void> {
  const { results } = studio.getState();
  const result = results.find((entry) => entry.id === id);
  const wanted = name.trim();
  if (!result || wanted === "" || wanted === result.name) return;
  const others = results.filter((entry) => entry.id !== id).map((entry) => entry.name);
  await keep({ ...result, name: uniqueName(wanted, others) });
}

/** Puts a result side by side with the others, or takes it away from there. */
export async function showResult(id: string, shown: boolean): Promise<void> {
  const result = studio.getState().results.find((entry) => entry.id === id);
  if (result) await keep({ ...result, shown });
}

export async function deleteResult(id: string): Promise<void> {
  studio.setState(({ results }) => ({ results: results.filter((entry) => entry.id !== id) }));
  await guarded(async () => (await database()).delete("results", id));
}

/** Keeps a result, new, changed or deleted before, in the state and in this browser. */
export async function keep(result: StoredResult): Promise<void> {
  studio.setState(({ results }) => placed(results, [result]));
  await guarded(async () => {
    await (await database()).put("results", result);
  });
}

function placed(before: readonly StoredResult[], later: readonly StoredResult[]) {
  const byId = new Map([...before, ...later].map((result) => [result.id, result]));
  return { results: [...byId.values()].sort((a, b) => b.date - a.date) };
}

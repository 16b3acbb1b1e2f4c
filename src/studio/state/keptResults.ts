import type { Calibration } from "../../../workers/protocol.ts";
import type { Evaluation } from "../../engine/model/evaluation.ts";
import type { QuantizedBeside } from "../../engine/model/quantizedFile.ts";
import { database } from "./database.ts";
import { calibrationFingerprint } from "./fingerprint.ts";
import { nameOf, uniqueName } from "./resultNames.ts";
import { actions, studio } from "./store.ts";
import { type OwnResult, RESULT, type StoredResult } from "./stored.ts";
import { sound } from "./storedCheck.ts";
import { guarded, put, removePut, storing } from "./storing.ts";

interface Measured extends Pick<OwnResult, "recipe" | "samples" | "fingerprint" | "evaluation"> {
  readonly calibration: Calibration;
}

/** Keeps a finished evaluation of the open model. */
export async function addResult({ calibration, ...measured }: Measured): Promise<void> {
  const { sha256 } = measured.recipe.model;
  const fingerprint = await calibrationFingerprint(calibration);
  await keepNew(sha256, nameOf(measured.recipe), {
    ...measured,
    calibration: { fingerprint, observed: calibration.observed.length, skipped: calibration.skipped.length },
  });
}

interface Judged extends Pick<StoredResult, "samples" | "fingerprint"> {
  /** Of the float model. */
  readonly sha256: string;
  readonly evaluation: Evaluation;
}

/** Keeps what a quantized file of any tool was judged to be beside the open model. */
export function addFileResult({ file, recovery }: QuantizedBeside, { sha256, ...measured }: Judged): Promise<void> {
  const { name, producer } = file;
  const judged = { name, sha256: file.sha256, producer, differences: recovery.differences.length };
  return keepNew(sha256, name, { ...measured, recipe: recovery.recipe, calibration: null, file: judged });
}

async function keepNew(
  sha256: string,
  name: string,
  measured: Omit<StoredResult, "id" | "sha256" | "name" | "date" | "shown">,
): Promise<void> {
  const { project, results } = studio.getState();
  if (project.model?.summary.sha256 !== sha256) return;
  const names = results.kept.map((result) => result.name);
  const own = { id: crypto.randomUUID(), sha256, name: uniqueName(name, names), date: Date.now(), shown: true };
  await keep({ ...measured, ...own });
}

/** Brings back the results kept of a model. */
export async function loadResults(sha256: string): Promise<void> {
  await guarded(async () => {
    const all = await (await database()).getAllFromIndex("results", "sha256", sha256);
    const stored = all.filter((result) => sound(RESULT, result, `result ${JSON.stringify(result.name)}`));
    if (studio.getState().project.model?.summary.sha256 === sha256) actions.resultsKept(stored);
  });
}

/** Names a result; a name that another has gets a number, and an empty one changes nothing. */
export async function renameResult(id: string, name: string): Promise<void> {
  const { kept } = studio.getState().results;
  const result = kept.find((entry) => entry.id === id);
  const wanted = name.trim();
  if (!result || wanted === "" || wanted === result.name) return;
  const others = kept.filter((entry) => entry.id !== id).map((entry) => entry.name);
  await keep({ ...result, name: uniqueName(wanted, others) });
}

/** Puts a result side by side with the others, or takes it away from there. */
export async function showResult(id: string, shown: boolean): Promise<void> {
  const result = studio.getState().results.kept.find((entry) => entry.id === id);
  if (result) await keep({ ...result, shown });
}

export async function deleteResult(id: string): Promise<void> {
  const sha256 = studio.getState().project.model?.summary.sha256 ?? "";
  actions.resultDeleted(id);
  await storing({ store: "results", sha256, id }, () => removePut("results", id));
}

/** Keeps a result, new, changed or deleted before, in the state and in this browser. */
export async function keep(result: StoredResult): Promise<void> {
  actions.resultsKept([result]);
  await storing({ store: "results", sha256: result.sha256, id: result.id }, () => put("results", result));
}

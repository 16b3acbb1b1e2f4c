import type { Calibration } from "../../../workers/protocol.ts";
import type { Diagnosis } from "../../engine/model/culprit.ts";
import type { Finding } from "../../engine/model/diagnosis.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import type { ErrorWalk, Sensitivity } from "../../engine/model/sensitivity.ts";
import type { ModelSummary } from "../../engine/model/summary.ts";
import { isApplied } from "../../engine/recipe/remedies.ts";
import { afterRest } from "./afterRest.ts";
import { sensitivityIsStale, walkIsStale } from "./figures.ts";
import { sameFinding } from "./findings.ts";
import { latestOnly } from "./latest.ts";
import type { Row } from "./layers.ts";
import { say } from "./log.ts";
import type { Results } from "./slices/results.ts";
import type { StudioState } from "./slices/studio.ts";
import { actions, studio } from "./store.ts";
import { engine } from "./workers.ts";

/** Rests between a change and the next diagnosis, so that a run of changes costs one. */
const REST_MS = 200;

interface Question {
  readonly plan: ModelSummary;
  readonly calibration: Calibration;
  readonly recipe: Recipe;
  readonly measured: { readonly sensitivity: Sensitivity | null; readonly walk: ErrorWalk | null };
}

/** Whose statistics the engine was given last: they are sent again only for another calibration or further groups. */
let given: { readonly calibration: Calibration; readonly groups: ReadonlySet<string> } | null = null;
const askSoon = afterRest(askNow, REST_MS);

const diagnose = latestOnly(
  async (question: Question): Promise<Diagnosis | null> => {
    const { plan, calibration, recipe, measured } = question;
    const ask = (statistics: Calibration | null) =>
      engine
        .ask((api) => api.diagnose(recipe, statistics, measured))
        .catch((error: Error) => {
          if (isAsked(question)) throw error;
          return null;
        });
    const isGiven = given?.calibration === calibration && plan.groups.every(({ id }) => given?.groups.has(id));
    const known = isGiven ? await ask(null) : null;
    if (known) return known;
    const groups = new Set(plan.groups.map(({ id }) => id));
    const found = await ask(withGroupsOnly(calibration, groups));
    given = { calibration, groups };
    return found;
  },
  (found, question) => {
    const { recipe, calibration } = question;
    if (found && isAsked(question)) actions.diagnosed({ ...found, recipe, calibration });
  },
  (error) => say("warning", `The diagnosis could not be brought up to date: ${(error as Error).message}`),
);

/** Keeps the diagnosis in step with recipe, calibration and what was measured. Returns how to stop it. */
export function startDiagnosis(): () => void {
  askSoon();
  return studio.subscribe((state, before) => {
    const { project, results, work } = state;
    if (results.evaluation !== before.results.evaluation && results.applied.length > 0) actions.remediesEvaluated();
    const changed =
      project.recipe?.present !== before.project.recipe?.present ||
      project.calibration !== before.project.calibration ||
      project.model?.plan !== before.project.model?.plan ||
      ((results.sensitivity !== before.results.sensitivity || results.walk !== before.results.walk) &&
        work.job === null);
    const jobEnded = before.work.job !== null && work.job === null;
    if (changed || jobEnded) askSoon();
  });
}

/**
 * Asks, unless samples are still being observed: the end of every job asks again. Nothing is asked of a large model, all of whose weights
 * would be read beside what else reads them.
 */
function askNow(): void {
  const state = studio.getState();
  const { model, calibration, recipe } = state.project;
  const { diagnosis, sensitivity, walk } = state.results;
  const { job } = state.work;
  if (!model || model.large || !calibration || !recipe) return;
  if (job && diagnosis?.calibration !== calibration) return;
  diagnose({
    plan: model.plan,
    calibration,
    recipe: recipe.present,
    measured: {
      sensitivity: sensitivity && !sensitivityIsStale(state) ? sensitivity.result : null,
      walk: walk && !walkIsStale(state) ? walk.result : null,
    },
  });
}

function isAsked({ recipe, calibration }: Question): boolean {
  const { project } = studio.getState();
  return project.recipe?.present === recipe && project.calibration === calibration;
}

function withGroupsOnly(calibration: Calibration, groups: ReadonlySet<string>): Calibration {
  return { ...calibration, statistics: new Map([...calibration.statistics].filter(([name]) => groups.has(name))) };
}

/** Whether recipe or calibration are others than those diagnosed. */
export function diagnosisIsStale({ project: { recipe, calibration }, results: { diagnosis } }: StudioState): boolean {
  return diagnosis?.recipe !== recipe?.present || diagnosis?.calibration !== calibration;
}

/** Findings applied since the last evaluation, as far as the recipe still has their remedy and they are not found anew. */
export function appliedFindings(
  { applied, diagnosis }: Pick<Results, "applied" | "diagnosis">,
  recipe: Recipe,
): readonly Finding[] {
  return applied.filter(
    (finding) =>
      finding.remedy &&
      isApplied(recipe, finding.remedy.edit) &&
      !diagnosis?.findings.some((found) => sameFinding(found, finding)),
  );
}

/** The layers whose findings a row shows: its own, and those of layers fused with it. */
export function layersOf(row: Row, rows: readonly Row[]): ReadonlySet<string> {
  return new Set([row.id, ...rows.filter(({ fusedWith }) => fusedWith === row.id).map(({ id }) => id)]);
}

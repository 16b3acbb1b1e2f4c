import type { Calibration } from "../../../../workers/protocol.ts";
import type { GroupFigures } from "../../../engine/model/analysis.ts";
import type { Recipe } from "../../../engine/model/recipe.ts";
import { withOthers } from "../../../engine/recipe/change.ts";
import type { Origin } from "../../../engine/recipe/derivations.ts";
import { amend, edit } from "../history.ts";
import { judged } from "../verdict.ts";
import { type Host, NO_HOST } from "./host.ts";
import { NO_PROJECT, observedAnew, type Project } from "./project.ts";
import { NO_RESULTS, type Probed, type Results } from "./results.ts";
import type { Changes } from "./slice.ts";
import { FIRST_LOOK, firstView, type View } from "./view.ts";
import { type Alert, NO_WORK, NOTHING_MEASURED, type Work } from "./work.ts";

export interface StudioState {
  readonly project: Project;
  readonly work: Work;
  readonly results: Results;
  readonly view: View;
  readonly host: Host;
}

export function firstState(): StudioState {
  return { project: NO_PROJECT, work: NO_WORK, results: NO_RESULTS, view: firstView(), host: NO_HOST };
}

/**
 * All of one model goes: the project, its results, what is measured of it and how it is looked at. What was said stays, and
 * what this browser remembers.
 */
function withoutModel({ work, view }: StudioState): Omit<StudioState, "host"> {
  return {
    project: NO_PROJECT,
    work: { ...work, ...NOTHING_MEASURED },
    results: NO_RESULTS,
    view: { ...view, ...FIRST_LOOK },
  };
}

/** What is known of a model as it is opened: of the file, and of the session with it that goes on. */
export interface Opened {
  readonly project: Partial<Project>;
  readonly results: Partial<Results>;
  readonly view: Partial<View>;
}

/** What changes several slices at once. */
export const studioChanges = {
  /** Alerts that came before the model was opened go with what was open then. */
  modelOpened: (state, earlier: readonly Alert[], opened: Opened) => {
    const { project, work, results, view } = withoutModel(state);
    return {
      project: { ...project, ...opened.project },
      work: { ...work, alerts: work.alerts.filter((alert) => !earlier.includes(alert)) },
      results: { ...results, ...opened.results },
      view: { ...view, ...opened.view },
    };
  },
  modelClosed: withoutModel,
  everythingDeleted: (state) => {
    const { work, view, ...others } = withoutModel(state);
    return {
      ...others,
      view: { ...view, encryption: null },
      work: { ...work, job: null, log: [], alerts: [], sessions: [], keptModels: [] },
    };
  },
  /**
   * Samples were observed, of the data `calibratedOn`. What followed from what `changed` since the last time is to be learned
   * again, and `looksElsewhere` leaves the row to the estimates.
   */
  calibrated: (
    { project, view },
    calibration: Calibration,
    calibrationTime: number | null,
    calibratedOn: string,
    changed: readonly Origin[],
    looksElsewhere: boolean,
  ) => {
    const { recipe: before } = project;
    const recipe = before && observedAnew(before, changed);
    const present = recipe && withOthers(recipe.present, [...changed, "statistics"]);
    return {
      project: {
        ...{ ...project, calibration, calibrationTime, calibratedOn, begun: null },
        recipe: present && amend(recipe, present),
      },
      view: looksElsewhere ? { ...view, layer: null } : view,
    };
  },
  calibrationImported: ({ project, view }, calibration: Calibration, present: Recipe, label: string, time: number) => ({
    project: {
      ...project,
      calibration,
      calibrationTime: null,
      calibratedOn: null,
      recipe: project.recipe && edit(observedAnew(project.recipe, ["statistics"]), present, label, time),
    },
    view: { ...view, step: "tune" },
  }),
  /** `worst` is looked at where no row is chosen yet. */
  estimated: ({ results, view }, overview: ReadonlyMap<string, GroupFigures>, worst: string | null) => ({
    results: { ...results, overview },
    view: { ...view, layer: view.layer ?? worst },
  }),
  probeFinished: ({ results, work }, probed: Probed) => ({
    results: { ...results, probed },
    work: { ...work, probing: null },
  }),
  /** The top-1 drop allowed, as a share; the last evaluation is judged by it. */
  limitChosen: ({ results, view }, limit: number) => {
    const { evaluation } = results;
    return {
      results: {
        ...results,
        evaluation: evaluation && { ...evaluation, result: judged(evaluation.result, limit) },
      },
      view: { ...view, limit },
    };
  },
} satisfies Changes<StudioState>;

import { type Door, proxy } from "../../../workers/client.ts";
import type { Calibration, EngineApi, OnProgress, Underway } from "../../../workers/protocol.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import { isObservedAlike, withScalingOf } from "../../engine/recipe/scaling.ts";
import { keepingOf } from "./keeping.ts";
import type { Begun, Project } from "./slices/project.ts";
import { actions, studio } from "./store.ts";
import { allStored } from "./storing.ts";

type OfSamples = Pick<Begun, "calibratedOn" | "samples">;

/** What the engine is asked for so that it settles a recipe from where an earlier run came to; how far it comes is kept. */
export function settling(recipe: Recipe, calibration: Calibration | null, of: OfSamples) {
  const { execution } = studio.getState().view;
  const keeping = keepingOf({ sha256: recipe.model.sha256, changed: [], recipe: null, ...of });
  const onCheckpoint = proxy((underway: Underway) => {
    if (studio.getState().work.job) actions.settlingAdvanced({ ...underway, ...of });
    return allStored();
  });
  const seen = () => begunFor(studio.getState().project, of)?.calibration?.observed.length ?? 0;
  return {
    run: (api: Door<EngineApi>, report: OnProgress) => {
      const resume = begunFor(studio.getState().project, of);
      return api.settle(recipe, of.samples, calibration, resume, execution, keeping, report, onCheckpoint);
    },
    resumesAt: () => (seen() > 0 ? `from ${seen()} of ${of.samples} samples` : "from the first sample"),
  };
}

function begunFor({ begun }: Pick<Project, "begun">, { calibratedOn, samples }: OfSamples): Underway | null {
  if (!begun || begun.calibratedOn !== calibratedOn || begun.samples !== samples) return null;
  return { recipe: begun.recipe, calibration: begun.calibration };
}

/** What was observed of the model as a recipe scales it before its settling ended, from which that goes on; null where nothing was. */
export function begunWith(recipe: Recipe, { begun, data, samples }: Pick<Project, "begun" | "data" | "samples">) {
  const underway = data && begunFor({ begun }, { calibratedOn: data.samplesFingerprint, samples });
  if (!underway?.calibration) return null;
  return isObservedAlike(withScalingOf(recipe, underway.recipe), underway.recipe) ? underway.calibration : null;
}

import type { Calibration } from "../model/calibration.ts";
import type { Diagnosis } from "../model/culprit.ts";
import type { Recipe } from "../model/recipe.ts";
import type { ErrorWalk, Sensitivity } from "../model/sensitivity.ts";
import { culpritsOf } from "../tuning/culprits.ts";
import { Diagnosis as Examination } from "../tuning/diagnosis.ts";
import { suggestionsForAll } from "../tuning/forAll.ts";
import { type OpenModel, planModel } from "./open.ts";
import { assertCalibrated, assertRecipeFor, isCalibratedFor } from "./quantize.ts";

/** How long others in the same thread, such as a job or its cancel, wait at most for a turn, milliseconds. */
const TURN_MS = 30;

/** What was measured under the very recipe that is diagnosed; null where nothing was. */
export interface Measured {
  readonly sensitivity: Sensitivity | null;
  readonly walk: ErrorWalk | null;
}

export const UNMEASURED: Measured = { sensitivity: null, walk: null };

/** Says why layers of an open model lose and what to do, and keeps what it worked out for the next time. */
export class Diagnostician {
  readonly #model: OpenModel;
  readonly #diagnosis = new Examination();
  #calibration: Calibration | null = null;

  constructor(model: OpenModel) {
    this.#model = model;
  }

  /**
   * Findings and the one list of culprits under a recipe, worst first: see docs/diagnosis.md. Statistics can be large, so a calibration of null stands
   * for the one given before; the answer is null where none was. "unseen" is for a recipe that brought its ranges: only weights are looked at. Statistics of a model that was not equalized as the
   * recipe asks, or of samples preprocessed otherwise, do not fit, and only weights are then looked at. Throws
   * InputError when recipe or calibration are another model's.
   */
  async diagnose(
    recipe: Recipe,
    calibration: Calibration | null | "unseen",
    { sensitivity, walk }: Measured = UNMEASURED,
  ): Promise<Diagnosis | null> {
    assertRecipeFor(this.#model, recipe);
    const seen = calibration === "unseen" ? null : (calibration ?? this.#calibration);
    if (calibration !== "unseen") {
      if (calibration) assertCalibrated(this.#model, calibration);
      this.#calibration = seen;
      if (!seen) return null;
    }
    const { float } = recipe;
    const plan = planModel(this.#model, recipe);
    const steps = this.#diagnosis.diagnose({
      plan,
      recipe,
      statistics: seen && isCalibratedFor(recipe, seen) ? seen.statistics : new Map(),
      sensitivity,
      planWithout: (layer) =>
        planModel(this.#model, { ...recipe, float: { ...float, layers: [...float.layers, layer] } }),
      planWithoutTensor: (tensor) =>
        planModel(this.#model, { ...recipe, float: { ...float, tensors: [...float.tensors, tensor] } }),
    });
    let started = performance.now();
    for (;;) {
      const step = steps.next();
      if (step.done) {
        const { findings, health } = step.value;
        const layers = plan.layers.filter(({ precision }) => precision !== "float32").map(({ id }) => id);
        const forAll = suggestionsForAll(plan, recipe);
        const culprits = culpritsOf({ layers, findings, health, sensitivity, walk, forAll });
        const weights = [...health].flatMap(([layer, { weights }]) =>
          weights === null ? [] : [[layer, weights] as const],
        );
        return { findings, culprits, weightSqnr: new Map(weights) };
      }
      if (performance.now() - started < TURN_MS) continue;
      await new Promise((resolve) => setTimeout(resolve));
      started = performance.now();
    }
  }
}

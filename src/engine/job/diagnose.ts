import type { Calibration } from "../model/calibration.ts";
import type { Finding } from "../model/diagnosis.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Sensitivity } from "../model/sensitivity.ts";
import { Diagnosis } from "../tuning/diagnosis.ts";
import { type OpenModel, planModel } from "./open.ts";
import { assertCalibrated, assertRecipeFor, isCalibratedFor } from "./quantize.ts";

/** How long others in the same thread, such as a job or its cancel, wait at most for a turn, milliseconds. */
const TURN_MS = 30;

/** Says why layers of an open model lose and what to do, and keeps what it worked out for the next time. */
export class Diagnostician {
  readonly #model: OpenModel;
  readonly #diagnosis = new Diagnosis();
  #calibration: Calibration | null = null;

  constructor(model: OpenModel) {
    this.#model = model;
  }

  /**
   * Findings under a recipe, worst first: see docs/diagnosis.md. Statistics can be large, so a calibration of null stands
   * for the one given before; the answer is null where none was. Statistics of a model that was not equalized as the
   * recipe asks, or of samples preprocessed otherwise, do not fit, and only weights are then looked at. `sensitivity` was measured under this recipe. Throws
   * InputError when recipe or calibration are another model's.
   */
  async diagnose(
    recipe: Recipe,
    calibration: Calibration | null,
    sensitivity: Sensitivity | null,
  ): Promise<readonly Finding[] | null> {
    assertRecipeFor(this.#model, recipe);
    if (calibration) assertCalibrated(this.#model, calibration);
    this.#calibration = calibration ?? this.#calibration;
    if (!this.#calibration) return null;
    const { statistics } = this.#calibration;
    const { float } = recipe;
    const steps = this.#diagnosis.diagnose({
      plan: planModel(this.#model, recipe),
      recipe,
      statistics: isCalibratedFor(recipe, this.#calibration) ? statistics : new Map(),
      sensitivity,
      planWithout: (layer) =>
        planModel(this.#model, { ...recipe, float: { ...float, layers: [...float.layers, layer] } }),
      planWithoutTensor: (tensor) =>
        planModel(this.#model, { ...recipe, float: { ...float, tensors: [...float.tensors, tensor] } }),
    });
    let started = performance.now();
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
      if (performance.now() - started < TURN_MS) continue;
      await new Promise((resolve) => setTimeout(resolve));
      started = performance.now();
    }
  }
}

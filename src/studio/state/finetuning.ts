import { proxy } from "../../../workers/client.ts";
import { type FineTuning, hasGained, teachingOf } from "../../engine/model/finetuning.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import type { LossPoint, Rounding } from "../../engine/model/rounding.ts";
import { basisOf, isCurrent } from "../../engine/recipe/basis.ts";
import { digestOf } from "../../engine/recipe/digest.ts";
import { withFineTuning, withRounding } from "../../engine/recipe/edits.ts";
import { joinPrints } from "../../engine/recipe/prints.ts";
import { plural } from "../../engine/values/figures.ts";
import { runJob } from "./jobs.ts";
import { say } from "./log.ts";
import { lossShower } from "./lossShower.ts";
import { editRecipe, isBusy, resolveRecipe } from "./recipe.ts";
import { takeStep } from "./remedySteps.ts";
import { adoptRounding, knownRounding, learn, readyToLearn, roundingIsStale, roundingSamples } from "./rounding.ts";
import type { StudioState } from "./slices/studio.ts";
import { awaitedOf, factsOf, presentOf } from "./steps.ts";
import { actions, studio } from "./store.ts";
import { isRefused } from "./taken.ts";

export const FINE_TUNING = "Fine-tuning";

/** Whether weights are of a form that is tuned. */
export function isTunable(recipe: Recipe): boolean {
  return !isRefused(recipe, fineTuned(recipe));
}

function fineTuned(recipe: Recipe): Recipe {
  return recipe.weights.rounding === "finetuned" ? recipe : withRounding(recipe, "finetuned", null);
}

/** Whether what was tuned is of other weights, scales, activations or samples than those at hand. */
export function fineTuningIsStale(state: StudioState): boolean {
  const { finetuning } = state.results;
  const present = presentOf(factsOf(state));
  if (!finetuning || !present.recipe) return false;
  return !isCurrent("codes", finetuning.basis, { ...present, recipe: fineTuned(present.recipe) });
}

export function isWhollyTuned({ layerwise, blocks, wanted }: FineTuning): boolean {
  return layerwise.judged !== null && blocks.length >= wanted;
}

/** How far it is, in words. */
export function tunedText({ layerwise, blocks, wanted }: FineTuning): string {
  const { layers, judged } = layerwise;
  if (!judged) return `${layers.length} of ${plural(layerwise.wanted, "layer")}`;
  if (wanted === 0) return plural(layers.length, "layer");
  return `${plural(layers.length, "layer")} and ${blocks.length < wanted ? `${blocks.length} of ` : ""}${plural(wanted, "block")}`;
}

/** Whether the recipe has the codes and biases of this result. */
export function fineTuningIsAdopted({ project: { recipe }, results: { finetuning } }: StudioState): boolean {
  const used = recipe?.present;
  if (!finetuning || used?.weights.rounding !== "finetuned" || !used.codes || !used.biases) return false;
  const { codes, biases } = finetuning.result;
  return digestOf(used.codes) === digestOf(codes) && digestOf(used.biases) === digestOf(biases);
}

/** What a run that was ended came to, where the next one can go on from it. */
export function resumableTuning(state: StudioState): FineTuning | null {
  const { finetuning } = state.results;
  if (!finetuning || fineTuningIsStale(state) || isWhollyTuned(finetuning.result)) return null;
  const { samples, steps, rounding } = finetuning.asked;
  const from = roundingToTune(state);
  const isAsked = samples === roundingSamples(state) && steps === state.view.tuningSteps;
  return isAsked && from && rounding === roundingDigest(from) ? finetuning.result : null;
}

/**
 * Tunes codes, scales, zero points and biases, layer by layer and then of several layers together, from learned rounding on, which is learned
 * first where it is not known, and takes what gained into the recipe as one step of undo: learned rounding alone where nothing did. A run that is
 * ended keeps its layers and blocks, and the next goes on from them.
 */
export async function fineTune(): Promise<void> {
  if (isBusy(studio.getState().work) || !readyToLearn(FINE_TUNING)) return;
  const teaching = teachingOf(roundingSamples(studio.getState()));
  const rounding = roundingToTune(studio.getState()) ?? (await learn(teaching));
  if (!rounding) return;
  if (roundingIsStale(studio.getState())) {
    say("warning", "The recipe changed meanwhile, so nothing is tuned from what was learned.");
    return;
  }
  const ready = readyToLearn(FINE_TUNING);
  if (!ready) return;
  const { data, calibration, model } = ready;
  const resolved = await resolveRecipe(calibration);
  if (!resolved) return;
  const recipe = { ...fineTuned(resolved), codes: null, biases: null };
  const basis = basisOf("codes", { recipe, data: data.fingerprint });
  const now = studio.getState();
  const asked = { samples: roundingSamples(now), steps: now.view.tuningSteps, rounding: roundingDigest(rounding) };
  let last = resumableTuning(now);
  const isOpen = () => studio.getState().project.model?.file === model.file;
  const show = (tuned: FineTuning) => {
    const result = { ...tuned, prints: joinPrints(rounding.prints, tuned.prints) };
    last = result;
    if (isOpen()) actions.fineTuned({ result, basis, asked });
  };
  const shower = lossShower(FINE_TUNING);
  const onPoint = proxy((layers: readonly string[], point: LossPoint) => shower(blockName(layers), point));
  const onBlock = proxy(show);
  const result = await runJob({
    task: FINE_TUNING,
    on: `the first ${plural(asked.samples, "sample")}`,
    run: (api, report) =>
      api.fineTune(
        recipe,
        {
          samples: asked.samples,
          steps: asked.steps,
          from: { rounding: rounding.rounding, biases: rounding.biases },
          resume: last,
        },
        report,
        onPoint,
        onBlock,
      ),
    resumesAt: () => `from ${last ? tunedText(last) : "the first layer"}`,
  });
  actions.learningEnded();
  if (!isOpen()) return;
  if (!result) {
    if (last) say("info", `${tunedText(last)} fine-tuned, which are kept.`);
    return;
  }
  show(result);
  const kept = result.blocks.filter((block) => block.kept).length;
  const layers = result.layerwise.judged?.kept ? "Fine-tuning gained" : "Fine-tuning gained nothing";
  say("info", `${layers} layer by layer on samples held out; ${kept} of ${plural(result.wanted, "block")} gained.`);
  const present = studio.getState().project.recipe?.present;
  if (fineTuningIsStale(studio.getState())) {
    say("warning", "The recipe changed meanwhile, so it does not have what was tuned yet.");
  } else if (hasGained(result) || present?.weights.rounding === "finetuned") adoptFineTuning();
  else if (present?.weights.rounding !== "learned" || awaitedOf(present)) adoptRounding();
}

/** What tuning goes on from: rounding that has not seen the samples held out; null where none was learned so. */
export function roundingToTune(state: StudioState): Rounding | null {
  const known = knownRounding(state);
  return known && known.samples <= teachingOf(roundingSamples(state)) ? known : null;
}

function roundingDigest({ rounding, biases }: Pick<Rounding, "rounding" | "biases">): string {
  return `${digestOf(rounding)} ${digestOf(biases)}`;
}

/** The layers of a block in words. */
export function blockName(layers: readonly string[]): string {
  return layers.length > 1 ? `${layers[0]} to ${layers.at(-1)}` : (layers[0] ?? "");
}

/** Gives the recipe what was tuned, as one step of undo that is listed with what it gains. */
export function adoptFineTuning(): void {
  const { finetuning } = studio.getState().results;
  if (finetuning) takeStep("fine-tuning", null, (recipe) => withFineTuning(recipe, finetuning.result));
}

function isKnown(state: StudioState): boolean {
  const { finetuning } = state.results;
  return finetuning !== null && !fineTuningIsStale(state) && isWhollyTuned(finetuning.result);
}

/** Fine-tuned weights: at once where they are known, else asked for. */
export function chooseFineTuning(): void {
  if (isKnown(studio.getState())) adoptFineTuning();
  else editRecipe("rounding", fineTuned);
}

/** Fine-tuned weights: at once where they are known, else once they are tuned. */
export async function takeFineTuning(): Promise<void> {
  if (isKnown(studio.getState())) adoptFineTuning();
  else await fineTune();
}

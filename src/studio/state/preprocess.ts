import type { Preprocess } from "../../engine/model/preprocess.ts";
import type { PreprocessFinding, PreprocessTrial } from "../../engine/model/preprocessFinding.ts";
import { isDisproved } from "../../engine/model/preprocessFinding.ts";
import { withPreprocess } from "../../engine/recipe/edits.ts";
import { sameValue } from "../../engine/recipe/text.ts";
import { plural, significant } from "../../engine/values/figures.ts";
import { say } from "./log.ts";
import { editRecipe } from "./recipe.ts";
import type { Project } from "./slices/project.ts";
import type { TriedPreprocess } from "./slices/results.ts";
import type { StudioState } from "./slices/studio.ts";
import { actions } from "./store.ts";

type Tried = Pick<StudioState, "project" | "results">;

/** Whether there are labels to tell by, or a preprocessing that was only assumed. */
export function isComparable(project: Pick<Project, "data" | "recipe">): boolean {
  const { data, recipe } = project;
  return data !== null && recipe !== null && (data.summary.labelled > 0 || isAssumed(project));
}

function isAssumed({ data, recipe }: Pick<Project, "data" | "recipe">): boolean {
  const { assumed = null, preprocess = null } = data?.summary ?? {};
  return assumed !== null && sameValue(recipe?.present.preprocess ?? null, preprocess);
}

/** What was tried beside the preprocessing and on the data at hand; null before that. */
export function triedNow({ project, results }: Tried): TriedPreprocess | null {
  const { triedPreprocess: tried } = results;
  const isNow =
    tried &&
    tried.data === project.data?.fingerprint &&
    sameValue(tried.preprocess, project.recipe?.present.preprocess ?? null);
  return isNow ? tried : null;
}

/** Whether the labels say that no limit can be judged: they are off by one, or the preprocessing was assumed and is another. */
export function isDisprovedNow(state: Tried): boolean {
  const finding = triedNow(state)?.finding;
  return finding ? isDisproved(finding, isAssumed(state.project)) : false;
}

/** Takes what trying other preprocessings came to; what speaks against the one in use is said in the log too. */
export function preprocessTried(tried: TriedPreprocess): void {
  actions.preprocessTried(tried);
  const { finding } = tried;
  if (finding?.better || finding?.shifted) say("warning", triedText(tried).join(" "));
}

export function adoptPreprocess(preprocess: Preprocess): void {
  editRecipe("preprocessing", (recipe) => withPreprocess(recipe, preprocess));
}

/** What trying came to, in sentences. */
export function triedText({ finding, failure }: TriedPreprocess): readonly string[] {
  if (failure !== null) return [`Other preprocessings could not be tried: ${failure}`];
  if (!finding)
    return ["Nothing tells: it takes an output of class scores, and labels that are classes of this model."];
  const { shifted, labelShift, samples } = finding;
  const labels = shifted
    ? [
        `The labels seem to be off by one: with ${labelShift > 0 ? "1 added to" : "1 taken from"} each the mean log-probability of the label is ${significant(shifted.to)}, and ${significant(shifted.from)} as they are, on ${plural(samples, "sample")} (p < 0.01); give them so.`,
      ]
    : [];
  return [...labels, comparisonText(finding)];
}

function comparisonText({ by, better, isConfirmed, inUse, samples, trials }: PreprocessFinding): string {
  const on = `on ${plural(samples, by === "labels" ? "labelled sample" : "sample")}`;
  if (better) {
    const whose = by === "labels" ? "the label" : "the likeliest class";
    const figures = `mean log-probability of ${whose} ${significant(better.logProbability)} against ${significant(inUse.logProbability)} ${on} (p < 0.01)`;
    return by === "labels"
      ? `The float model answers better with ${nameOf(better)}: ${figures}.`
      : `A hint and no more, without labels to tell by: the float model answers more sharply with ${nameOf(better)}: ${figures}.`;
  }
  if (isConfirmed) return `Of ${trials.length} preprocessings this one answers best ${on} (p < 0.01).`;
  return `Cannot tell: of ${plural(trials.length, "preprocessing")} tried ${on} none is better than this one by more than chance (p < 0.01), nor this one than all others.`;
}

function nameOf({ preset, preprocess }: PreprocessTrial): string {
  if (preset || !preprocess) return preset ?? "what they are";
  const { color, layout, scale, mean, std } = preprocess;
  return `${color}, ${layout}, scale ${significant(scale)}, mean ${mean.join(", ")} and std ${std.join(", ")}`;
}

import type { Notice } from "../src/engine/model/job.ts";
import type { PreprocessFinding, PreprocessTrial } from "../src/engine/model/preprocessFinding.ts";
import { plural, significant } from "../src/engine/values/figures.ts";

const TEST = "p < 0.01";

/** What trying other preprocessings had to say; of one that a person gave, only what stands against it. */
export function preprocessNotices(finding: PreprocessFinding, assumed: boolean): Notice[] {
  const { by, better, isConfirmed, trials, samples } = finding;
  const warn = (subject: string, message: string): Notice => ({ kind: "warning", subject, message });
  const notices = finding.shifted ? [warn("labels", shiftText(finding, finding.shifted))] : [];
  if (better)
    return [
      ...notices,
      warn("preprocessing", by === "labels" ? betterText(finding, better, assumed) : hintText(finding, better)),
    ];
  if (!assumed || by !== "labels" || isConfirmed) return notices;
  const message = `${plural(samples, "labelled sample")} cannot tell whether the preset that is assumed is the right one: of the ${trials.length} preprocessings tried none answers better (${TEST}), and it does not answer better than all others.`;
  return [...notices, { kind: "info", subject: "preprocessing", message }];
}

function betterText({ samples, inUse }: PreprocessFinding, better: PreprocessTrial, assumed: boolean): string {
  const figures = `mean log-probability of the label ${significant(better.logProbability)} against ${significant(inUse.logProbability)} on ${plural(samples, "labelled sample")} (${TEST})`;
  const what = assumed
    ? `give it, or ${optionOf(inUse)} to keep what is assumed`
    : "give it in place of what was given where the model was trained so";
  return `The float model answers better with ${optionOf(better)}: ${figures}; ${what}.`;
}

function hintText({ samples, inUse }: PreprocessFinding, better: PreprocessTrial): string {
  const figures = `mean log-probability of the likeliest class ${significant(better.logProbability)} against ${significant(inUse.logProbability)} on ${plural(samples, "sample")} (${TEST})`;
  return `A hint and no more, without labels to tell by: the float model answers more sharply with ${optionOf(better)}: ${figures}; see how the model was trained, or give labels.`;
}

function shiftText({ samples, labelShift }: PreprocessFinding, { from, to }: { from: number; to: number }): string {
  const change = labelShift > 0 ? "1 added to" : "1 taken from";
  return `The labels seem to be off by one: with ${change} each the mean log-probability of the label is ${significant(to)}, and ${significant(from)} as they are, on ${plural(samples, "labelled sample")} (${TEST}); give them so, as the model's output counts its classes.`;
}

function optionOf({ preset, preprocess }: PreprocessTrial): string {
  return preset ? `--preprocess ${preset}` : `--preprocess FILE.json that holds ${JSON.stringify(preprocess)}`;
}

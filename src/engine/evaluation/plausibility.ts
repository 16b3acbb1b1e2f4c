import type { Notice } from "../model/job.ts";
import { percent } from "../values/shares.ts";

/** How a float model does on labelled samples. */
export interface FloatScores {
  readonly classes: number;
  readonly samples: number;
  /** Share of samples whose label it ranks first. */
  readonly accuracy: number;
  /** Mean probability of the class it ranks first. */
  readonly confidence: number;
}

const LEAST_SAMPLES = 10;
const OVERCONFIDENCE = 0.4;

/**
 * Asks about the preprocessing when the float model itself does badly, so that quantizing is not blamed for it. It is
 * near chance: top-1 within three standard deviations of three times 1/classes. Or it is sure of what it gets wrong, as
 * with inputs of another scale: its mean probability exceeds its top-1 by over 0.4. Null below 10 samples, which
 * prove nothing.
 */
export function floatNotice({ classes, samples, accuracy, confidence }: FloatScores): Notice | null {
  if (samples < LEAST_SAMPLES) return null;
  const chance = Math.min(3 / classes, 1);
  const bound = Math.min(chance + 3 * Math.sqrt((chance * (1 - chance)) / samples), 0.5);
  const right = `The float model itself is right on ${percent(accuracy)} of ${samples} samples`;
  const advice = "is the normalisation right, and do the labels belong to this model?";
  const warn = (why: string): Notice => ({
    kind: "warning",
    subject: "float accuracy",
    message: `${right}, ${why}: ${advice}`,
  });
  if (accuracy <= bound) return warn(`near chance for ${classes} classes`);
  if (confidence - accuracy > OVERCONFIDENCE) return warn(`though ${percent(confidence)} sure of its answers`);
  return null;
}

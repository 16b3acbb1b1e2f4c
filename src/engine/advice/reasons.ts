import type { AdvisedChoice, AdvisedSettings, ModelKind } from "../model/advice.ts";
import { FORMAT_WORDS, takesCodes, takesRanges } from "../model/format.ts";
import { scalesOf } from "../model/recipe.ts";
import type { Target, TargetRule } from "../targets/target.ts";
import { plural } from "../values/figures.ts";
import { decibel } from "../values/units.ts";
import type { AdviceFacts } from "./facts.ts";
import {
  AT_RUN_TIME,
  BLOCKS,
  DECIDED,
  FROM_SAMPLES,
  FRONT_END,
  HALVES,
  isMeasured,
  KEPT_IN_FLOAT,
  QUARTERS,
  type Reference,
  UNSIGNED,
} from "./references.ts";

/** What is done beside what the target sets. */
export type Form = "target" | "front" | "dynamic" | "stored" | "blocks" | "halves" | "quarters";

const NAMES: Readonly<Record<Form, string>> = {
  target: "what the target sets",
  front: "the spectrogram in float",
  dynamic: "scales found as the model runs",
  stored: "weights in 8 bits, computed in float",
  blocks: "weights in blocks of 4 bits",
  halves: "float16",
  quarters: "weights in 4 bits, all else in float16",
};

/** A recipe to be considered, and why it is made so. */
export interface Option {
  readonly name: string;
  readonly settings: AdvisedSettings;
  readonly choices: readonly AdvisedChoice[];
}

type Reason = Pick<AdvisedChoice, "why" | "basis">;

/** A recipe with a reason for each of its choices. */
export function reasonsFor(form: Form, settings: AdvisedSettings, facts: AdviceFacts): Option {
  const choices = [
    { setting: "Format", value: FORMAT_WORDS[settings.format], ...formatReason(form, facts) },
    ...(takesCodes(settings) ? [weightChoice(form, settings, facts)] : []),
    ...(takesRanges(settings) && form !== "stored" ? roundedChoices(settings, facts) : []),
    ...floatChoices(form, settings),
  ];
  return { name: NAMES[form], settings, choices };
}

function formatReason(form: Form, { kinds, target, base }: AdviceFacts): Reason {
  const main = kinds[0]?.kind ?? "other";
  if (form === "dynamic") return measured(AT_RUN_TIME[main]) ?? untried(main);
  if (form === "stored") return WIDENED;
  if (form === "blocks") return measured(BLOCKS)!;
  if (form === "halves") return measured(HALVES)!;
  if (form === "quarters") return measured(QUARTERS)!;
  const known = target.isHere && base.format === "qdq" ? FROM_SAMPLES[main] : null;
  return measured(known) ?? ruleOf(target, "format");
}

function untried(kind: ModelKind): Reason {
  return {
    why: "Scales found as the model runs take no data and follow each sample; what they gain and take here is not known before it is measured.",
    basis: isMeasured(kind)
      ? "No figure: they were no better on the models of this kind that were measured (docs/advice.md)."
      : "No figure: no model of this kind was measured (docs/advice.md).",
  };
}

const WIDENED: Reason = {
  why: "Nothing but weights is rounded: the runtime makes them float as it loads the file, which has a quarter of the bytes.",
  basis: "No figure: it is how the file is made (docs/quantizer.md).",
};

/** The target's rule that a choice follows from; where none says it, that it is what the target begins with. */
function ruleOf(
  { name, rules }: Pick<Target, "name" | "rules">,
  choice: NonNullable<TargetRule["settles"]>[number],
): Reason {
  const rule = rules.find(({ settles }) => settles?.includes(choice));
  if (rule) return { why: rule.says, basis: `It is a rule of the target: ${rule.source}` };
  return {
    why: `It is what ${name} is given where nothing else is chosen.`,
    basis: "No figure: it is the target's default (docs/targets.md).",
  };
}

function measured(reference: Reference | null | undefined): Reason | null {
  return reference ? { why: reference.says, basis: `Measured on ${reference.on}; not on this model.` } : null;
}

function weightChoice(form: Form, { weights }: AdvisedSettings, { loss, target }: AdviceFacts): AdvisedChoice {
  const choice = { setting: "Weights", value: `${weights.type}, ${scalesOf(weights)}` };
  if (form === "blocks") return { ...choice, ...measured(BLOCKS)! };
  if (form === "quarters") return { ...choice, ...measured(QUARTERS)! };
  if (!loss || weights.block !== undefined) return { ...choice, ...ruleOf(target, "weights") };
  const [own, instead] =
    weights.granularity === "channel" ? (["channel", "tensor"] as const) : (["tensor", "channel"] as const);
  const only = target.granularities.length === 1 ? `, but ${target.name} takes one a ${own} alone` : "";
  return {
    ...choice,
    why: `The layer that loses most keeps ${decibel(loss[own])} of its weights with a scale a ${own}, and ${decibel(loss[instead])} with one a ${instead}${only}.`,
    basis: "Worked out on this model's weights, every output channel counting the same.",
  };
}

const ELEMENTWISE_WORDS = { auto: "decided on samples", join: "all in integers", float: "in float" } as const;

function roundedChoices({ activations, elementwise }: AdvisedSettings, { target }: AdviceFacts): AdvisedChoice[] {
  const { type, symmetric } = activations;
  const isUnsigned = target.isHere && type === "uint8" && !symmetric;
  return [
    {
      setting: "Activations",
      value: `${type}, ${symmetric ? "symmetric" : "asymmetric"}`,
      ...((isUnsigned ? measured(UNSIGNED) : null) ?? ruleOf(target, "activations")),
    },
    {
      setting: "Layers without weights",
      value: ELEMENTWISE_WORDS[elementwise],
      ...((elementwise === "auto" ? measured(DECIDED) : null) ?? ruleOf(target, "elementwise")),
    },
  ];
}

function floatChoices(form: Form, { float }: AdvisedSettings): AdvisedChoice[] {
  const names = [...(float.stored ?? []), ...float.layers];
  if (names.length === 0) return [];
  const stored = float.stored?.length ? ", weights in int8" : "";
  if (form !== "stored")
    return [{ setting: "In float", value: `${names.join(", ")}${stored}`, ...measured(FRONT_END)! }];
  const value = `all ${plural(names.length, "layer")} with weights${stored}`;
  return [{ setting: "In float", value, ...measured(KEPT_IN_FLOAT)! }];
}

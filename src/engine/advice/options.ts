import type { AdvisedSettings } from "../model/advice.ts";
import { multiplies } from "../model/format.ts";
import type { Recipe, WeightScheme } from "../model/recipe.ts";
import type { Target } from "../targets/target.ts";
import type { AdviceFacts } from "./facts.ts";
import { type Form, type Option, reasonsFor } from "./reasons.ts";
import { AT_RUN_TIME } from "./references.ts";

export interface Options {
  /** The first is what choosing the target sets. */
  readonly options: readonly Option[];
  /** The one to take where nothing is measured. */
  readonly preferred: number;
}

/** Blocks of 4 bits that MatMulNBits multiplies: what the format q4f16 has where nothing else is chosen. */
const QUARTERS: WeightScheme = {
  type: "uint4",
  granularity: "channel",
  rounding: "nearest",
  block: 32,
  operator: "matmulnbits",
};

/**
 * The recipes that are right for a kind of model on a target, by what was measured on models of that kind (docs/advice.md), each
 * choice with its reason; those that the target does not take are left out. The same facts give the same options.
 */
export function optionsFor(facts: AdviceFacts): Options {
  const { base, target, kinds, weighted } = facts;
  const main = kinds[0]?.kind ?? "other";
  const options: Option[] = [];
  let preferred = 0;
  const add = (form: Form, settings: AdvisedSettings, isPreferred: boolean) => {
    if (isPreferred) preferred = options.length;
    options.push(reasonsFor(form, settings, facts));
  };
  add("target", settingsOf(base), true);
  const apart = frontApart(facts);
  const start = apart ? { ...settingsOf(base), float: { ...base.float, ...apart } } : settingsOf(base);
  if (apart) add("front", start, true);
  if (base.format === "qdq" && target.formats.includes("dynamic") && weighted.length > 0) {
    add("dynamic", { ...start, format: "dynamic" }, AT_RUN_TIME[main] !== undefined);
  }
  if (base.format === "qdq" && keepsStored(target) && weighted.length > 0) {
    const float = { ...base.float, stored: weighted };
    add("stored", { ...settingsOf(base), elementwise: "float", float }, false);
  }
  if (base.format !== "weights" && main === "decoder" && target.blocks && target.isHere && weighted.length > 0) {
    const weights = { ...QUARTERS, others: "wider" } as const;
    add("blocks", { ...settingsOf(base), format: "weights", weights }, false);
  }
  if (base.format === "weights" && main === "decoder") {
    if (target.formats.includes("float16")) add("halves", { ...settingsOf(base), format: "float16" }, true);
    if (target.formats.includes("q4f16")) {
      add("quarters", { ...settingsOf(base), format: "q4f16", weights: QUARTERS }, false);
    }
  }
  return { options, preferred };
}

/** Whether what is computed in float may keep its weights in 8 bits, which the runtime widens as it loads the file. */
function keepsStored({ isHere, storesOthers }: Target): boolean {
  return isHere && storesOthers;
}

/** What is to be computed in float of a spectrogram; null where nothing is, or the target takes nothing in float. */
function frontApart({ frontEnd, base, target, weighted }: AdviceFacts): Partial<Recipe["float"]> | null {
  if (!frontEnd?.isLogarithmic || !multiplies(base) || target.floats === "never") return null;
  const layers = frontEnd.layers.filter((layer) => weighted.includes(layer));
  if (layers.length === 0) return null;
  return keepsStored(target) ? { stored: layers } : { layers };
}

function settingsOf({ target, format, activations, weights, float, elementwise }: Recipe): AdvisedSettings {
  return { ...(target && { target }), format, activations, weights, float, elementwise };
}

import { LAYER_FORM_WORDS } from "../model/layerForm.ts";
import type { Corrections } from "../model/recipe.ts";
import type { Decision } from "../model/tuning.ts";
import type { WeightType } from "../values/codes.ts";

/** A decision about layers, and not about the whole recipe. */
export type LayerDecision = Exclude<Decision, { readonly kind: "corrections" }>;

/** Where a decision takes layers, in words; `type` is that of all weights, and `isBack` whether they had it before. */
export function destination(decision: LayerDecision, type: WeightType, isBack: boolean): string {
  if (decision.kind === "form" && decision.form !== null) return LAYER_FORM_WORDS[decision.form];
  if (isBack) return `back to ${type}`;
  return decision.kind === "weights" ? `in ${decision.type}` : "left in float";
}

/** The corrections worth trying: as given, then with bias correction, with equalization, and with both. */
export function correctionsFrom(given: Corrections): Corrections[] {
  const bias = given.bias === "none" ? "empirical" : given.bias;
  const all: readonly Corrections[] = [
    given,
    { ...given, bias },
    { ...given, equalization: true },
    { ...given, equalization: true, bias },
  ];
  return all.filter((corrections, i) => all.findIndex((other) => sameCorrections(other, corrections)) === i);
}

export function sameCorrections(a: Corrections, b: Corrections): boolean {
  return a.equalization === b.equalization && a.bias === b.bias;
}

export function gainedWords(corrections: Corrections, given: Corrections): string {
  const names = [
    ...(corrections.equalization === given.equalization ? [] : ["equalization"]),
    ...(corrections.bias === given.bias ? [] : [`${corrections.bias} bias correction`]),
  ];
  return `with ${names.join(" and ")}`;
}

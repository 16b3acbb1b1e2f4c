import type { Culprits } from "../model/culprit.ts";
import { type Remedy, remedyWords } from "../model/diagnosis.ts";
import { LAYER_FORM_WORDS } from "../model/layerForm.ts";
import { METHOD_WORDS } from "../model/range.ts";
import type { Corrections } from "../model/recipe.ts";
import type { Decision } from "../model/tuning.ts";
import type { WeightType } from "../values/codes.ts";
import { plural } from "../values/figures.ts";

/** A decision about layers, and not about the whole recipe. */
export type LayerDecision = Extract<Decision, { readonly layers: readonly string[] }>;

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

/** One step of a rescue: the remedies that are taken at once, and what they do in words. */
export interface RescueStep {
  readonly remedies: readonly Remedy[];
  readonly label: string;
}

/**
 * What the list of culprits recommends, in its order, and then what there is for all layers: each remedy once, ranges as one step. Layers
 * that are to be left in float are none of them: as few as keep the limit are found once nothing else does; nor is learned
 * rounding, which is of the recipe that is found.
 */
export function rescueSteps({ list, forAll }: Pick<Culprits, "list" | "forAll">): RescueStep[] {
  const recommended = [...list.flatMap(({ remedy }) => remedy ?? []), ...forAll].map(({ edit }) => edit);
  const byKey = new Map(recommended.map((edit) => [keyOf(edit), edit]));
  const ranges = [...byKey.values()].filter(({ kind }) => kind === "method");
  const steps = [...byKey.values()].flatMap((edit): RescueStep[] => {
    if (edit.kind === "float" || edit.kind === "rounding") return [];
    if (edit.kind !== "method") return [{ remedies: [edit], label: remedyWords(edit) }];
    if (edit !== ranges[0]) return [];
    const label =
      ranges.length === 1 ? remedyWords(edit) : `${plural(ranges.length, "range")} by ${METHOD_WORDS[edit.method]}`;
    return [{ remedies: ranges, label }];
  });
  return steps;
}

const keyOf = (edit: Remedy) => JSON.stringify(Object.entries(edit).sort());

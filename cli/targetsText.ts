import { DEFAULT_TARGET } from "../src/engine/model/target.ts";
import { FATES, type Fate, type TargetFit } from "../src/engine/model/targetFit.ts";
import { listed, plural } from "../src/engine/values/figures.ts";

/** As a table has them; what is not all alike is counted. */
const SHORT: Readonly<Record<Fate, string>> = {
  integer: "integer",
  float: "float",
  "falls back": "falls back",
  "not accepted": "refused",
};

/** Operators by targets, and for each target why layers are not in integers there. */
export function targetsText(fits: readonly TargetFit[]): string[] {
  const operators = [...new Set(fits.flatMap((fit) => fit.operators.map(({ operator }) => operator)))];
  const widest = Math.max(...fits.map(({ target }) => target.length));
  const rows = fits.flatMap(({ target, operators: own }) => {
    const counts = new Map(own.map(({ operator, fates }) => [operator, fates]));
    return FATES.flatMap((fate) => {
      const having = operators.flatMap((operator) => {
        const count = counts.get(operator)?.[fate] ?? 0;
        const all = Object.values(counts.get(operator) ?? {}).reduce((sum, each) => sum + each, 0);
        return count === 0 ? [] : count === all ? [operator] : [`${operator} (${count} of ${all})`];
      });
      return having.length > 0 ? [`  ${target.padEnd(widest)}  ${SHORT[fate].padEnd(10)}  ${listed(having)}`] : [];
    });
  });
  const reasons = fits.filter(({ target }) => target !== DEFAULT_TARGET).flatMap(reasonsOf);
  return ["Operators on targets, each with what choosing it sets:", ...rows, ...reasons];
}

function reasonsOf({ target, layers }: TargetFit): string[] {
  const reasons = new Map<string, string[]>();
  for (const { layer, fate, why } of layers) {
    if (why === null || fate === "float") continue;
    const key = `${SHORT[fate]}: ${why}`;
    reasons.set(key, [...(reasons.get(key) ?? []), layer]);
  }
  return [...reasons].map(
    ([why, names]) => `${target}, ${why}: ${plural(names.length, "layer")} (${shortened(names)})`,
  );
}

function shortened(names: readonly string[]): string {
  return names.length > 3 ? `${names.slice(0, 3).join(", ")}, ...` : names.join(", ");
}

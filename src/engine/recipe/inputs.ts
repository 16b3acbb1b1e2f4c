import type { GivenInputs, Recipe } from "../model/recipe.ts";

/** The inputs of a recipe, null for none, with those given beside it, which go before. */
export function withInputs(saved: Recipe["inputs"] | null, given: GivenInputs): Recipe["inputs"] {
  const state = given.state ?? {};
  return {
    shapes: { ...saved?.shapes, ...given.shapes },
    values: { ...without(saved?.values ?? {}, state), ...given.values },
    state: { ...without(saved?.state ?? {}, given.values), ...state },
  };
}

function without<T>(record: Readonly<Record<string, T>>, names: object): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => !Object.hasOwn(names, name)));
}

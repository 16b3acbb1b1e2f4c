import { basisSchema } from "../../engine/recipe/basisSchema.ts";
import type { Derived } from "../../engine/recipe/derivations.ts";
import { fields, type Schema } from "../../engine/schema/define.ts";

/** A result with its basis, stored. */
// @__NO_SIDE_EFFECTS__
export function based<S extends Schema>(derived: Exclude<Derived, "exported">, result: S) {
  return fields({ result, basis: basisSchema(derived) });
}

import type { StoredConstant } from "../../../engine/model/quantizedFile.ts";

/** A weight's type and what shares its scales, in words. */
export function weightText({ type, axis, block, scales }: StoredConstant): string {
  if (scales.length === 0) return type;
  return `${type} ${block ? `blocks of ${block.size}` : axis === null ? "per tensor" : "per channel"}`;
}

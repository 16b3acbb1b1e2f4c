import { reasonText } from "../../engine/model/reason.ts";
import type { Row } from "./layers.ts";

/** Why a row stays in float, in words; null where it does not, or nothing is known. */
export function rowReason({ reason }: Pick<Row, "reason">): string | null {
  return reason === null || typeof reason === "string" ? reason : reasonText(reason);
}

import type { Range } from "../model/range.ts";

/** The range of one tensor, by the name it has in the model the file is for. */
export interface NamedRange {
  readonly name: string;
  readonly range: Range;
}

import type { FamilySummary } from "../engine/model/family.ts";
import type { Preprocess, Preset } from "../engine/model/preprocess.ts";
import type { JobOptions, OpenOptions, WrittenFile } from "./project.ts";

export interface FamilyOptions<Data>
  extends JobOptions,
    Pick<OpenOptions, "runtime" | "shapes" | "values" | "state" | "quantized"> {
  /** Which variants are made, as the library calls them: all of fp32, fp16, q8, int8, uint8, q4, q4f16, bnb4 where it is left out. */
  readonly variants?: readonly string[];
  /** Samples: some teach, and the others judge every variant against float. Of several parts each takes those in a folder of its name. */
  readonly data?: Data;
  readonly preprocess?: Preprocess | Preset;
  /** How many samples teach, from the first; half of them where it is left out. */
  readonly samples?: number;
}

/** What was made, with the files by their paths in the folder that is to be published. */
export interface Family extends FamilySummary {
  readonly files: readonly WrittenFile[];
}

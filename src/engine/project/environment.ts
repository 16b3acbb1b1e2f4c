import type { Decoders } from "../data/decode.ts";
import type { Runtimes } from "../model/runtime.ts";

/** What a project computes with and reads with, given by whoever enters the engine. */
export interface Environment {
  readonly runtimes: Runtimes;
  readonly decoders: Decoders;
  /** What the machine is called in results. */
  readonly machine: string;
}

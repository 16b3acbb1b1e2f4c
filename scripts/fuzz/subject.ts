import type { Mutator } from "./mutators/mutator.ts";

/** A format that is read: how inputs of it come about, and the door that they go through. */
export interface Subject {
  readonly format: string;
  /** The end of a file's name. */
  readonly extension: string;
  readonly seeds: readonly Uint8Array[];
  readonly structured: Mutator;
  /** How many of 1,000 inputs are of this format. */
  readonly weight: number;
  /** Reads it as a command would. Throws what the command would say. */
  read(bytes: Uint8Array): Promise<void>;
}

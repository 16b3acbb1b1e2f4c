/** A file of the result, in parts. */
export interface Artifact {
  readonly name: string;
  readonly chunks: readonly Uint8Array[];
}

/**
 * What the worker that reads files is told: a file, which it answers, since a blob reaches it only while its sender waits for nothing;
 * or what of the file of a place, in the order in which they came, is wanted.
 */
export type ToReader =
  | { readonly file: Blob }
  | { readonly place: number; readonly from: number; readonly to: number; readonly room: Room };

/** Where a part of what was wanted lies until it is taken. */
export interface Room {
  /** How many bytes lie there, FREE or FAILED. */
  readonly state: Int32Array<SharedArrayBuffer>;
  readonly bytes: Uint8Array<SharedArrayBuffer>;
}

export const FREE = 0;
/** The file can no longer be read. */
export const FAILED = -1;

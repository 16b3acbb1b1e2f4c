import { concat } from "../../src/engine/onnx/encode.ts";

/** Asks whether smaller bytes have the defect still. */
type Has = (bytes: Uint8Array) => Promise<boolean>;

/**
 * The smallest bytes found that have a defect still, in at most so many tries and milliseconds: pieces are left out, of half the length first,
 * of a single byte last (Zeller and Hildebrandt's ddmin, by complements alone).
 */
export async function shrunk(bytes: Uint8Array, has: Has, tries: number, time = Infinity): Promise<Uint8Array> {
  let smallest = bytes;
  let left = tries;
  const end = performance.now() + time;
  for (let piece = Math.ceil(bytes.length / 2); piece >= 1; piece = piece === 1 ? 0 : Math.ceil(piece / 2)) {
    for (let at = 0; at < smallest.length; ) {
      if (left-- <= 0 || performance.now() > end) return smallest;
      const without = concat([smallest.subarray(0, at), smallest.subarray(at + piece)]);
      if (await has(without)) smallest = without;
      else at += piece;
    }
  }
  return smallest;
}

import { createHash } from "node:crypto";
import type { StoredFile } from "../../model/deferred.ts";

/** Bytes as a file that is not in memory. */
export function storedInMemory(bytes: Uint8Array): StoredFile {
  return {
    byteLength: bytes.byteLength,
    readInto: (target, from) => target.set(bytes.subarray(from, from + target.length)),
    async sha256(from, to, see) {
      for (let at = from; at < to; at += 70_000) see?.(bytes.slice(at, Math.min(to, at + 70_000)), at);
      return createHash("sha256").update(bytes.subarray(from, to)).digest();
    },
  };
}

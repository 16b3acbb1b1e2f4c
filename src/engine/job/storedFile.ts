import type { StoredFile } from "../model/deferred.ts";
import { Sha256 } from "../numerics/sha256.ts";

/** Bytes that are digested at once, between which a job can be cancelled. */
const DIGESTED = 2 ** 23;

/** A file that is read in parts by whoever can, with its digest where there is nothing that digests files. */
export function storedFile(byteLength: number, readInto: StoredFile["readInto"]): StoredFile {
  return {
    byteLength,
    readInto,
    async sha256(from, to, see) {
      const hash = new Sha256();
      const buffer = new Uint8Array(Math.min(DIGESTED, to - from));
      for (let at = from; at < to; at += DIGESTED) {
        const part = buffer.subarray(0, Math.min(DIGESTED, to - at));
        readInto(part, at);
        hash.update(part);
        see?.(part, at);
        await new Promise((resolve) => setTimeout(resolve));
      }
      return hash.digest();
    },
  };
}

import { type Part, passing } from "../model/deferred.ts";
import { Sha256 } from "../numerics/sha256.ts";
import { hex } from "../values/hex.ts";
import { type Artifact, partsOf } from "./artifact.ts";

/** What is known of files by their parts, which never change. */
const known = new WeakMap<readonly Part[], string>();

/** SHA-256 of a file of the result in hexadecimal, as it is written: worked out part after part, and once. */
export function artifactDigest(artifact: Artifact): string {
  const parts = partsOf(artifact);
  let digest = known.get(parts);
  if (digest === undefined) {
    const hash = new Sha256();
    for (const bytes of passing(parts)) hash.update(bytes);
    digest = hex(hash.digest());
    known.set(parts, digest);
  }
  return digest;
}

/** Takes the digest of a file that somebody else reads from end to end: `update` is given its bytes in order. */
export function digestAlong(artifact: Artifact): { readonly update: (bytes: Uint8Array) => void; end(): void } {
  const hash = new Sha256();
  return {
    update: (bytes) => void hash.update(bytes),
    end: () => void known.set(partsOf(artifact), hex(hash.digest())),
  };
}

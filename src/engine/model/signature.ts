import { about, exactly, fields, matching, type Of } from "../schema/define.ts";

/** A signature of the bytes of a report, that lies in a file beside it. */
export const SIGNATURE = fields({
  algorithm: exactly("Ed25519"),
  key: about("The public key, 32 bytes.", matching(/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/, "32 bytes as base64")),
  signature: about("64 bytes.", matching(/^[A-Za-z0-9+/]{85}[AQgw]==$/, "64 bytes as base64")),
});
export type Signature = Of<typeof SIGNATURE>;

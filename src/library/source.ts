import { InputError } from "../engine/model/job.ts";
import type { ModelSource } from "../engine/project/index.ts";
import type { ModelBytes } from "./project.ts";

/** A model in memory. Throws InputError for what is none; `otherwise` says how else one is given. */
export function sourceOf(given: ModelBytes, otherwise: string): ModelSource {
  const { name, bytes, readBeside = async () => null } = given ?? {};
  const isBuffer = Object.prototype.toString.call(bytes) === "[object ArrayBuffer]";
  if (typeof name !== "string" || !(ArrayBuffer.isView(bytes) || isBuffer)) {
    throw new InputError(
      `A model is ${otherwise}, or an object with its name and its bytes, a Uint8Array or an ArrayBuffer.`,
    );
  }
  return { bytes: plainBytes(bytes), fileName: name, readBeside };
}

/** Of a Buffer too, whose slices are not copies, and of what another realm made. */
function plainBytes(bytes: ModelBytes["bytes"]): Uint8Array {
  return ArrayBuffer.isView(bytes)
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : new Uint8Array(bytes);
}

import type { ModelSource } from "../engine/project/index.ts";
import type { ModelBytes } from "./project.ts";

export const sourceOf = ({ name, bytes, readBeside = async () => null }: ModelBytes): ModelSource => ({
  bytes: bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : bytes,
  fileName: name,
  readBeside,
});

import { readFile } from "node:fs/promises";
import { createDecoders } from "../src/engine/data/decode.ts";
import { packageFile } from "./packageFile.ts";

const FILES = {
  jpeg: () => packageFile("@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm"),
  png: () => packageFile("@jsquash/png/codec/pkg/squoosh_png_bg.wasm"),
  webp: () => packageFile("@jsquash/webp/codec/dec/webp_dec.wasm"),
};

/** The image decoders of the terminal: the same WebAssembly as the tab's. */
export const nodeDecoders = createDecoders(async (format) => WebAssembly.compile(await readFile(FILES[format]())));

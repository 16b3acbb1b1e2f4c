import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { createDecoders } from "../src/engine/data/decode.ts";

const FILES = {
  jpeg: "@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm",
  png: "@jsquash/png/codec/pkg/squoosh_png_bg.wasm",
  webp: "@jsquash/webp/codec/dec/webp_dec.wasm",
};

const { resolve } = createRequire(import.meta.url);

/** The image decoders of the terminal: the same WebAssembly as the tab's. */
export const nodeDecoders = createDecoders(async (format) =>
  WebAssembly.compile(await readFile(resolve(FILES[format]))),
);

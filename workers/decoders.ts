import jpeg from "@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm?url";
import png from "@jsquash/png/codec/pkg/squoosh_png_bg.wasm?url";
import webp from "@jsquash/webp/codec/dec/webp_dec.wasm?url";
import { createDecoders } from "../src/engine/data/decode.ts";

const URLS = { jpeg, png, webp };

/** The image decoders of the tab: the same WebAssembly as the terminal's, served by the page itself. */
export const browserDecoders = createDecoders(async (format) => {
  const response = await fetch(URLS[format]);
  if (!response.ok) throw new Error(`The ${format} decoder could not be loaded (HTTP ${response.status}).`);
  return WebAssembly.compile(await response.arrayBuffer());
});

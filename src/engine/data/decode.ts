import createJpeg from "@jsquash/jpeg/codec/dec/mozjpeg_dec.js";
import initPng, { decode as decodePng } from "@jsquash/png/codec/pkg/squoosh_png.js";
import createWebp from "@jsquash/webp/codec/dec/webp_dec.js";
import { InputError } from "../model/job.ts";
import { type ImageFormat, imageFormat } from "./magic.ts";
import type { Picture } from "./picture.ts";
import { announcedSize } from "./pictureSize.ts";
import { isIntactPng } from "./png.ts";

/** Compiles the WebAssembly decoder of one format: from node_modules in the terminal, by URL in the tab. */
export type LoadCodec = (format: ImageFormat) => Promise<WebAssembly.Module>;

export interface Decoders {
  /**
   * A JPEG, PNG or WebP as RGBA. Pixels are taken as stored: EXIF orientation is not applied, colour profiles are
   * ignored, 16 bits become their high byte, alpha stays straight. Throws InputError naming `source` for a file
   * that is none of these, is damaged or cut short, a CMYK JPEG, or an animated WebP, and one of more than 50 million
   * pixels by its header, before anything is decoded.
   */
  decode(bytes: Uint8Array, source: string): Promise<Picture>;
}

/** Null, or an exception of any kind, for an image that is damaged. */
type Decode = (bytes: Uint8Array, source: string) => ImageData | null;

interface EmscriptenCodec {
  decode(bytes: Uint8Array, preserveOrientation?: boolean): ImageData | null;
}

type EmscriptenFactory = (options: {
  readonly instantiateWasm: (imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance) => void) => object;
  readonly printErr: (line: string) => void;
}) => Promise<EmscriptenCodec>;

function instantiate(factory: unknown, module: WebAssembly.Module, printErr: (line: string) => void) {
  return (factory as EmscriptenFactory)({
    instantiateWasm(imports, done) {
      const instance = new WebAssembly.Instance(module, imports);
      done(instance);
      return instance.exports;
    },
    printErr,
  });
}

/** The warnings of libjpeg (jerror.h) after which it fills in gray pixels and goes on. */
const LOST_PIXELS = /premature end|bad \w+ code|instead of RST/i;

async function openJpeg(module: WebAssembly.Module): Promise<Decode> {
  let messages = "";
  const codec = await instantiate(createJpeg, module, (line) => {
    messages += `${line}\n`;
  });
  return (bytes, source) => {
    messages = "";
    try {
      const image = codec.decode(bytes, false);
      return LOST_PIXELS.test(messages) ? null : image;
    } catch (error) {
      if (!messages.includes("Unsupported color conversion")) throw error;
      throw new InputError(`${source} is a CMYK JPEG, which is not supported; save it as RGB.`);
    }
  };
}

// In Node the PNG codec relies on the ImageData that the other two define there.
async function openPng(module: WebAssembly.Module): Promise<Decode> {
  await initPng(module);
  return (bytes) => (isIntactPng(bytes) ? decodePng(bytes) : null);
}

async function openWebp(module: WebAssembly.Module): Promise<Decode> {
  const codec = await instantiate(createWebp, module, () => {});
  return (bytes) => codec.decode(bytes);
}

/** More take more than 1 GiB while they are decoded. */
const MOST_PIXELS = 50_000_000;

const FORMATS = {
  jpeg: { label: "JPEG", open: openJpeg },
  png: { label: "PNG", open: openPng },
  webp: { label: "or an animated WebP", open: openWebp },
};

/** Decoders that load each format's codec when it is first met. */
export function createDecoders(load: LoadCodec): Decoders {
  const modules = new Map<ImageFormat, Promise<WebAssembly.Module>>();
  const codecs = new Map<ImageFormat, Promise<Decode>>();
  const moduleOf = (format: ImageFormat) => {
    const module = modules.get(format) ?? load(format);
    modules.set(format, module);
    module.catch(() => modules.delete(format));
    return module;
  };
  return {
    async decode(bytes, source) {
      const format = imageFormat(bytes);
      if (!format) throw new InputError(`${source} is no JPEG, PNG or WebP image; replace it or leave it out.`);
      const damaged = () =>
        new InputError(`${source} is a damaged ${FORMATS[format].label} image; replace it or leave it out.`);
      const [height, width] = announcedSize(bytes, format) ?? [1, 1];
      if (height * width === 0) throw damaged();
      if (height * width > MOST_PIXELS) {
        throw new InputError(
          `${source} is too large, ${width}x${height} pixels where at most ${MOST_PIXELS / 1e6} million are decoded; make it smaller or leave it out.`,
        );
      }
      const codec = codecs.get(format) ?? moduleOf(format).then(FORMATS[format].open);
      codecs.set(format, codec);
      // A codec that failed half way keeps its memory, so the next image gets a fresh one.
      const discard = () => codecs.delete(format);
      const decode = await codec.catch((error) => {
        discard();
        throw error;
      });
      let image: ImageData | null = null;
      let refusal: unknown = null;
      try {
        image = decode(bytes, source);
      } catch (error) {
        refusal = error;
      }
      if (image) return { width: image.width, height: image.height, channels: 4, data: image.data };
      discard();
      if (refusal instanceof InputError) throw refusal;
      throw damaged();
    },
  };
}

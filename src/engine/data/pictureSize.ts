import type { Size } from "../model/preprocess.ts";
import type { ImageFormat } from "./magic.ts";

/** The size that a picture's header announces, in pixels; null where it says none. Nothing is decoded. */
export function announcedSize(bytes: Uint8Array, format: ImageFormat): Size | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return READERS[format](view);
}

const READERS: Readonly<Record<ImageFormat, (view: DataView) => Size | null>> = { png, jpeg, webp };

/** IHDR is the first chunk (PNG specification, 11.2.2). */
function png(view: DataView): Size | null {
  return view.byteLength < 24 ? null : [view.getUint32(20), view.getUint32(16)];
}

/** Of the first frame header, SOF0 to SOF15 but for what tables have (ITU-T T.81, table B.1). */
function jpeg(view: DataView): Size | null {
  for (let at = 2; at + 9 <= view.byteLength; ) {
    if (view.getUint8(at) !== 0xff) return null;
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) at += 1;
    else if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return [view.getUint16(at + 5), view.getUint16(at + 7)];
    } else if (marker === 0xda) return null;
    else at += 2 + view.getUint16(at + 2);
  }
  return null;
}

/** Of the first chunk: VP8X, VP8L or VP8 (RFC 9649, sections 2.5 to 2.7). */
function webp(view: DataView): Size | null {
  if (view.byteLength < 30) return null;
  const kind = String.fromCharCode(...[12, 13, 14, 15].map((at) => view.getUint8(at)));
  if (kind === "VP8X") {
    const side = (at: number) => 1 + (view.getUint16(at, true) | (view.getUint8(at + 2) << 16));
    return [side(27), side(24)];
  }
  if (kind === "VP8L") {
    const bits = view.getUint32(21, true);
    return [1 + ((bits >>> 14) & 0x3fff), 1 + (bits & 0x3fff)];
  }
  if (kind === "VP8 ") return [view.getUint16(28, true) & 0x3fff, view.getUint16(26, true) & 0x3fff];
  return null;
}

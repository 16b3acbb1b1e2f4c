import { expect, it } from "vitest";
import { nodeDecoders } from "../../../cli/decoders.ts";
import { crc32 } from "../values/crc32.ts";
import { imageFormat } from "./magic.ts";
import { announcedSize } from "./pictureSize.ts";
import pillow from "./testing/pillow.json" with { type: "json" };

const bytesOf = (name: string) =>
  new Uint8Array(Buffer.from(pillow.images[name as keyof typeof pillow.images].file, "base64"));

it.each(Object.entries(pillow.images))("%s announces the size that Pillow finds", (name, { width, height }) => {
  const bytes = bytesOf(name);
  expect(announcedSize(bytes, imageFormat(bytes)!)).toEqual([height, width]);
});

/** color.png with another size in its header, whose checksum holds. */
function pngOf(width: number, height: number): Uint8Array {
  const bytes = bytesOf("color.png");
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setUint32(16, width);
  view.setUint32(20, height);
  view.setUint32(29, crc32(bytes.subarray(12, 29)));
  return bytes;
}

it("a picture that announces too many pixels is refused before it is decoded", async () => {
  const before = process.resourceUsage().maxRSS;
  await expect(nodeDecoders.decode(pngOf(20_000, 20_000), "a.png")).rejects.toThrow(
    "a.png is too large, 20000x20000 pixels where at most 50 million are decoded; make it smaller or leave it out.",
  );
  expect(process.resourceUsage().maxRSS - before).toBeLessThan(100_000);
});

it("a picture without height is damaged", async () => {
  await expect(nodeDecoders.decode(pngOf(8, 0), "a.png")).rejects.toThrow("a.png is a damaged PNG image");
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { type Picture, toGray } from "./picture.ts";
import { resize } from "./resize.ts";
import pillow from "./testing/pillow.json" with { type: "json" };

function pattern(width: number, height: number, channels: 1 | 3): Picture {
  const data = new Uint8Array(width * height * channels);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) data[i++] = x * 7 + y * 13 + c * 50 + ((x * y) % 31) * 5;
    }
  }
  return { width, height, channels, data };
}

test.each(pillow.resized)("equals Pillow bit for bit: $size to $to, $channels channels", (golden) => {
  const [width, height] = golden.size as [number, number];
  const [toWidth, toHeight] = golden.to as [number, number];
  const out = resize(pattern(width, height, golden.channels as 1 | 3), toWidth, toHeight);
  expect([out.width, out.height, out.channels]).toEqual([toWidth, toHeight, golden.channels]);
  expect(Buffer.from(out.data).toString("base64")).toBe(golden.pixels);
});

test("luma equals Pillow's", () => {
  const [width, height] = pillow.luma.size as [number, number];
  expect(Buffer.from(toGray(pattern(width, height, 3)).data).toString("base64")).toBe(pillow.luma.pixels);
});

test("keeps an even picture even, and every value within the source's extremes", () => {
  const side = fc.integer({ min: 1, max: 24 });
  const property = fc.property(side, side, side, side, fc.infiniteStream(fc.nat(255)), (w, h, tw, th, values) => {
    const even = resize({ width: w, height: h, channels: 1, data: new Uint8Array(w * h).fill(113) }, tw, th);
    expect(new Set(even.data)).toEqual(new Set([113]));
    const data = Uint8Array.from({ length: w * h }, () => values.next().value);
    const out = resize({ width: w, height: h, channels: 1, data }, tw, th).data;
    expect(Math.min(...out)).toBeGreaterThanOrEqual(Math.min(...data));
    expect(Math.max(...out)).toBeLessThanOrEqual(Math.max(...data));
  });
  fc.assert(property, { numRuns: 60 });
});

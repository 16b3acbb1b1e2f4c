import { expect, test } from "vitest";
import { nodeDecoders } from "../../../cli/decoders.ts";
import { InputError } from "../model/job.ts";
import { toRgb } from "./picture.ts";
import pillow from "./testing/pillow.json" with { type: "json" };

const { decode } = nodeDecoders;
const bytesOf = (name: keyof typeof pillow.images) => new Uint8Array(Buffer.from(pillow.images[name].file, "base64"));

const READABLE = [
  "color.jpg",
  "progressive.jpg",
  "gray.jpg",
  "rotated.jpg",
  "color.png",
  "gray.png",
  "palette.png",
  "alpha.png",
  "deep.png",
  "lossy.webp",
  "lossless.webp",
] as const;

test.each(READABLE)("%s decodes to Pillow's RGB", async (name) => {
  const golden = pillow.images[name];
  const picture = await decode(bytesOf(name), name);
  expect([picture.width, picture.height]).toEqual([golden.width, golden.height]);
  expect(Buffer.from(toRgb(picture).data).toString("base64")).toBe(golden.rgb);
});

test("alpha is kept straight for the preview", async () => {
  const { data } = await decode(bytesOf("alpha.png"), "alpha.png");
  expect([...data.slice(0, 8)]).toEqual([0, 50, 100, 150, 7, 57, 107, 157]);
});

test.each(READABLE)("%s cut short is refused by name, and the next image decodes", async (name) => {
  const whole = bytesOf(name);
  for (const cut of [20, Math.floor(whole.length / 2), whole.length - 3]) {
    const refusal = await decode(whole.slice(0, cut), "photo").catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(InputError);
    expect((refusal as Error).message).toContain("photo is a damaged");
  }
  expect(toRgb(await decode(whole, name)).data).toHaveLength(
    pillow.images[name].width * pillow.images[name].height * 3,
  );
});

test("a PNG with a flipped bit is refused wherever the bit is", async () => {
  const whole = bytesOf("color.png");
  for (let at = 8; at < whole.length; at += 7) {
    const flipped = whole.slice();
    flipped[at]! ^= 4;
    await expect(decode(flipped, "flipped.png")).rejects.toThrow("flipped.png is a damaged PNG image");
  }
});

test("scan data that breaks off inside a JPEG is refused, not filled with gray", async () => {
  const broken = bytesOf("color.jpg");
  broken.set([0xff, 0xd9], broken.length - 30);
  await expect(decode(broken, "broken.jpg")).rejects.toThrow("broken.jpg is a damaged JPEG image");
});

test("bytes after the end of a JPEG do no harm", async () => {
  const longer = new Uint8Array([...bytesOf("color.jpg"), ...new TextEncoder().encode("trailer")]);
  expect(Buffer.from(toRgb(await decode(longer, "a.jpg")).data).toString("base64")).toBe(
    pillow.images["color.jpg"].rgb,
  );
});

test("what is not supported is said so", async () => {
  await expect(decode(bytesOf("cmyk.jpg"), "cmyk.jpg")).rejects.toThrow("cmyk.jpg is a CMYK JPEG");
  await expect(decode(bytesOf("animated.webp"), "move.webp")).rejects.toThrow("move.webp is a damaged or an animated");
  await expect(decode(new TextEncoder().encode("GIF89a"), "x.jpg")).rejects.toThrow("x.jpg is no JPEG, PNG or WebP");
});

import { expect, test } from "vitest";
import { PREPROCESS, type Preprocess } from "../model/preprocess.ts";
import { read } from "../model/read.ts";
import type { Port } from "../model/tensor.ts";
import type { Picture } from "./picture.ts";
import { applyPreprocess, preparedDims } from "./preprocess.ts";
import { choosePreprocess, resolvePreset } from "./presets.ts";

const parsePreprocess = (json: unknown, source: string) => read(PREPROCESS, json, source);

const RAW: Preprocess = {
  resize: null,
  crop: null,
  layout: "NCHW",
  color: "RGB",
  scale: 1,
  mean: [0],
  std: [1],
};

/** Red is 10 x + y, green 100 more, blue 200 more. */
function numbered(width: number, height: number): Picture {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const value = 10 * (i % width) + Math.floor(i / width);
    data.set([value, value + 100, value + 200], i * 3);
  }
  return { width, height, channels: 3, data };
}

test("orders channels by layout and colour", () => {
  const picture = numbered(2, 1);
  const run = (change: Partial<Preprocess>) => [...applyPreprocess(picture, { ...RAW, ...change }, "p").data];
  expect(run({})).toEqual([0, 10, 100, 110, 200, 210]);
  expect(run({ layout: "NHWC" })).toEqual([0, 100, 200, 10, 110, 210]);
  expect(run({ color: "BGR" })).toEqual([200, 210, 100, 110, 0, 10]);
  expect(run({ layout: "NHWC", color: "BGR" })).toEqual([200, 100, 0, 210, 110, 10]);
  expect(run({ color: "GRAY" })).toEqual([82, 92]);
  const gray: Picture = { width: 2, height: 1, channels: 1, data: Uint8Array.of(5, 9) };
  expect([...applyPreprocess(gray, RAW, "p").data]).toEqual([5, 9, 5, 9, 5, 9]);
});

test("value = (x * scale - mean) / std, by channel in the order of color, as NumPy rounds it", () => {
  const pixel: Picture = { width: 1, height: 1, channels: 3, data: Uint8Array.of(10, 128, 255) };
  const imagenet = { ...RAW, scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
  // ((np.float32(x) * np.float32(1 / 255)) - mean) / std, as float32
  const expected = [-1.946656346321106, 0.20518220961093903, 2.640000104904175];
  expect([...applyPreprocess(pixel, imagenet, "p").data]).toEqual(expected);
  const bgr = applyPreprocess(pixel, { ...RAW, color: "BGR", mean: [1, 2, 3], std: [1, 2, 4] }, "p");
  expect([...bgr.data]).toEqual([254, 63, 1.75]);
});

test("crops the centre, the odd pixel left to the right and below", () => {
  const { dims, data } = applyPreprocess(numbered(5, 4), { ...RAW, crop: [1, 2] }, "p");
  expect(dims).toEqual([3, 1, 2]);
  expect([...data.slice(0, 2)]).toEqual([11, 21]);
  expect(() => applyPreprocess(numbered(5, 4), { ...RAW, crop: 5 }, "small.png")).toThrow(
    "small.png is 5x4 where a crop of 5x5 is taken",
  );
});

test.each([
  // Python: round(w * s), at least the crop
  { size: [375, 500], to: 256, crop: null, dims: [3, 256, 341] },
  { size: [5, 2], to: 1, crop: null, dims: [3, 2, 1] },
  { size: [7, 2], to: 1, crop: null, dims: [3, 4, 1] },
] as const)("the shorter side of $size becomes $to", ({ size, to, crop, dims }) => {
  const preprocess = { ...RAW, resize: { mode: "shorter", size: to }, crop } as const;
  const [height, width] = size;
  const picture: Picture = { width, height, channels: 1, data: new Uint8Array(width * height) };
  expect(applyPreprocess(picture, preprocess, "p").dims).toEqual(dims);
  expect(preparedDims(size, preprocess, "p")).toEqual(dims);
});

test.each([
  { size: [480, 640], crop: [240, 320], to: [240, 320] },
  { size: [960, 1277], crop: [240, 320], to: [240, 320] },
  { size: [960, 1276], crop: [240, 320], to: null },
  { size: [640, 480], crop: [240, 320], to: null },
] as const)("a crop may stretch $size by the pixel that rounding lost, and no more", ({ size, crop, to }) => {
  const preprocess = { ...RAW, resize: { mode: "shorter", size: 240 }, crop } as const;
  const dims = () => preparedDims(size, preprocess, "p.jpg");
  if (to) expect(dims()).toEqual([3, ...to]);
  else expect(dims).toThrow(/p\.jpg is \d+x\d+ where a crop of 320x240 is taken/);
});

test("letterbox centres the picture on 114", () => {
  const white: Picture = { width: 4, height: 2, channels: 1, data: new Uint8Array(8).fill(255) };
  const preprocess = { ...RAW, color: "GRAY", resize: { mode: "letterbox", size: [5, 4] } } as const;
  const { dims, data } = applyPreprocess(white, preprocess, "p");
  expect(dims).toEqual([1, 5, 4]);
  const row = (value: number) => [value, value, value, value];
  expect([...data]).toEqual([114, 255, 255, 114, 114].flatMap(row));
});

const port = (dims: Port["dims"], type: Port["type"] = "float32"): Port => ({ name: "x", type, dims });

test("a preset takes layout, channels and size from the input", () => {
  expect(resolvePreset("unit", port(["N", 1, 28, 20]), null)).toEqual({
    ...RAW,
    color: "GRAY",
    scale: 1 / 255,
    resize: { mode: "exact", size: [28, 20] },
  });
  expect(resolvePreset("imagenet-tf", port([1, 224, 224, 3]), null)).toMatchObject({
    layout: "NHWC",
    resize: { mode: "shorter", size: 256 },
    crop: 224,
    mean: [0.5],
  });
  expect(resolvePreset("imagenet", port([1, 3, 224, 224]), [224, 224])).toMatchObject({ resize: null, crop: null });
  expect(() => resolvePreset("imagenet", port([1, 1, 28, 28]), null)).toThrow('input "x" takes gray; use "unit"');
  expect(() => resolvePreset("unit", port([1, 576]), null)).toThrow('Input "x" (1 × 576) does not look like pictures');
  expect(() => resolvePreset("unit", port([1, 3, 48, "W"]), null)).toThrow("leaves one side");
});

test.each([
  [port([null, 3, 224, 224]), "imagenet"],
  [port(["N", 224, 224, 3]), "imagenet-tf"],
  [port([1, 3, 240, 320]), "unit"],
  [port([1, 1, 28, 28]), "unit"],
  [port([1, 224, 224, 3], "uint8"), "raw"],
  [port([1, 3, 224, 224], "float16"), "imagenet"],
  [port([1, 3, 224, 224], "float64"), "imagenet"],
] as const)("without a preprocessing %o gets a preset, and a notice says so", (input, preset) => {
  const { preprocess, notice } = choosePreprocess(input, null);
  expect(preprocess).toEqual(resolvePreset(preset, input, null));
  expect(notice).toMatchObject({ kind: "warning", message: expect.stringContaining(`preset "${preset}" is assumed`) });
});

test("a preprocessing survives JSON", () => {
  for (const preset of ["imagenet", "imagenet-tf", "unit", "raw"] as const) {
    const preprocess = resolvePreset(preset, port([1, 3, 224, 224]), null);
    expect(parsePreprocess(JSON.parse(JSON.stringify(preprocess)), "p.json")).toEqual(preprocess);
  }
});

test.each([
  [{ resize: { mode: "shorter", size: [2, 3] } }, '"resize" is {"mode":"shorter","size":[2,3]}; it must be null, or'],
  [{ resize: { mode: "fill", size: 3 } }, '"resize"'],
  [{ resize: { mode: "exact", size: 0 } }, '"resize"'],
  [{ crop: 1.5 }, '"crop" is 1.5; it must be null, a whole number of pixels'],
  [{ layout: "CHW" }, '"layout" is "CHW"; it must be "NCHW" or "NHWC"'],
  [{ layout: undefined }, '"layout" is missing'],
  [{ color: "rgb" }, '"color"'],
  [{ scale: 0 }, '"scale"'],
  [{ scale: "1/255" }, '"scale"'],
  [{ mean: [1, 2] }, '"mean"'],
  [{ mean: [Number.NaN] }, '"mean"'],
  [{ std: [1, 0, 1] }, '"std"'],
  [{ color: "GRAY", std: [1, 1, 1] }, '"std"'],
  [{ means: [0] }, '"means" is no field'],
])("%o is refused", (change, message) => {
  const json = Object.fromEntries(Object.entries({ ...RAW, ...change }).filter(([, value]) => value !== undefined));
  expect(() => parsePreprocess(json, "p.json")).toThrow(`p.json: ${message}`);
});

test.each([
  [{ mode: "shorter", size: 224 }, 225, "crops 225x225 after resizing the shorter side to 224"],
  [{ mode: "shorter", size: 224 }, [225, 300], "crops 300x225 after resizing the shorter side to 224"],
  [{ mode: "exact", size: [100, 200] }, [101, 10], "crops 10x101 after resizing to 200x100"],
  [{ mode: "letterbox", size: 64 }, [64, 65], "crops 65x64 after resizing to 64x64"],
])("%j with crop %j is refused", (resize, crop, message) => {
  const json = { ...RAW, resize, crop };
  expect(() => parsePreprocess(json, "p.json")).toThrow(`p.json ${message}; crop less, or resize to more.`);
});

test("a crop of all that resizing gives is taken", () => {
  for (const resize of [
    { mode: "shorter", size: 224 },
    { mode: "exact", size: [224, 300] },
  ]) {
    expect(parsePreprocess({ ...RAW, resize, crop: 224 }, "p.json")).toMatchObject({ resize, crop: 224 });
  }
});

test("what is no object is refused", () => {
  for (const json of [null, [], "imagenet", 3])
    expect(() => parsePreprocess(json, "p.json")).toThrow("p.json holds no");
});

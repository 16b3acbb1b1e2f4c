import { expect, test } from "vitest";
import type { Preprocess, Preset } from "../engine/model/preprocess.ts";
import { presetOf } from "./presets.ts";

const unit: Preprocess = {
  resize: null,
  crop: null,
  layout: "NHWC",
  color: "RGB",
  scale: 1 / 255,
  mean: [0],
  std: [1],
};
const presets = new Map<Preset, Preprocess>([
  ["imagenet-tf", { ...unit, resize: { mode: "shorter", size: 256 }, crop: 224, mean: [0.5], std: [0.5] }],
  ["unit", unit],
]);

const reversed = Object.fromEntries(Object.entries(unit).reverse()) as unknown as Preprocess;

test("a preprocessing is a preset when every value is the preset's, in whatever order they are written", () => {
  expect(presetOf(unit, presets)).toBe("unit");
  expect(presetOf(reversed, presets)).toBe("unit");
  expect(presetOf({ ...unit, color: "BGR" }, presets)).toBeNull();
  expect(presetOf({ ...unit, scale: 1 }, presets)).toBeNull();
});

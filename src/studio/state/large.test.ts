import { expect, test } from "vitest";
import { isShortage, isTooLarge, largeText, shortageText } from "./large.ts";

test("what a tab holds is said of a model that is larger, with the command that does the rest, as it can be pasted", () => {
  const large = { bytes: 2_170_000_000, held: 805_306_368 };
  const text = largeText("it's mine.onnx", large);
  expect(text).toContain("it's mine.onnx takes 2.17 GB with its weights, and a tab holds 805 MB");
  expect(text).toContain(String.raw`octet quantize 'it'\''s mine.onnx' --data SAMPLES`);
  expect(largeText("net.onnx", large)).toContain("octet quantize net.onnx --data SAMPLES");
});

test("what needs the model to run is out of reach of a large one", () => {
  const large = { bytes: 2, held: 1 };
  expect(isTooLarge(large, "qdq")).toBe(true);
  expect(isTooLarge(large, "weights")).toBe(false);
  expect(isTooLarge(null, "qdq")).toBe(false);
});

test("what ended for want of memory is told from what failed otherwise, and where it can be done", () => {
  const words = ["Array buffer allocation failed", "std::bad_alloc", "Out of memory", "Invalid typed array length: 1"];
  for (const message of words) expect(isShortage(new RangeError(message))).toBe(true);
  expect(isShortage(new Error("no kernel for Conv"))).toBe(false);
  expect(shortageText("Calibrating", "net.onnx")).toMatch(
    /more memory than this tab has.*octet quantize net\.onnx --data/,
  );
});

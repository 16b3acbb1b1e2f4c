import { expect, test } from "vitest";
import { isTooLarge, largeText } from "./large.ts";

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

import { expect, test } from "vitest";
import { outputText, uncalibratedText } from "./outputText.ts";

const there = { elsewhere: "TensorRT" };

test("what a layer gives is said in the float of 16 bits that it is in", () => {
  expect(outputText("bfloat16", { format: "bfloat16" }, there)).toBe(
    "its output is bfloat16, computed so by TensorRT, not run here",
  );
  expect(outputText("bfloat16", { format: "bfloat16" }, {})).toBe("its output stays in float");
  expect(outputText("float16", { format: "float16" }, {})).toBe("its output is float16");
  expect(outputText("uint4", { format: "q4f16" }, {})).toMatch(/^its output is float16, or float32/);
  expect(outputText("int8", { format: "qdq" }, {})).toBe("its output stays in float");
});

test("only where weights alone are quantized is calibration not needed for that", () => {
  const weights = /only weights are quantized/;
  expect(uncalibratedText({ format: "weights" }, {})).toMatch(weights);
  expect(uncalibratedText({ format: "bfloat16" }, there)).toMatch(
    /^Not needed: layers compute in bfloat16, which TensorRT does/,
  );
  for (const [format, plan] of [
    ["bfloat16", there],
    ["bfloat16", {}],
    ["float16", {}],
    ["dynamic", {}],
  ] as const) {
    expect(uncalibratedText({ format }, plan)).not.toMatch(weights);
  }
});

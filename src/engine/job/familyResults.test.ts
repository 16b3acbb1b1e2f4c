import { expect, test } from "vitest";
import type { Notice } from "../model/job.ts";
import { toldOnce } from "./familyResults.ts";

const info = (subject: string, message: string): Notice => ({ kind: "info", subject, message });

test("what is said of several files of a family is said once, and names those it is of unless the target says it of all", () => {
  const rule = info("transformers.js", "Inputs and outputs stay float32.");
  const stored = info("computed in float", "2 layers are stored in 8 bits and computed in float: a and b.");
  const blocks = info("layers without blocks", "8 layers that no blocks fit keep their weights in int8.");
  const slow: Notice = { kind: "warning", subject: "m_q4.onnx", message: "The quantized model is slower." };
  const told = toldOnce(
    [
      { file: "m_quantized.onnx", notices: [rule, stored] },
      { file: "m_int8.onnx", notices: [rule, stored] },
      { file: "m_q4.onnx", notices: [rule, blocks, slow] },
    ],
    "transformers.js",
  );
  expect(told).toEqual([
    rule,
    { ...stored, subject: "m_quantized.onnx and m_int8.onnx" },
    { ...blocks, subject: "m_q4.onnx: layers without blocks" },
    slow,
  ]);
});

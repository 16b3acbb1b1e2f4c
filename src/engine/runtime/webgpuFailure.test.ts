import { describe, expect, it } from "vitest";
import { AcceleratorLost } from "../model/runtime.ts";
import { webgpuFailure } from "./webgpuFailure.ts";

describe("webgpuFailure", () => {
  it.each([
    ["ERROR_CODE: 6, ERROR_MESSAGE: std::bad_alloc", "WebGPU stopped: the GPU ran out of memory."],
    [
      "Buffer size (5368709120) exceeds the max buffer size limit (4294967296).",
      "WebGPU stopped: the GPU ran out of memory.",
    ],
    ["The device was lost: Device was destroyed.", "WebGPU stopped: the GPU device was lost."],
    [
      "Could not find an implementation for Unique(11) node with name 'u'\nat somewhere",
      "WebGPU stopped: an operator of the model is not supported there (Could not find an implementation for Unique(11) node with name 'u').",
    ],
    ["something else.\nat somewhere", "WebGPU stopped: something else."],
    ["", "WebGPU stopped: it gave no reason."],
  ])("says %j in one sentence", (message, sentence) => {
    const failure = webgpuFailure(new Error(message));
    expect(failure).toBeInstanceOf(AcceleratorLost);
    expect(failure.message).toBe(sentence);
  });

  it("passes on what is a reason already", () => {
    const reason = new AcceleratorLost("No adapter.");
    expect(webgpuFailure(reason)).toBe(reason);
  });
});

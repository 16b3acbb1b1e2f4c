import { describe, expect, it } from "vitest";
import { InputError } from "../model/job.ts";
import { WorkerDied } from "../model/runtime.ts";
import { refusal } from "./session.ts";

const SAID =
  "Exception during initialization: /onnxruntime_src/onnxruntime/core/optimizer/initializer.cc:51 onnxruntime::Initializer::Initializer(const onnx::TensorProto&, const std::filesystem::__cxx11::path&) [ONNXRuntimeError] : 1 : FAIL : tensorprotoutils.cc:1540 ValidateEmbeddedTensorProtoDataSizeAndShape Initializer 'three': data field count (0) does not match expected count from shape (1)\n";

describe("what ONNX Runtime refuses", () => {
  it.each([
    [
      SAID,
      "Exception during initialization: Initializer 'three': data field count (0) does not match expected count from shape (1).",
    ],
    ["\nIncompatible dimensions\nmore", "Incompatible dimensions."],
    ["Bad.", "Bad."],
    ["", "it gives no reason."],
  ])("is one sentence, without places in its code: %j", (message, reason) => {
    const error = refusal(new Error(message), "It does not load");
    expect(error).toBeInstanceOf(InputError);
    expect(error.message).toBe(`It does not load: ${reason}`);
  });

  it("is told apart from the death of a worker", () => {
    const died = new WorkerDied("gone");
    expect(refusal(died, "It does not load")).toBe(died);
  });
});

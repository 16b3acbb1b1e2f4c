import { describe, expect, it } from "vitest";
import { TARGET_NAMES } from "../model/target.ts";
import { PLAIN_RECIPE } from "../model/testing/recipe.ts";
import { withActivations, withFormat, withTarget, withWeightType } from "../recipe/edits.ts";
import { TARGETS, targetOf } from "./index.ts";
import { ORT } from "./ort.ts";
import { refusalOf } from "./target.ts";

describe("every target", () => {
  it.each(TARGET_NAMES)("%s takes what choosing it sets, and says why, with the address of each rule", (name) => {
    const target = TARGETS[name];
    expect(target.id).toBe(name);
    const chosen = withTarget({ ...PLAIN_RECIPE, elementwise: "auto" }, name);
    expect(refusalOf(target, chosen)).toBeNull();
    expect(targetOf(chosen)).toBe(target);
    expect(target.rules.length).toBeGreaterThan(0);
    for (const { says, source } of target.rules) {
      expect(says).toMatch(/\.$/);
      expect(source).toMatch(/^https:\/\/\S+$/);
    }
    expect(target.opset).toBe(ORT.opset);
    if (target.kernels) for (const operator of target.integerKernels) expect([...target.kernels]).toContain(operator);
  });

  it("is left as it was by choosing another and it again, the default without a word in the recipe", () => {
    const start = withTarget({ ...PLAIN_RECIPE, elementwise: "auto" }, "vitis-npu");
    expect(start).toMatchObject({ target: "vitis-npu", weights: { granularity: "tensor", scales: "power-of-two" } });
    const back = withTarget(start, "ort-cpu");
    expect(back).toEqual({ ...PLAIN_RECIPE, elementwise: "auto" });
    expect("target" in back).toBe(false);
    expect(withTarget(back, "ort-cpu")).toBe(back);
  });

  it("keeps what was changed under it when it is chosen again", () => {
    const changed = withWeightType(withTarget(PLAIN_RECIPE, "openvino"), "int4");
    expect(withTarget(changed, "openvino")).toBe(changed);
  });
});

describe("what a target does not take is refused in a sentence", () => {
  const chosen = (name: (typeof TARGET_NAMES)[number]) => withTarget(PLAIN_RECIPE, name);
  it.each([
    [
      "tensorrt",
      withActivations(chosen("tensorrt"), { type: "uint8", symmetric: false }),
      "TensorRT takes no activations in asymmetric uint8; choose symmetric int8.",
    ],
    [
      "tensorrt",
      { ...chosen("tensorrt"), elementwise: "auto" as const },
      "TensorRT takes no layers without weights decided on samples, as its kernels were not timed; choose join or float.",
    ],
    [
      "ort-webgpu",
      { ...chosen("ort-webgpu"), format: "qdq" as const },
      "ONNX Runtime Web on WebGPU takes no format qdq; choose weights or float16 or q4f16.",
    ],
    [
      "ort-web",
      withFormat(chosen("ort-web"), "float8"),
      "ONNX Runtime Web on WASM takes no format float8; choose qdq or qoperator or dynamic or weights or float16 or bfloat16 or q4f16.",
    ],
    [
      "tensorrt",
      withFormat(chosen("tensorrt"), "float8"),
      "float8 is written for ONNX Runtime alone, on which it was seen to run; choose qdq or bfloat16 for TensorRT.",
    ],
    [
      "ort-webgpu",
      withFormat(chosen("ort-webgpu"), "float8"),
      "ONNX Runtime Web on WebGPU takes no format float8; choose weights or float16 or q4f16.",
    ],
    [
      "transformers.js",
      withFormat(chosen("transformers.js"), "float8"),
      "transformers.js takes no format float8; choose qdq or qoperator or dynamic or weights or float16 or bfloat16 or q4f16.",
    ],
    [
      "vitis-npu",
      { ...chosen("vitis-npu"), weights: PLAIN_RECIPE.weights },
      "Vitis AI takes no scales by channel; choose scales by tensor.",
    ],
    [
      "vitis-npu",
      { ...chosen("vitis-npu"), weights: { ...PLAIN_RECIPE.weights, granularity: "tensor" as const } },
      "Vitis AI takes no scales but powers of two; choose powers of two.",
    ],
    [
      "integer-only",
      { ...chosen("integer-only"), float: { layers: ["a"], operators: [], tensors: ["b"] } },
      "integer-only takes nothing in float; take a, b back.",
    ],
    [
      "integer-only",
      { ...chosen("integer-only"), elementwise: "float" as const },
      "integer-only takes no layers without weights in float; choose join.",
    ],
  ] as const)("by %s", (name, recipe, sentence) => {
    expect(refusalOf(TARGETS[name], recipe)).toBe(sentence);
  });
});

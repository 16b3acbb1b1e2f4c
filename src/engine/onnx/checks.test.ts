import { describe, expect, it } from "vitest";
import { needsShared } from "../testing/shared.ts";
import { intAttribute, makeNode } from "./attributes.ts";
import { assertSupported, quantizedOperator } from "./checks.ts";
import { decodeModel } from "./decode.ts";
import { buildModel, floatInput, noise } from "./testing/build.ts";
import { MODEL_NAMES, readModel } from "./testing/models.ts";

const single = (opType: string, domain = "", attributes = [intAttribute("unused", 0)]) =>
  buildModel({
    opset: 13,
    inputs: [floatInput("x", [1])],
    outputs: ["y"],
    nodes: [makeNode(opType, ["x"], ["y"], { domain, attributes })],
  });

describe("assertSupported", () => {
  it.each([
    ["QuantizeLinear", ""],
    ["DequantizeLinear", "ai.onnx"],
    ["DynamicQuantizeLinear", ""],
    ["QLinearConv", ""],
    ["ConvInteger", ""],
    ["MatMulInteger", ""],
    ["QLinearAdd", "com.microsoft"],
    ["QGemm", "com.microsoft"],
    ["MatMulNBits", "com.microsoft"],
    ["DynamicQuantizeMatMul", "com.microsoft"],
    ["MatMulIntegerToFloat", "com.microsoft"],
    ["GatherBlockQuantized", "com.microsoft"],
  ])("knows that a model with %s works on quantized tensors", (opType, domain) => {
    expect(quantizedOperator(single(opType, domain))).toBe(opType);
    expect(() => assertSupported(single(opType, domain), "m.onnx")).not.toThrow();
  });

  it.each([
    ["QuickGelu", "com.microsoft"],
    ["Gelu", "com.microsoft"],
    ["Quux", ""],
    ["Scaler", "ai.onnx.ml"],
  ])("takes %s of %o", (opType, domain) => {
    expect(() => assertSupported(single(opType, domain), "m.onnx")).not.toThrow();
  });

  it("names the operator that ONNX Runtime lacks", () => {
    expect(() => assertSupported(single("Deskew", "org.example"), "m.onnx")).toThrow(
      /"m\.onnx" uses the operator org\.example\.Deskew/,
    );
  });

  it("refuses training mode and a graph without outputs", () => {
    const training = single("BatchNormalization", "", [intAttribute("training_mode", 1)]);
    expect(() => assertSupported(training, "m.onnx")).toThrow(/training mode/);
    const attributes = [intAttribute("training_mode", 1)];
    const ofWeights = (from: string) =>
      buildModel({
        opset: 15,
        inputs: [floatInput("x", [1, 3, 4, 4])],
        outputs: ["y"],
        nodes: [
          makeNode("Relu", [from], ["r"]),
          makeNode("BatchNormalization", ["r", "s", "s", "s", "s"], ["n"], { attributes }),
          makeNode("Conv", ["x", "n"], ["y"]),
        ],
        constants: { w: noise([3, 3, 1, 1]), s: noise([3]) },
      });
    expect(() => assertSupported(ofWeights("w"), "m.onnx")).not.toThrow();
    expect(() => assertSupported(ofWeights("x"), "m.onnx")).toThrow(/training mode/);
    expect(() => assertSupported(buildModel({ opset: 13, outputs: [], nodes: [] }), "m.onnx")).toThrow(/no outputs/);
  });
});

it.each(MODEL_NAMES)("judges %s as its README does", needsShared, (name) => {
  const check = () => assertSupported(decodeModel(readModel(name), name), name);
  if (name.startsWith("superres_prepost")) expect(check).toThrow(/com\.microsoft\.extensions\.DecodeImage/);
  else expect(check).not.toThrow();
});

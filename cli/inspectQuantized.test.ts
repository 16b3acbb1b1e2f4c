import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { npyBytes } from "../src/engine/data/testing/files.ts";
import type { Tensor } from "../src/engine/model/tensor.ts";
import { intAttribute, makeNode } from "../src/engine/onnx/attributes.ts";
import { encodeModel } from "../src/engine/onnx/encode.ts";
import { scalar, vector } from "../src/engine/onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../src/engine/onnx/testing/build.ts";
import { scratch } from "./testing/colours.ts";
import { errorOf, octet } from "./testing/command.ts";

let folder: string;
const at = (name: string) => join(folder, name);
const CODES = Int8Array.of(127, 0, 0, -127, 0, 0, 0, 0);
const SCALES = [2 ** -6, 2 ** -5];

/** A product and its activation, and what ONNX Runtime's tool makes of them: the Relu in the range. */
beforeAll(() => {
  folder = scratch();
  const ends = { opset: 13, inputs: [floatInput("x", ["n", 4])], outputs: [floatInput("y", ["n", 2])] };
  const weight: Tensor = {
    type: "float32",
    dims: [4, 2],
    data: Float32Array.from(CODES, (code, i) => code * SCALES[i % 2]!),
  };
  const float = buildModel({
    ...ends,
    nodes: [
      makeNode("MatMul", ["x", "w"], ["h"], { name: "product" }),
      makeNode("Relu", ["h"], ["y"], { name: "rectified" }),
    ],
    constants: { w: weight },
  });
  const quantized = buildModel({
    ...ends,
    nodes: [
      makeNode("DequantizeLinear", ["w_quantized", "w_scale", "w_zero_point"], ["w_DequantizeLinear_Output"], {
        attributes: [intAttribute("axis", 1)],
      }),
      makeNode("QuantizeLinear", ["x", "x_scale", "x_zero_point"], ["x_QuantizeLinear_Output"]),
      makeNode(
        "DequantizeLinear",
        ["x_QuantizeLinear_Output", "x_scale", "x_zero_point"],
        ["x_DequantizeLinear_Output"],
      ),
      makeNode("MatMul", ["x_DequantizeLinear_Output", "w_DequantizeLinear_Output"], ["y_QuantizeLinear_Input"], {
        name: "product",
      }),
      makeNode("QuantizeLinear", ["y_QuantizeLinear_Input", "y_scale", "y_zero_point"], ["y_QuantizeLinear_Output"]),
      makeNode("DequantizeLinear", ["y_QuantizeLinear_Output", "y_scale", "y_zero_point"], ["y"]),
    ],
    constants: {
      ...{ w_quantized: { type: "int8", dims: [4, 2], data: CODES }, w_scale: vector("float32", SCALES) },
      ...{
        w_zero_point: vector("int8", [0, 0]),
        x_scale: scalar("float32", 2 / 255),
        x_zero_point: scalar("uint8", 128),
      },
      ...{ y_scale: scalar("float32", 4 / 255), y_zero_point: scalar("uint8", 0) },
    },
  });
  for (const [name, model] of Object.entries({ float, quantized })) {
    writeFileSync(at(`${name}.onnx`), Buffer.concat(encodeModel(model)));
  }
  writeFileSync(at("rows.npy"), npyBytes("<f4", [8, 4], noise([8, 4], 5).data as Float32Array));
});
afterAll(() => rmSync(folder, { recursive: true }));

it("inspects a quantized model, and recovers beside its float model the recipe it was made by", async () => {
  const alone = await octet("inspect", at("quantized.onnx"), "--json");
  expect(alone.code).toBe(0);
  const { layers, notices } = alone.json();
  expect(layers).toMatchObject([{ id: "product", form: "qdq", weights: [{ type: "int8", axis: 1, scales: SCALES }] }]);
  expect(notices[0].message).toMatch(/is already quantized/);

  const recipe = at("recovered.recipe.json");
  const beside = await octet("inspect", at("quantized.onnx"), "--float", at("float.onnx"), "--recipe", recipe);
  expect(beside.code).toBe(0);
  expect(beside.stdout).toContain("product (MatMul; qdq): is product by the tensor it makes, weight SQNR ∞ dB");
  expect(beside.stdout).toContain(
    "1 of 1 layer told to be of the float model; 1 layer of the float model within these",
  );
  expect(beside.stdout).toContain("the codes and scales of 1 of 1 weight");
  expect(beside.stdout).not.toContain("It differs:");
  expect(JSON.parse(readFileSync(recipe, "utf8"))).toMatchObject({ format: "qdq", activations: { type: "uint8" } });

  const refused = await octet("inspect", at("quantized.onnx"), "--recipe", at("none.json"));
  expect(refused.code).toBe(2);
  expect(errorOf(refused)).toBe("A recipe is recovered beside the float model alone; give it with --float MODEL.");
  expect(existsSync(at("none.json"))).toBe(false);
});

it("says where a recovered recipe cannot be written, before the models are opened", async () => {
  writeFileSync(at("taken"), "a file");
  const beside = ["--float", at("missing.onnx"), "--recipe", join(at("taken"), "recipe.json")];
  const outcome = await octet("inspect", at("quantized.onnx"), ...beside);
  expect(outcome.code).toBe(2);
  expect(errorOf(outcome)).toBe(`${at("taken")} is a file, so results cannot be written into it.`);
});

it("writes no recipe over a model that it reads", async () => {
  const before = readFileSync(at("float.onnx"));
  const float = await octet("inspect", at("quantized.onnx"), "--float", at("float.onnx"), "--recipe", at("float.onnx"));
  expect([float.code, errorOf(float)]).toEqual([2, expect.stringContaining("float.onnx is read, or written,")]);
  expect(readFileSync(at("float.onnx"))).toEqual(before);
});

it("walks through a quantized model beside its float one", async () => {
  const models = [at("float.onnx"), at("quantized.onnx")];
  const judged = await octet("evaluate", ...models, "--data", at("rows.npy"), "--walk", "2", "--json");
  expect(judged.code).toBe(0);
  const { walk, outputs } = judged.json();
  expect(walk).toMatchObject({ samples: 2, steps: [{ layer: "product", tensor: "y", inputSqnr: null }] });
  expect(walk.steps[0].sqnr).toBeGreaterThan(25);
  expect(outputs[0].sqnr).toBeGreaterThan(25);
});

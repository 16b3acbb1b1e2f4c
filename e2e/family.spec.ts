import { readFile } from "node:fs/promises";
import { unzipSync } from "fflate";
import { npyBytes } from "../src/engine/data/testing/files.ts";
import { makeNode } from "../src/engine/onnx/attributes.ts";
import { encodeModel } from "../src/engine/onnx/encode.ts";
import { buildModel, floatInput, noise } from "../src/engine/onnx/testing/build.ts";
import { expect, test } from "./support/app.ts";
import { drop } from "./support/drop.ts";
import { writeFiles } from "./support/files.ts";

const WIDTH = 64;

/** One product; `outlier` is the weight of the last input of each output. */
function product(input: string, outlier: number): Uint8Array {
  const weights = noise([WIDTH, WIDTH], 3);
  (weights.data as Float32Array).fill(outlier, WIDTH * (WIDTH - 1));
  const model = buildModel({
    opset: 17,
    inputs: [floatInput(input, ["rows", WIDTH])],
    outputs: [floatInput("y", ["rows", WIDTH])],
    nodes: [makeNode("MatMul", [input, "w"], ["y"], { name: "product" })],
    constants: { w: weights },
  });
  return Buffer.concat(encodeModel(model));
}

test("a folder of models becomes a family: parts and variants are ticked, noise is said first, and the zip has what was made", async ({
  page,
}, testInfo) => {
  const folder = testInfo.outputPath("bert");
  const { data } = noise([6, WIDTH], 5);
  const zeros = Float32Array.from(data as Float32Array, (value, at) => (at % WIDTH === WIDTH - 1 ? 0 : value));
  const rows = npyBytes("<f4", [6, WIDTH], zeros);
  await writeFiles(folder, {
    "onnx/encoder_model.onnx": product("a", 0.1),
    "onnx/decoder_model_merged.onnx": product("b", 5000),
    "samples/encoder_model/rows.npy": rows,
    "samples/decoder_model_merged/rows.npy": rows,
    "config.json": '{"model_type": "bert"}',
    "tokenizer.json": "{}",
  });
  await page.goto("/");
  await drop(page, [folder]);
  const dialog = page.getByTestId("family");
  await expect(page.getByTestId("family-data")).toContainText("2 files");
  for (const dtype of ["fp32", "int8", "uint8", "q4", "q4f16", "bnb4"]) {
    await dialog.getByRole("checkbox", { name: dtype, exact: true }).uncheck();
  }
  await page.getByTestId("family-make").click();
  const result = page.getByTestId("family-result");
  await expect(result.getByRole("alert")).toContainText("onnx/decoder_model_merged_quantized.onnx is noise", {
    timeout: 60_000,
  });
  await expect(result.getByRole("row")).toHaveCount(5);
  const quantized = page.getByTitle("onnx/encoder_model_quantized.onnx", { exact: true });
  await expect(result.getByRole("row").filter({ has: quantized })).toContainText("ran once");
  await expect(result).toContainText('dtype: { decoder_model_merged: "fp16", encoder_model: "q8" }');
  const coming = page.waitForEvent("download");
  await page.getByTestId("family-download").click();
  const files = unzipSync(await readFile(await (await coming).path()));
  expect(Object.keys(files).sort()).toEqual([
    ...["config.json", "onnx/decoder_model_merged_fp16.onnx", "onnx/decoder_model_merged_quantized.onnx"],
    ...["onnx/encoder_model_fp16.onnx", "onnx/encoder_model_quantized.onnx", "tokenizer.json"],
  ]);
  await dialog.getByRole("button", { name: "Close" }).click();
  await expect(page.getByTestId("start")).toBeVisible();
});

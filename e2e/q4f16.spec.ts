import { decodeModel } from "../src/engine/onnx/decode.ts";
import { portOf } from "../src/engine/onnx/ports.ts";
import { expect, test } from "./support/app.ts";
import { downloadZip, idle, openSample, SAMPLE_NAME } from "./support/studio.ts";
import { THOROUGH } from "./support/thorough.ts";

test("q4f16 is chosen with the weights that it takes, offers no others, and is exported", { tag: THOROUGH }, async ({
  page,
}) => {
  await openSample(page);
  await page.getByTestId("format").selectOption("q4f16");
  await expect(page.getByTestId("activations")).toHaveCount(0);
  await expect(page.getByTestId("bias-correction")).toHaveCount(0);
  await expect(page.getByTestId("weight-type").locator("option")).toHaveText(["int4", "uint4"]);
  await expect(page.getByTestId("weight-type")).toHaveValue("uint4");
  await expect(page.getByTestId("block").locator("option")).toHaveCount(5);
  await expect(page.getByTestId("block")).toHaveValue("32");
  await expect(page.getByTestId("weight-operator").locator("option")).toHaveText(["MatMulNBits (ONNX Runtime)"]);
  await expect(page.getByTestId("rounding")).toHaveCount(0);
  await expect(page.getByTestId("ends")).toHaveValue("float32");
  await page.getByTestId("ends").selectOption("float16");
  await idle(page);
  const files = await downloadZip(page);
  expect(Object.keys(files)).toContain(`${SAMPLE_NAME}.q4f16.onnx`);
  const recipe = JSON.parse(new TextDecoder().decode(files[`${SAMPLE_NAME}.recipe.json`]));
  expect(recipe.weights).toMatchObject({ type: "uint4", block: 32, operator: "matmulnbits" });
  expect(recipe.ends).toBe("float16");
  const { graph } = decodeModel(files[`${SAMPLE_NAME}.q4f16.onnx`]!, "q4f16");
  const ends = [...graph!.input, ...graph!.output].map((info) => portOf(info).type);
  expect(new Set(ends)).toEqual(new Set(["float16"]));
  const report = JSON.parse(new TextDecoder().decode(files[`${SAMPLE_NAME}.report.json`]));
  expect(report.notices.map(({ message }: { message: string }) => message).join()).toContain("are float16 in the file");

  await page.getByTestId("format").selectOption("qdq");
  await expect(page.getByTestId("weight-type")).toHaveValue("int4");
  await expect(page.getByTestId("block")).toHaveCount(0);

  await page.getByTestId("target").selectOption("transformers.js");
  await expect(page.getByTestId("ends")).toHaveCount(0);
  await page.getByTestId("format").selectOption("float16");
  await expect(page.getByTestId("ends").locator("option[value=float16]")).toBeDisabled();
  await expect(page.getByTestId("ends")).toHaveValue("float32");
});

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
  await idle(page);
  const files = await downloadZip(page);
  expect(Object.keys(files)).toContain(`${SAMPLE_NAME}.q4f16.onnx`);
  const recipe = JSON.parse(new TextDecoder().decode(files[`${SAMPLE_NAME}.recipe.json`]));
  expect(recipe.weights).toMatchObject({ type: "uint4", block: 32, operator: "matmulnbits" });

  await page.getByTestId("format").selectOption("qdq");
  await expect(page.getByTestId("weight-type")).toHaveValue("int4");
  await expect(page.getByTestId("block")).toHaveCount(0);
});

import type { Page } from "@playwright/test";
import { expect, test } from "./support/app.ts";
import {
  calibrate,
  downloadZip,
  evaluate,
  goTo,
  idle,
  openSample,
  SAMPLE_MODEL,
  SAMPLE_NAME,
} from "./support/studio.ts";
import { THOROUGH } from "./support/thorough.ts";

const models = (files: Record<string, Uint8Array>) => Object.keys(files).filter((name) => name.endsWith(".onnx"));
const passes = async (page: Page) => {
  await evaluate(page);
  await expect(page.getByTestId("verdict")).toContainText("pass");
};

test("operators on codes take over what was calibrated for pairs, pass, and are downloaded under their name", {
  tag: THOROUGH,
}, async ({ page }) => {
  await openSample(page);
  await calibrate(page, 100);
  await goTo(page, "tune");
  await page.getByTestId("format").selectOption("qoperator");
  await expect(page.getByTestId("step-calibrate")).toHaveAttribute("data-standing", "done");
  await expect(page.getByRole("region", { name: "Recipe", exact: true })).toContainText("QOperator, static");
  await expect(page.getByTestId("weight-type").locator("option", { hasText: "int4" })).toBeDisabled();
  await passes(page);
  expect(models(await downloadZip(page))).toEqual([`${SAMPLE_NAME}.qoperator.onnx`]);
});

test("scales found at run time need no calibration, and leave no choice of ranges", { tag: THOROUGH }, async ({
  page,
}) => {
  await openSample(page);
  await page.getByTestId("format").selectOption("dynamic");
  await page.getByTestId("bias-correction").selectOption("none");
  for (const choice of ["activations", "method"]) await expect(page.getByTestId(choice)).toHaveCount(0);
  await goTo(page, "calibrate");
  await expect(page.getByTestId("weights-only")).toContainText("found as the model runs");
  await passes(page);
  expect(models(await downloadZip(page))).toEqual([`${SAMPLE_NAME}.dynamic.onnx`]);
  await page.getByTestId("format").selectOption("weights");
  await page.getByTestId("weight-type").selectOption("int4");
  const formats = page.getByTestId("format").locator("option");
  await expect(formats.filter({ hasText: "dynamic" })).toBeDisabled();
  await expect(formats.filter({ hasText: "QOperator" })).toBeDisabled();
});

test("weights alone without data leave biases as they are, which is said and what the recipe holds", async ({
  page,
}) => {
  await page.goto("/");
  await page.getByTestId("open-model-input").setInputFiles(SAMPLE_MODEL);
  await expect(page.getByTestId("workbench")).toBeVisible();
  await idle(page);
  await page.getByTestId("format").selectOption("weights");
  await idle(page);
  const files = await downloadZip(page);
  const recipe = JSON.parse(new TextDecoder().decode(files[`${SAMPLE_NAME}.recipe.json`]));
  expect(recipe.corrections.bias).toBe("none");
  await expect(page.getByTestId("view-export")).toContainText("Biases were not corrected, since that takes samples");
});

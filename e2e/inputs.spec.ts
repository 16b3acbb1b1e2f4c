import type { Page } from "@playwright/test";
import * as ort from "onnxruntime-node";
import { npyBytes } from "../src/engine/data/testing/files.ts";
import { expect, test } from "./support/app.ts";
import { drop } from "./support/drop.ts";
import { writeFiles } from "./support/files.ts";
import { calibrate, dismissAlert, downloadZip, goTo, idle } from "./support/studio.ts";
import { TOKENS, tokenArrays, tokenModel, tokenSamples, tokenValues } from "./support/tokens.ts";

const SAMPLES = 12;

const source = (page: Page, name: string) => page.locator(`[data-testid="input-source"][data-input="${name}"]`);

/** The first output of a model on the last sample, by ONNX Runtime alone. */
async function lastOutput(model: Uint8Array): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(model);
  const feeds = Object.entries(tokenValues(SAMPLES)).map(([name, values]) => [
    name,
    new ort.Tensor("int64", values.slice(-TOKENS), [1, TOKENS]),
  ]);
  const { masked } = await session.run(Object.fromEntries(feeds));
  await session.release();
  return masked!.data as Float32Array;
}

test("three inputs are fed from one .npz file, from the drop to the downloaded zip", async ({ page }, testInfo) => {
  const files = await writeFiles(testInfo.outputPath(), {
    "tokens.onnx": tokenModel(),
    "calib.npz": tokenSamples(SAMPLES),
  });
  await page.goto("/");
  await drop(page, [files["tokens.onnx"]!, files["calib.npz"]!]);
  await expect(page.getByTestId("data-samples")).toHaveText(String(SAMPLES));
  await idle(page);
  for (const name of ["input_ids", "attention_mask", "segment"]) {
    await expect(source(page, name)).toContainText(`int64 1 × T`);
    await expect(source(page, name)).toContainText(`calib.npz: ${name}`);
  }
  const shown = (name: string) => source(page, name).getByTestId("input-values");
  await expect(shown("input_ids")).toHaveText(/^\d+( \d+){5}$/);
  const first = await shown("input_ids").innerText();
  await expect(shown("attention_mask")).toHaveText(/^[01]( [01]){5}$/);
  await page.getByRole("button", { name: "Next" }).click();
  await expect(shown("input_ids")).not.toHaveText(first);
  await expect(shown("input_ids")).toHaveText(/^\d+( \d+){5}$/);

  await calibrate(page, SAMPLES - 1);
  const zip = await downloadZip(page);
  const float = await lastOutput(tokenModel());
  const int8 = await lastOutput(zip["tokens.int8.onnx"]!);
  const energy = (values: Float32Array) => values.reduce((sum, value) => sum + value * value, 0);
  const error = energy(float.map((value, i) => value - int8[i]!));
  expect(error).toBeGreaterThan(0);
  expect(10 * Math.log10(energy(float) / error)).toBeGreaterThan(25);
});

test("an input that nothing gives is asked for, and gets a file or a value; what is refused loses nothing", async ({
  page,
}, testInfo) => {
  const { input_ids, segment } = tokenArrays(SAMPLES);
  const files = await writeFiles(testInfo.outputPath(), {
    "tokens.onnx": tokenModel(),
    "input_ids.npy": input_ids!,
    "other.npy": segment!,
    "misfit.npy": npyBytes("<i8", [SAMPLES - 1, TOKENS], new BigInt64Array((SAMPLES - 1) * TOKENS)),
  });
  await page.goto("/");
  await drop(page, [files["tokens.onnx"]!]);
  await goTo(page, "data");
  await expect(source(page, "input_ids")).toContainText("missing");
  await expect(source(page, "attention_mask")).toContainText("filled: ones");
  await expect(source(page, "segment")).toContainText("missing");

  await drop(page, [files["input_ids.npy"]!]);
  await expect(source(page, "input_ids")).toContainText("input_ids.npy");
  await expect(page.getByTestId("inputs-lacking")).toContainText("segment gets no values yet");
  await expect(page.getByTestId("step-data")).toHaveAttribute("data-standing", "missing");

  await page.getByTestId("files-for-segment").setInputFiles(files["misfit.npy"]!);
  await expect(page.getByRole("alert")).toContainText("12 of input_ids and 11 of segment");
  await dismissAlert(page);
  await expect(source(page, "input_ids")).toContainText("input_ids.npy");
  await page.getByTestId("files-for-segment").setInputFiles(files["other.npy"]!);
  await expect(page.getByTestId("data-samples")).toHaveText(String(SAMPLES));
  await expect(source(page, "segment")).toContainText("other.npy");
  await expect(source(page, "segment").getByTestId("input-values")).toHaveText("0 0 0 1 1 1");
  await expect(page.getByTestId("inputs-lacking")).toHaveCount(0);

  await source(page, "segment").getByRole("button", { name: "Change" }).click();
  await source(page, "segment").getByRole("textbox").fill("0.5");
  await source(page, "segment").getByRole("textbox").press("Enter");
  await expect(page.getByRole("alert")).toContainText("segment");
  await dismissAlert(page);
  await expect(source(page, "segment")).toContainText("other.npy");
  await source(page, "segment").getByRole("button", { name: "Change" }).click();
  await source(page, "segment").getByRole("textbox").fill("1");
  await source(page, "segment").getByRole("textbox").press("Enter");
  await expect(source(page, "segment")).toContainText("held at 1");
  await expect(source(page, "segment").getByTestId("input-values")).toHaveText("1 1 1 1 1 1");
  await expect(page.getByTestId("data-samples")).toHaveText(String(SAMPLES));
});

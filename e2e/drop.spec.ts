import { mkdir, readFile } from "node:fs/promises";
import { expect, test } from "./support/app.ts";
import { drop } from "./support/drop.ts";
import { grayPng, npyOfZeros, writeFiles } from "./support/files.ts";
import {
  calibrate,
  calibrated,
  dismissAlert,
  downloadZip,
  goTo,
  idle,
  openSample,
  repositoryPath,
  SAMPLE_MODEL,
  SAMPLE_NAME,
  startCalibration,
} from "./support/studio.ts";

const EVALUATION_DATA = ["images-idx3", "labels-idx1"].map((part) =>
  repositoryPath(`public/sample/evaluation-${part}-ubyte.gz`),
);

test("a model is dropped on the start, then samples and labels on the workbench", async ({ page }) => {
  await page.goto("/");
  await drop(page, [SAMPLE_MODEL]);
  await expect(page.getByTestId("model-name")).toHaveText("fashion-mnist-dw.onnx");
  await expect(page.getByTestId("step-data")).toHaveAttribute("data-standing", "missing");
  await idle(page);

  await drop(page, EVALUATION_DATA);
  await expect(page.getByTestId("data-samples")).toHaveText("500");
  await expect(page.getByTestId("data-labelled")).toHaveText("500");
  await expect(page.getByTestId("preview")).toBeVisible();
});

test("data without a model is refused with the way out", async ({ page }) => {
  await page.goto("/");
  await drop(page, EVALUATION_DATA);
  await expect(page.getByRole("alert")).toContainText("needs a model");
  await expect(page.getByTestId("start")).toBeVisible();
});

test("a model and a folder of images are dropped together; the damaged image is left out, counted and named", async ({
  page,
}, testInfo) => {
  const folder = testInfo.outputPath("photos");
  const good = Object.fromEntries(
    Array.from({ length: 5 }, (_, i) => [`by/class/${i}.png`, grayPng(28, (x, y) => (x * y * (i + 1)) % 256)]),
  );
  await writeFiles(folder, {
    ...good,
    "by/class/2b.png": grayPng(28, () => 0).subarray(0, 60),
    "labels.csv": ["file,label", ...Object.keys(good).map((path, i) => `${path},${i}`)].join("\n"),
  });
  await page.goto("/");
  await drop(page, [SAMPLE_MODEL, folder]);
  await expect(page.getByTestId("data-samples")).toHaveText("6");
  await expect(page.getByTestId("data-labelled")).toHaveText("5");

  await page.getByTestId("samples").fill("6");
  await page.getByTestId("samples").press("Enter");
  await startCalibration(page);
  await calibrated(page);
  await expect(page.getByTestId("calibration-observed")).toHaveText("5 of 6");
  await expect(page.getByTestId("calibration-skipped")).toHaveText("1");
  await expect(page.getByLabel("Notices about the calibration")).toContainText("by/class/2b.png");
});

test("what is no use is refused by name, and what was open stays", async ({ page }, testInfo) => {
  const model = await readFile(SAMPLE_MODEL);
  const files = await writeFiles(testInfo.outputPath(), {
    "misfit.npy": npyOfZeros([4, 3, 5, 5]),
    "letter.onnx": "Dear reader, this is no model.\n",
    "cut.onnx": model.subarray(0, model.length / 2),
    "other.recipe.json": '{"kind": "octet recipe"',
  });
  await mkdir(testInfo.outputPath("empty"));
  await openSample(page);

  const refusals: readonly (readonly [string[], readonly (string | RegExp)[]])[] = [
    [[files["misfit.npy"]!], ["misfit.npy", "4 × 3 × 5 × 5", "does not fit"]],
    [[files["letter.onnx"]!], ["letter.onnx"]],
    [[files["cut.onnx"]!], ["cut.onnx"]],
    [[files["other.recipe.json"]!], ["other.recipe.json"]],
    [[testInfo.outputPath("empty")], ["empty"]],
  ];
  for (const [dropped, sayings] of refusals) {
    await drop(page, dropped);
    const alert = page.getByRole("alert");
    for (const saying of sayings) await expect(alert).toContainText(saying);
    await expect(alert.getByText("Details")).toHaveCount(0);
    await dismissAlert(page);
    await expect(page.getByTestId("model-name")).toHaveText("fashion-mnist-dw.onnx");
  }
  await goTo(page, "data");
  await expect(page.getByTestId("data-samples")).toHaveText("800");
  await calibrate(page, 5);
});

test("an exported model dropped in again is read beside its float model", async ({ page }, testInfo) => {
  await openSample(page);
  await calibrate(page, 5);
  const zip = await downloadZip(page);
  const name = `${SAMPLE_NAME}.int8.onnx`;
  const files = await writeFiles(testInfo.outputPath(), { [name]: zip[name]! });
  await drop(page, [files[name]!]);
  await expect(page.getByTestId("quantized-facts")).toContainText(name);
  await expect(page.getByTestId("quantized-recipe")).toContainText(/the codes and scales of (\d+) of \1 weights/, {
    timeout: 60_000,
  });
  await page.keyboard.press("Escape");
  await expect(page.getByTestId("quantized")).toHaveCount(0);
  await expect(page.getByTestId("model-name")).toHaveText("fashion-mnist-dw.onnx");
  await expect(page.getByTestId("step-calibrate")).toHaveAttribute("data-standing", "done");
});

import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { expect, test } from "./support/app.ts";
import { drop } from "./support/drop.ts";
import { writeFiles } from "./support/files.ts";
import {
  calibrate,
  calibrated,
  evaluated,
  goTo,
  idle,
  logEntries,
  openSample,
  SAMPLE_MODEL,
  seenSamples,
  selectLayer,
  startCalibration,
} from "./support/studio.ts";
import { THOROUGH } from "./support/thorough.ts";

/** Ends all workers of a kind from within, which reaches the page as a crash does: no message, no error event. */
async function kill(page: Page, name: "engine" | "executor" | "analysis"): Promise<void> {
  const workers = page.workers().filter((worker) => worker.url().includes(`/${name}.worker`));
  expect(workers).not.toHaveLength(0);
  await Promise.all(workers.map((worker) => worker.evaluate(() => self.close()).catch(() => {})));
}

test("a calibration whose engine is killed goes on by itself and says so once", async ({ page }) => {
  await openSample(page);
  await startCalibration(page);
  await seenSamples(page, 30);
  await kill(page, "engine");
  await calibrated(page);
  await goTo(page, "calibrate");
  await expect(page.getByTestId("calibration-observed")).toHaveText("300 of 300");
  await expect(page.getByRole("alert")).toHaveCount(0);
  const said = await logEntries(page);
  expect(said.filter((entry) => entry.includes("The engine stopped"))).toHaveLength(1);
  expect(said.filter((entry) => /Calibrating goes on in a new worker from/.test(entry))).toHaveLength(1);
});

test("a calibration whose only executor is killed goes on by itself and says so once", { tag: THOROUGH }, async ({
  page,
}) => {
  await page.addInitScript(() => localStorage.setItem("octet-execution", '{"workers":1,"threads":1,"batch":1}'));
  await openSample(page);
  await startCalibration(page);
  await seenSamples(page, 30);
  await kill(page, "executor");
  await calibrated(page);
  await goTo(page, "calibrate");
  await expect(page.getByTestId("calibration-observed")).toHaveText("300 of 300");
  await expect(page.getByRole("alert")).toHaveCount(0);
  const said = await logEntries(page);
  expect(
    said.filter((entry) => /Calibrating goes on in a new worker from .* samples?: ONNX Runtime/.test(entry)),
  ).toHaveLength(1);
});

test("a calibration on two workers goes on without one that is killed", { tag: THOROUGH }, async ({ page }) => {
  await page.addInitScript(() => localStorage.setItem("octet-execution", '{"workers":2,"threads":1,"batch":1}'));
  await openSample(page);
  await startCalibration(page);
  await seenSamples(page, 30);
  // Another, opened before, may be there still: it answered for the sample in view.
  const executors = page.workers().filter((worker) => worker.url().includes("/executor.worker"));
  expect(executors.length).toBeGreaterThanOrEqual(2);
  await executors
    .at(-1)!
    .evaluate(() => self.close())
    .catch(() => {});
  await calibrated(page);
  await goTo(page, "calibrate");
  await expect(page.getByTestId("calibration-observed")).toHaveText("300 of 300");
  const said = await logEntries(page);
  expect(said.filter((entry) => entry.includes("goes on in a new worker"))).toEqual([]);
  expect(said.filter((entry) => entry.includes("other workers ran its samples again"))).toHaveLength(1);
});

test("an evaluation whose executor is killed starts again by itself", { tag: THOROUGH }, async ({ page }) => {
  await openSample(page);
  await calibrate(page, 10);
  await page.getByTestId("evaluate").click();
  await seenSamples(page, 30);
  await kill(page, "executor");
  await evaluated(page);
  await expect(page.getByTestId("evaluation-result")).toContainText("790 samples, 790 labelled");
  await expect(page.getByRole("alert")).toHaveCount(0);
});

test("an engine killed while idle costs nothing: the next job has the model and the samples", {
  tag: THOROUGH,
}, async ({ page }) => {
  await openSample(page);
  await kill(page, "engine");
  await calibrate(page, 10);
  await kill(page, "analysis");
  await goTo(page, "tune");
  await selectLayer(page, "/block1/pw/conv/Conv");
  await expect(page.getByTestId("figure-sqnr")).toHaveText(/ dB$/);
  await expect(page.getByRole("alert")).toHaveCount(0);
});

test("an engine killed after the model's file changed on disk says so, and another model opens", async ({
  page,
}, testInfo) => {
  const model = await readFile(SAMPLE_MODEL);
  const { "a.onnx": path } = await writeFiles(testInfo.outputPath(), { "a.onnx": model });
  await page.goto("/");
  await drop(page, [path!]);
  await expect(page.getByTestId("model-name")).toHaveText("a.onnx");
  await idle(page);
  await writeFiles(testInfo.outputPath(), { "a.onnx": model.subarray(0, 1000) });
  await kill(page, "engine");
  await drop(page, [SAMPLE_MODEL]);
  await expect(page.getByTestId("model-name")).toHaveText("fashion-mnist-dw.onnx");
  expect(await logEntries(page)).toContainEqual(expect.stringContaining("a.onnx"));
});

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Page } from "@playwright/test";
import { type Unzipped, unzipSync } from "fflate";
import { expect } from "./app.ts";

/** A path of the sample project, or of another file, from the top of the repository. */
export function repositoryPath(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

export const SAMPLE_MODEL = repositoryPath("public/sample/fashion-mnist-dw.onnx");
export const SAMPLE_NAME = "fashion-mnist-dw";

const JOB_TIMEOUT = 120_000;

/** Waits until no job runs and none follows at once. */
export async function idle(page: Page): Promise<void> {
  await expect(page.getByTestId("job")).toHaveCount(0, { timeout: JOB_TIMEOUT });
}

export async function openSample(page: Page): Promise<void> {
  await page.goto("/");
  await pressSample(page);
}

/** Opens the sample project on the start screen as it is. */
export async function pressSample(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Open the sample project" }).click();
  await openedSample(page);
}

/** Waits for the sample project, however it was asked for. */
export async function openedSample(page: Page): Promise<void> {
  await expect(page.getByTestId("step-data")).toHaveAttribute("data-standing", "done", { timeout: JOB_TIMEOUT });
  await idle(page);
}

export async function goTo(page: Page, step: "model" | "data" | "calibrate" | "tune" | "export"): Promise<void> {
  await page.getByTestId(`step-${step}`).click();
  await expect(page.getByTestId(`view-${step}`)).toBeVisible();
}

/** Sets how many samples calibrate. */
export async function setSamples(page: Page, samples: number | string): Promise<void> {
  await goTo(page, "data");
  await page.getByTestId("samples").fill(String(samples));
  await page.getByTestId("samples").press("Enter");
}

export async function startCalibration(page: Page): Promise<void> {
  await goTo(page, "calibrate");
  await page.getByTestId("calibrate").click();
}

/** Waits for the end of a calibration and of what follows it: the choice of ranges and the estimates. */
export async function calibrated(page: Page): Promise<void> {
  await expect(page.getByTestId("step-calibrate")).toHaveAttribute("data-standing", "done", { timeout: JOB_TIMEOUT });
  await idle(page);
}

export async function calibrate(page: Page, samples?: number): Promise<void> {
  if (samples !== undefined) await setSamples(page, samples);
  await startCalibration(page);
  await calibrated(page);
}

export async function evaluate(page: Page): Promise<void> {
  await page.getByTestId("evaluate").click();
  await evaluated(page);
}

/** Waits for the end of an evaluation. */
export async function evaluated(page: Page): Promise<void> {
  await expect(page.getByTestId("step-tune")).toHaveAttribute("data-standing", "done", { timeout: JOB_TIMEOUT });
  await idle(page);
}

/** Presses Download and opens the zip that comes. */
export async function downloadZip(page: Page): Promise<Unzipped> {
  await goTo(page, "export");
  const coming = page.waitForEvent("download", { timeout: JOB_TIMEOUT });
  await page.getByTestId("export").click();
  const zip = await (await coming).path();
  await idle(page);
  return unzipSync(await readFile(zip));
}

/** The entries of the log, newest first. */
export async function logEntries(page: Page): Promise<string[]> {
  const log = page.getByTestId("log");
  if (!(await log.isVisible())) await page.getByTestId("log-toggle").click();
  await expect(log).toBeVisible();
  return log.getByRole("listitem").allTextContents();
}

export async function dismissAlert(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Dismiss" }).first().click();
}

/** Waits until the running job has taken at least so many samples. */
export async function seenSamples(page: Page, samples: number): Promise<void> {
  const progress = page.getByTestId("job-progress");
  await expect
    .poll(async () => Number.parseInt(await progress.innerText(), 10), { timeout: JOB_TIMEOUT, intervals: [20] })
    .toBeGreaterThanOrEqual(samples);
}

/** Selects a layer in the list by its id. */
export async function selectLayer(page: Page, id: string): Promise<void> {
  await page.locator(`[data-layer="${id}"]`).getByRole("gridcell").first().click();
  await expect(page.getByTestId("selected-layer")).toHaveText(id);
}

import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { Page } from "@playwright/test";
import type { Unzipped } from "fflate";
import { npyBytes } from "../src/engine/data/testing/files.ts";
import type { Notice } from "../src/engine/model/job.ts";
import { expect, test } from "./support/app.ts";
import { writeFiles } from "./support/files.ts";
import {
  calibrate,
  calibrated,
  downloadZip,
  goTo,
  idle,
  logEntries,
  openSample,
  pressSample,
  SAMPLE_NAME,
  seenSamples,
  startCalibration,
} from "./support/studio.ts";
import { THOROUGH } from "./support/thorough.ts";

/** The calibration cache of a download, without what tells how it was run. */
function observation(files: Unzipped): object {
  const text = new TextDecoder().decode(files[`${SAMPLE_NAME}.calibration.json`]);
  const { executors: _, notices, ...rest } = JSON.parse(text) as { executors: unknown; notices: Notice[] };
  return { ...rest, notices: notices.filter(({ subject }) => subject !== "WebGPU") };
}

function asksBeforeLeaving(page: Page): Promise<boolean> {
  return page.evaluate(() => !window.dispatchEvent(new Event("beforeunload", { cancelable: true })));
}

test("a cancelled calibration keeps what it saw, and gone on with ends as an uninterrupted one does", {
  tag: THOROUGH,
}, async ({ page, otherPage }) => {
  await openSample(page);
  await startCalibration(page);
  await seenSamples(page, 20);
  expect(await asksBeforeLeaving(page)).toBe(true);
  await page.getByRole("button", { name: "Cancel" }).click();
  await idle(page);
  expect(await asksBeforeLeaving(page)).toBe(false);
  await expect(page.getByTestId("step-calibrate")).toHaveAttribute("data-standing", "partial");
  await expect(page.getByRole("alert")).toHaveCount(0);
  expect((await logEntries(page))[0]).toContain("Calibrating was cancelled");
  const stopped = Number.parseInt(await page.getByTestId("calibration-observed").innerText(), 10);
  expect(stopped).toBeGreaterThanOrEqual(20);
  expect(stopped).toBeLessThan(300);

  await page.getByRole("button", { name: "Go on calibrating" }).click();
  await calibrated(page);
  await goTo(page, "calibrate");
  await expect(page.getByTestId("calibration-observed")).toHaveText("300 of 300");
  const resumed = await downloadZip(page);

  await openSample(otherPage);
  await calibrate(otherPage, 300);
  const uninterrupted = await downloadZip(otherPage);
  expect(observation(resumed)).toEqual(observation(uninterrupted));
  const model = `${SAMPLE_NAME}.int8.onnx`;
  expect(Buffer.compare(resumed[model]!, uninterrupted[model]!)).toBe(0);
});

test("a cancelled repetition leaves the finished calibration and its results as they were", { tag: THOROUGH }, async ({
  page,
}) => {
  await openSample(page);
  await calibrate(page, 200);
  await startCalibration(page);
  await seenSamples(page, 20);
  await page.getByRole("button", { name: "Cancel" }).click();
  await idle(page);
  await expect(page.getByTestId("step-calibrate")).toHaveAttribute("data-standing", "done");
  await expect(page.getByTestId("calibration-observed")).toHaveText("200 of 200");
});

test(
  "a cancelled evaluation leaves the last results, and the next one runs; cancelled reading leaves the data that were open",
  {
    tag: THOROUGH,
  },
  async ({ page }, testInfo) => {
    await openSample(page);
    await calibrate(page, 10);
    await page.getByTestId("evaluate").click();
    await seenSamples(page, 20);
    await page.getByRole("button", { name: "Cancel" }).click();
    await idle(page);
    await expect(page.getByTestId("evaluation-result")).toHaveCount(0);
    await expect(page.getByTestId("evaluate")).toBeEnabled();
    await expect(page.getByRole("alert")).toHaveCount(0);

    const files = await writeFiles(testInfo.outputPath(), { "pictures.npy.gz": manyPictures() });
    await goTo(page, "data");
    const before = await page.getByTestId("data-samples").innerText();
    await page.getByTestId("data-input").setInputFiles([files["pictures.npy.gz"]!]);
    await expect(page.getByTestId("job")).toContainText("Reading data");
    await page.getByRole("button", { name: "Cancel" }).click();
    await idle(page);
    expect((await logEntries(page))[0]).toContain("Reading data was cancelled");
    await expect(page.getByRole("alert")).toHaveCount(0);
    await expect(page.getByTestId("data-samples")).toHaveText(before);
    await expect(page.getByTestId("step-calibrate")).toHaveAttribute("data-standing", "done");
  },
);

test("everything deleted during a calibration ends it without a word of failure", { tag: THOROUGH }, async ({
  page,
}) => {
  await openSample(page);
  await startCalibration(page);
  await seenSamples(page, 20);
  await goTo(page, "export");
  await page.getByRole("button", { name: "Delete everything" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
  await expect(page.getByTestId("start")).toBeVisible();
  await pressSample(page);
  await expect(page.getByRole("alert")).toHaveCount(0);
  await expect(page.getByTestId("step-calibrate")).toHaveAttribute("data-standing", "ready");
  expect((await logEntries(page)).join()).not.toContain("goes on");
});

/** 64 MB that take a second or more to inflate: noise of 6 bits a byte, further apart than deflate looks back. */
function manyPictures(): Uint8Array {
  const count = 80_000;
  const noise = randomBytes(2 ** 17).map((byte) => byte & 63);
  return gzipSync(npyBytes("|u1", [count, 1, 28, 28], Buffer.alloc(count * 784, noise)), { level: 1 });
}

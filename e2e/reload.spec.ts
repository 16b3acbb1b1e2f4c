import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { hasShared, SHARED, SHARED_TAG } from "../src/engine/testing/shared.ts";
import { expect, test } from "./support/app.ts";
import { drop } from "./support/drop.ts";
import { writeFiles } from "./support/files.ts";
import { stored } from "./support/storage.ts";
import {
  calibrate,
  calibrated,
  dismissAlert,
  downloadZip,
  evaluate,
  goTo,
  idle,
  logEntries,
  openSample,
  repositoryPath,
  SAMPLE_MODEL,
  SAMPLE_NAME,
  seenSamples,
  setSamples,
  startCalibration,
} from "./support/studio.ts";
import { THOROUGH } from "./support/thorough.ts";

const SAMPLE_DATA = ["images-idx3", "labels-idx1"].map((part) =>
  repositoryPath(`public/sample/calibration-${part}-ubyte.gz`),
);

test("recipe, statistics and results outlive a reload; the model is asked for again and known by its hash", async ({
  page,
}, testInfo) => {
  await page.goto("/");
  await drop(page, [SAMPLE_MODEL]);
  // While it opens.
  await drop(page, SAMPLE_DATA);
  await expect(page.getByTestId("data-samples")).toHaveText("300");
  await page.getByTestId("method").selectOption("percentile");
  await calibrate(page, 200);
  await evaluate(page);
  const result = await page.getByTestId("evaluation-result").locator("tbody").first().innerText();
  await expect
    .poll(async () => (await stored(page)).sessions.map(({ evaluation }) => evaluation !== null))
    .toEqual([true]);

  await page.reload();
  await expect(page.getByTestId("last-session")).toContainText("the model file is asked for again");
  // One more field at the end of the file: a valid model with the same graph and name, and another hash.
  const otherModel = Buffer.concat([await readFile(SAMPLE_MODEL), Buffer.from([0x32, 5]), Buffer.from("other")]);
  const files = await writeFiles(testInfo.outputPath(), { "fashion-mnist-dw.onnx": otherModel });
  await page.getByTestId("resume-input").setInputFiles(files["fashion-mnist-dw.onnx"]!);
  await expect(page.getByRole("alert")).toContainText("fashion-mnist-dw.onnx is not the model of that session");
  await expect(page.getByTestId("start")).toBeVisible();
  await dismissAlert(page);

  await page.getByTestId("resume-input").setInputFiles(SAMPLE_MODEL);
  await expect(page.getByTestId("workbench")).toBeVisible();
  await idle(page);
  await expect(page.getByTestId("method")).toHaveValue("percentile");
  await expect(page.getByTestId("step-data")).toHaveAttribute("data-standing", "missing");
  await expect(page.getByTestId("step-tune")).toHaveAttribute("data-standing", "done");
  await goTo(page, "calibrate");
  await expect(page.getByTestId("calibration-observed")).toHaveText("200 of 200");
  expect(await page.getByTestId("evaluation-result").locator("tbody").first().innerText()).toBe(result);

  await drop(page, SAMPLE_DATA);
  await expect(page.getByTestId("data-samples")).toHaveText("300");
  await idle(page);
  await expect(page.getByTestId("samples")).toHaveValue("200");
  await expect(page.getByTestId("step-calibrate")).toHaveAttribute("data-standing", "done");
  await expect(page.getByTestId("step-tune")).toHaveAttribute("data-standing", "done");
});

test("with the files kept a reload goes on without asking, until everything is deleted", { tag: THOROUGH }, async ({
  page,
}) => {
  await openSample(page);
  await goTo(page, "data");
  await page.getByLabel("Keep the model and samples on this machine").check();
  await calibrate(page, 10);
  await expect.poll(async () => (await stored(page)).sessions.map(({ kept }) => kept)).toEqual([true]);
  await expect.poll(async () => (await stored(page)).records).toBe(3);

  await page.reload();
  await page.getByRole("button", { name: "Go on" }).click();
  await expect(page.getByTestId("view-tune")).toBeVisible();
  await expect(page.getByTestId("step-data")).toHaveAttribute("data-standing", "done");
  await goTo(page, "data");
  await expect(page.getByTestId("data-samples")).toHaveText("800");
  await calibrate(page, 12);

  await goTo(page, "export");
  const kept = page
    .getByTestId("kept-models")
    .getByRole("row")
    .filter({ hasText: `${SAMPLE_NAME}.onnx` });
  await expect(kept).toContainText("MB");
  await expect(page.getByTestId("kept-total")).toContainText("of at most 256 MB");
  await kept.getByRole("button", { name: "Remove" }).click();
  await expect(page.getByTestId("kept-models")).toHaveCount(0);
  await expect.poll(async () => (await stored(page)).records).toBe(0);
  await page.getByRole("button", { name: "Delete everything" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
  await expect(page.getByTestId("start")).toBeVisible();
  expect((await stored(page)).records).toBe(0);
  expect(await page.evaluate(() => Object.keys(localStorage))).toEqual([]);
  await page.reload();
  await expect(page.getByTestId("start")).toBeVisible();
  await expect(page.getByTestId("last-session")).toHaveCount(0);
  expect((await stored(page)).records).toBe(0);
});

test("an edit made just before a reload is there after it", { tag: THOROUGH }, async ({ page }) => {
  await openSample(page);
  await calibrate(page, 10);
  await page.getByTestId("method").selectOption("entropy");
  await page.reload();
  await openSample(page);
  await expect(page.getByTestId("method")).toHaveValue("entropy");
});

/** How many samples the page told of when it was last left. */
const toldAtLeaving = (page: Page) => page.evaluate(() => Number.parseInt(sessionStorage.getItem("told") ?? "", 10));

async function notingWhatIsTold(page: Page): Promise<void> {
  await page.addInitScript(() => {
    window.addEventListener("pagehide", () => {
      const progress = document.querySelector('[data-testid="job-progress"]');
      sessionStorage.setItem("told", progress?.textContent ?? "");
    });
  });
}

/** Calibrates on `samples`, reloading each time so many were seen; nothing that was seen before is to be lost. */
async function reloadAt(page: Page, samples: number, moments: readonly number[]): Promise<void> {
  page.on("dialog", (dialog) => dialog.accept());
  await page.getByLabel("Keep the model and samples on this machine").check();
  await setSamples(page, samples);
  for (const moment of moments) {
    await startCalibration(page);
    await seenSamples(page, moment);
    await page.reload();
    await page.getByRole("button", { name: "Go on" }).click();
    await expect(page.getByTestId("step-data")).toHaveAttribute("data-standing", "done");
    await idle(page);
    await goTo(page, "data");
    await expect(page.getByTestId("samples")).toHaveValue(String(samples));
    await goTo(page, "calibrate");
    const told = await toldAtLeaving(page);
    expect(told).toBeGreaterThanOrEqual(moment);
    expect(Number.parseInt(await page.getByTestId("calibration-observed").innerText(), 10)).toBeGreaterThanOrEqual(
      told,
    );
  }
}

test("a reload at any moment of a calibration loses no batch that has ended, and the number of samples chosen stays", {
  tag: THOROUGH,
}, async ({ page }) => {
  await notingWhatIsTold(page);
  await openSample(page);
  await goTo(page, "data");
  await reloadAt(page, 700, [1, 60, 390]);
  await expect(page.getByTestId("step-calibrate")).toHaveAttribute("data-standing", "partial");
  // What was put together of parts is what one run gives.
  await startCalibration(page);
  await calibrated(page);
  await expect(page.getByTestId("calibration-observed")).toHaveText("700 of 700");
  expect((await stored(page)).records).toBe(3);
});

test("the same of a model whose channels are equalized: factors and statistics go on together, and of no other model", {
  tag: THOROUGH,
}, async ({ page }) => {
  page.on("dialog", (dialog) => dialog.accept());
  await notingWhatIsTold(page);
  await openSample(page);
  await page.getByTestId("equalization").check();
  await goTo(page, "data");
  await page.getByLabel("Keep the model and samples on this machine").check();
  await setSamples(page, 700);
  const begun = page.getByTestId("calibration-begun");
  for (const moment of [100, 400]) {
    await startCalibration(page);
    await expect(page.getByTestId("job")).toContainText("Calibrating");
    await seenSamples(page, moment);
    await page.reload();
    await page.getByRole("button", { name: "Go on" }).click();
    await expect(page.getByTestId("step-data")).toHaveAttribute("data-standing", "done");
    await idle(page);
    await goTo(page, "calibrate");
    await expect(begun).toHaveText(
      /^Stopped at \d+ of 700 samples of the model equalized: calibrating goes on from there\.$/,
    );
    const told = await toldAtLeaving(page);
    expect(told).toBeGreaterThanOrEqual(moment);
    expect(Number.parseInt((await begun.innerText()).slice("Stopped at ".length), 10)).toBeGreaterThanOrEqual(told);
  }
  await page.getByTestId("equalization").uncheck();
  await expect(begun).toHaveCount(0);
  await page.getByTestId("equalization").check();
  await expect(begun).toHaveCount(1);
  await expect(page.getByTestId("calibrate")).toHaveText("Go on calibrating");
  await startCalibration(page);
  await calibrated(page);
  await expect(page.getByTestId("calibration-observed")).toHaveText("700 of 700");
  // What was put together of parts is what one run gives.
  const recipeOf = async () =>
    JSON.parse(new TextDecoder().decode((await downloadZip(page))[`${SAMPLE_NAME}.recipe.json`]));
  const { factors, resolved } = await recipeOf();
  expect((await stored(page)).records).toBe(3);
  await startCalibration(page);
  await calibrated(page);
  const once = await recipeOf();
  expect({ factors: once.factors, resolved: once.resolved }).toEqual({ factors, resolved });
});

const photographs = "the same on photographs, of which each takes long";

test(photographs, { tag: [`@${SHARED_TAG}`, THOROUGH] }, async ({ page }) => {
  test.skip(!hasShared, "needs ../shared");
  await notingWhatIsTold(page);
  await page.goto("/");
  await drop(page, [join(SHARED, "models/squeezenet1.1.onnx"), join(SHARED, "data/imagenet-mini")]);
  await expect(page.getByTestId("data-samples")).toHaveText("200", { timeout: 60_000 });
  await idle(page);
  await goTo(page, "data");
  await reloadAt(page, 60, [2, 9]);
});

test("leaving the page in the middle of a calibration asks first, and staying goes on", { tag: THOROUGH }, async ({
  page,
}) => {
  await openSample(page);
  await setSamples(page, 700);
  await startCalibration(page);
  await seenSamples(page, 20);
  const asked: string[] = [];
  page.once("dialog", async (dialog) => {
    asked.push(dialog.type());
    await dialog.dismiss();
  });
  await page.evaluate(() => location.reload());
  await calibrated(page);
  expect(asked).toEqual(["beforeunload"]);
  await expect(page.getByTestId("calibration-observed")).toHaveText("700 of 700");
});

test("the second tab on a model is told that it keeps nothing, and takes over what the first kept", {
  tag: THOROUGH,
}, async ({ page, context }) => {
  const methods = async (of: Page) => (await stored(of)).sessions.map(({ recipe }) => recipe.method);
  await openSample(page);
  await calibrate(page, 10);
  await expect(page.getByTestId("elsewhere")).toHaveCount(0);
  const second = await context.newPage();
  await openSample(second);
  await expect(second.getByTestId("elsewhere")).toContainText("is open in another tab");
  await second.getByTestId("method").selectOption("mse");
  await page.getByTestId("method").selectOption("entropy");
  await expect.poll(() => methods(page)).toEqual(["entropy"]);

  await idle(second);
  await page.getByTestId("method").selectOption("percentile");
  await second.getByRole("button", { name: "Take over" }).click();
  await expect(second.getByTestId("elsewhere")).toHaveCount(0);
  await idle(second);
  await expect(second.getByTestId("method")).toHaveValue("percentile");
  await expect(page.getByTestId("elsewhere")).toContainText("Another tab took over");
  await page.getByTestId("method").selectOption("minmax");
  await second.getByTestId("method").selectOption("auto");
  await expect.poll(() => methods(page)).toEqual(["auto"]);
});

for (const [store, block] of Object.entries({
  private: () => {
    const refuse = () => {
      throw new DOMException("blocked", "SecurityError");
    };
    IDBFactory.prototype.open = refuse;
    Object.defineProperty(globalThis, "localStorage", { get: refuse });
    Object.defineProperty(navigator, "locks", {
      value: { request: async () => refuse(), query: async () => refuse() },
    });
    Object.defineProperty(navigator.storage, "getDirectory", { value: async () => refuse() });
  },
  full: () => {
    IDBObjectStore.prototype.put = () => {
      throw new DOMException("full", "QuotaExceededError");
    };
  },
})) {
  test(`a browser whose store is ${store} keeps nothing, which is said, and all else goes on`, async ({ page }) => {
    await page.addInitScript(block);
    await openSample(page);
    const notKept = page.getByTestId("not-kept");
    await expect(notKept).toHaveText("not kept");
    await expect(notKept).toHaveAttribute("title", /so this session is not kept, and a reload starts afresh/);
    await goTo(page, "data");
    await page.getByLabel("Keep the model and samples on this machine").click();
    await expect(page.getByLabel("Keep the model and samples on this machine")).not.toBeChecked();
    await calibrate(page, 10);
    expect((await logEntries(page)).filter((entry) => entry.includes("session is not kept"))).toHaveLength(1);
  });
}

test("a store that fills up for real during the work is told, and all goes on", { tag: THOROUGH }, async ({
  page,
  baseURL,
}) => {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Storage.overrideQuotaForOrigin", { origin: baseURL as string, quotaSize: 150_000 });
  await openSample(page);
  await expect(page.getByTestId("not-kept")).toBeHidden();
  await calibrate(page, 100);
  await expect(page.getByTestId("not-kept")).toHaveText("not kept");
  expect((await logEntries(page)).filter((entry) => entry.includes("session is not kept"))).toHaveLength(1);
  await goTo(page, "export");
  expect(Object.keys(await downloadZip(page))).toContain(`${SAMPLE_NAME}.int8.onnx`);
});

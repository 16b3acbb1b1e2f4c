import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { unzipSync } from "fflate";
import { expect, test } from "./support/app.ts";
import { stored } from "./support/storage.ts";
import {
  calibrate,
  dismissAlert,
  evaluate,
  goTo,
  idle,
  openSample,
  SAMPLE_NAME,
  setSamples,
} from "./support/studio.ts";
import { THOROUGH } from "./support/thorough.ts";

async function goToCompare(page: Page): Promise<void> {
  await goTo(page, "tune");
  await page.getByTestId("tab-compare").click();
  await expect(page.getByTestId("compare")).toBeVisible();
}

const heads = (page: Page) => page.getByTestId("compare-result");
const cellsOf = (page: Page, row: string) => page.getByTestId(`compare-${row}`).getByRole("cell");

/** The sample project evaluated per channel and then per tensor, with the comparison open. */
async function compareTwo(page: Page): Promise<void> {
  await openSample(page);
  await calibrate(page, 100);
  await evaluate(page);
  await page.getByTestId("weights").selectOption("tensor");
  await evaluate(page);
  await goToCompare(page);
}

test("two evaluations stand side by side; a result is renamed, kept over a reload, reopened and deleted", {
  tag: THOROUGH,
}, async ({ page }) => {
  await openSample(page);
  await goToCompare(page);
  await expect(page.getByTestId("compare")).toContainText("No results yet");
  await expect(page.getByTestId("compare").getByRole("button", { name: "Go to Calibrate" })).toBeVisible();
  await goTo(page, "data");
  await page.getByLabel("Keep the model and samples on this machine").check();

  await calibrate(page, 100);
  await evaluate(page);
  await goToCompare(page);
  await expect(heads(page)).toHaveCount(1);
  await page.getByTestId("weights").selectOption("tensor");
  await evaluate(page);
  await expect(heads(page)).toHaveText([/^per tensor, auto/, /^per channel, auto/]);

  await expect(cellsOf(page, "weights")).toHaveText([/int8, per tensor/, /differs: int8, per channel/]);
  await expect(page.getByTestId("compare-activations")).toHaveCount(0);
  await expect(cellsOf(page, "top1")).toHaveText([/^[\d.]+ → [\d.]+ %drop .* pt \(95 %: .* to .*\)$/, /^★\d/]);
  const shown = await page.getByTestId("result-top1").getByRole("cell").allTextContents();
  await expect(cellsOf(page, "top1").first()).toContainText(`${shown[0]!.replace(" %", "")} → ${shown[1]}`);
  await expect(cellsOf(page, "samples")).toHaveText(["700700 labelled", "700700 labelled"]);
  await expect(page.getByTestId("compare-chart")).toContainText("per channel, auto");

  await heads(page).nth(1).getByRole("button", { name: "rename" }).press("Enter");
  await page.keyboard.type("the good one");
  await page.keyboard.press("Enter");
  await expect(heads(page).nth(1)).toContainText("the good one");
  await expect(heads(page).nth(1).getByRole("button", { name: "rename" })).toBeFocused();
  await page.getByLabel("per tensor, auto", { exact: true }).uncheck();
  await expect(heads(page)).toHaveText([/^the good one/]);
  await expect
    .poll(async () => (await stored(page)).sessions.map(({ evaluation }) => evaluation !== null))
    .toEqual([true]);

  await page.reload();
  await page.getByRole("button", { name: "Go on" }).click();
  await expect(page.getByTestId("step-data")).toHaveAttribute("data-standing", "done");
  await idle(page);
  await goToCompare(page);
  await expect(heads(page)).toHaveText([/^the good one/]);
  await page.getByLabel("per tensor, auto", { exact: true }).check();
  await expect(heads(page)).toHaveCount(2);

  await expect(heads(page).first()).toContainText("current recipe");
  await heads(page).nth(1).getByRole("button", { name: "Reopen" }).press("Enter");
  await expect(page.getByTestId("weights")).toHaveValue("channel");
  await expect(heads(page).nth(1)).toContainText("current recipe");
  await expect(page.getByTestId("step-tune")).toHaveAttribute("data-standing", "done");
  const reopened = await page.getByTestId("result-top1").getByRole("cell").allTextContents();
  await expect(cellsOf(page, "top1").nth(1)).toContainText(reopened[1]!);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByTestId("weights")).toHaveValue("tensor");
  await expect(page.getByTestId("step-tune")).toHaveAttribute("data-standing", "stale");

  await heads(page).nth(1).getByRole("button", { name: "Delete the good one" }).press("Enter");
  await expect(heads(page)).toHaveText([/^per tensor, auto/]);
  const undo = page.getByTestId("compare-deleted").getByRole("button", { name: "Bring it back" });
  await expect(undo).toBeFocused();
  await undo.press("Enter");
  await expect(heads(page)).toHaveText([/^per tensor, auto/, /^the good one/]);
  await heads(page).nth(1).getByRole("button", { name: "Delete the good one" }).click();
  await expect.poll(async () => (await stored(page)).results).toHaveLength(1);

  await goTo(page, "export");
  await page.getByRole("button", { name: "Delete everything" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
  await expect(page.getByTestId("start")).toBeVisible();
  expect((await stored(page)).records).toBe(0);
});

test("a result exports the files of its own recipe, and results on other samples are not compared as if equal", {
  tag: THOROUGH,
}, async ({ page }) => {
  await compareTwo(page);
  const exported = async (item: string) => {
    const coming = page.waitForEvent("download");
    await heads(page).last().getByRole("button", { name: "Export" }).press("Enter");
    await page.getByRole("menuitem", { name: item }).press("Enter");
    const download = await coming;
    await idle(page);
    return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
  };
  const recipe = await exported("Recipe (JSON)");
  expect(recipe.name).toBe(`${SAMPLE_NAME}.per-channel-auto.recipe.json`);
  expect(JSON.parse(recipe.bytes.toString()).weights.granularity).toBe("channel");

  const zip = await exported("All files (zip)");
  expect(zip.name).toBe(`${SAMPLE_NAME}.per-channel-auto.octet.zip`);
  const files = unzipSync(zip.bytes);
  expect(Object.keys(files)).toHaveLength(7);
  expect(Buffer.from(files[`${SAMPLE_NAME}.recipe.json`]!).equals(recipe.bytes)).toBe(true);
  const report = JSON.parse(new TextDecoder().decode(files[`${SAMPLE_NAME}.report.json`]));
  expect(report.evaluation.bytes.quantized).toBe(files[`${SAMPLE_NAME}.int8.onnx`]!.length);
  await expect(page.getByTestId("weights")).toHaveValue("tensor");

  await setSamples(page, 60);
  await calibrate(page);
  await evaluate(page);
  await goToCompare(page);
  await expect(heads(page)).toHaveCount(3);
  await expect(heads(page).nth(1)).toContainText("other samples");
  await expect(page.getByTestId("compare-top1").getByRole("img", { name: "best:" })).toHaveCount(0);
  await page.getByLabel("per tensor, auto (2)", { exact: true }).uncheck();
  await expect(page.getByTestId("compare-top1").getByRole("img", { name: "best:" })).toHaveCount(1);

  await heads(page).last().getByRole("button", { name: "Export" }).click();
  await page.getByRole("menuitem", { name: "All files (zip)" }).click();
  await expect(page.getByRole("alert")).toContainText("came from another calibration (100 samples)");
  await dismissAlert(page);
});

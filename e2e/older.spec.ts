import type { Page } from "@playwright/test";
import { expect, test } from "./support/app.ts";
import { downgrade, spoil, upgradeBeyond } from "./support/olderDatabase.ts";
import { stored } from "./support/storage.ts";
import {
  calibrate,
  dismissAlert,
  evaluate,
  goTo,
  idle,
  openSample,
  SAMPLE_MODEL,
  setSamples,
} from "./support/studio.ts";
import { THOROUGH } from "./support/thorough.ts";

const rounded = (page: Page) => page.getByTestId("rounding-row");

async function evaluated(page: Page): Promise<string> {
  await evaluate(page);
  await expect
    .poll(async () => (await stored(page)).sessions.map((session) => session.evaluation !== null))
    .toEqual([true]);
  await expect.poll(async () => (await stored(page)).results.length).toBe(1);
  return page.getByTestId("evaluation-result").locator("tbody").first().innerText();
}

async function resume(page: Page): Promise<void> {
  await page.goto("/");
  await page.getByTestId("resume-input").setInputFiles(SAMPLE_MODEL);
  await expect(page.getByTestId("workbench")).toBeVisible();
  await idle(page);
}

test("a database of version 3 is upgraded: the session, its rounding and its results are there", async ({ page }) => {
  await openSample(page);
  await page.getByTestId("format").selectOption("weights");
  await page.getByTestId("weight-type").selectOption("int4");
  await goTo(page, "tune");
  await page.getByTestId("tab-rounding").click();
  for (const [field, value] of Object.entries({ samples: 8, iterations: 20 })) {
    await page.getByTestId(`rounding-${field}`).fill(String(value));
    await page.getByTestId(`rounding-${field}`).press("Enter");
  }
  await idle(page);
  await page.getByTestId("rounding-start").click();
  await expect(page.getByTestId("rounding-adopted")).toBeVisible({ timeout: 120_000 });
  await idle(page);
  const layers = await rounded(page).allInnerTexts();
  expect(layers.length).toBeGreaterThan(3);
  const result = await evaluated(page);

  await downgrade(page, 3);
  await resume(page);
  await expect(page.getByRole("alert")).toHaveCount(0);
  await expect(page.getByTestId("weight-type")).toHaveValue("int4");
  await goTo(page, "tune");
  await page.getByTestId("tab-rounding").click();
  await expect(rounded(page)).toHaveCount(layers.length);
  expect(await rounded(page).allInnerTexts()).toEqual(layers);
  await expect(page.getByTestId("rounding-learned")).toContainText("Stale: the weights, how biases are corrected");
  await expect(page.getByTestId("step-tune")).toHaveAttribute("data-standing", "done");
  expect(await page.getByTestId("evaluation-result").locator("tbody").first().innerText()).toBe(result);
  expect((await stored(page)).results).toHaveLength(1);
});

test("a database of version 1 is upgraded: statistics go on, and what was measured then is stale", {
  tag: THOROUGH,
}, async ({ page }) => {
  await openSample(page);
  await page.getByTestId("method").selectOption("percentile");
  await calibrate(page, 40);
  const result = await evaluated(page);

  await downgrade(page, 1);
  await resume(page);
  await expect(page.getByRole("alert")).toHaveCount(0);
  await expect(page.getByTestId("method")).toHaveValue("percentile");
  await goTo(page, "calibrate");
  await expect(page.getByTestId("calibration-observed")).toHaveText("40 of 40");
  expect(await page.getByTestId("evaluation-result").locator("tbody").first().innerText()).toBe(result);
  await expect(page.getByTestId("step-tune")).toHaveAttribute("data-standing", "stale");
});

test("what is stored and cannot be right is left out by name, and the rest is there", { tag: THOROUGH }, async ({
  page,
}) => {
  await openSample(page);
  await calibrate(page, 40);
  await evaluated(page);

  await spoil(page, "calibrations", "calibration");
  await spoil(page, "results", "date");
  await resume(page);
  await expect(page.getByRole("alert").filter({ hasText: "The stored calibration of" })).toContainText(
    ': "calibration" is ["no"]; it must be an object, so it is left out.',
  );
  await expect(page.getByRole("alert").filter({ hasText: "The stored result" })).toContainText('"date" is ["no"]');
  await expect(page.getByTestId("evaluation-result")).toBeVisible();
  await expect(page.getByTestId("step-calibrate")).not.toHaveAttribute("data-standing", "done");

  await spoil(page, "sessions", "limit");
  await page.goto("/");
  await expect(page.getByRole("alert")).toContainText('The stored session of fashion-mnist-dw.onnx: "limit" is ["no"]');
  await expect(page.getByTestId("last-session")).toHaveCount(0);
});

test("a database of a version to come is left alone, and that is said", async ({ page }) => {
  await openSample(page);
  await setSamples(page, 40);
  await expect.poll(async () => (await stored(page)).sessions.length).toBe(1);
  await upgradeBeyond(page);
  await page.goto("/");
  await expect(page.getByRole("alert")).toContainText("of a newer version of Octet");
  await expect(page.getByRole("alert")).toContainText("update Octet");
  await dismissAlert(page);
  expect((await stored(page)).sessions).toHaveLength(1);
});

import type { Page } from "@playwright/test";
import { expect, test } from "./support/app.ts";
import { stored } from "./support/storage.ts";
import { calibrate, goTo, idle, openSample, SAMPLE_MODEL } from "./support/studio.ts";
import { THOROUGH } from "./support/thorough.ts";

const SAMPLES = 40;

/** Opens the Search tab of the sample project under one scale a weight, which ruins it. */
async function openSearch(page: Page): Promise<void> {
  await openSample(page);
  await calibrate(page, 2 * SAMPLES);
  await goTo(page, "tune");
  await page.getByTestId("weights").selectOption("tensor");
  await idle(page);
  await page.getByTestId("tab-search").click();
  await page.getByTestId("search-samples").fill(String(SAMPLES));
  await page.getByTestId("search-samples").press("Enter");
}

const rows = (page: Page) => page.getByTestId("search-row");

async function startSearch(page: Page): Promise<void> {
  const begun = rows(page).first().or(page.getByTestId("search-stop"));
  await expect(async () => {
    await page.getByTestId("search-start").click({ timeout: 1000 });
    await expect(begun.first()).toBeVisible({ timeout: 2000 });
  }).toPass();
  await expect(rows(page).first()).toBeVisible({ timeout: 120_000 });
}

test("a search saves the sample model per tensor; its points are adopted, undone, and stay over a reload", {
  tag: THOROUGH,
}, async ({ page }) => {
  await openSearch(page);
  await startSearch(page);
  await expect(page.getByTestId("job-progress")).toHaveText(/^\d+\/\d+ models$/);
  await idle(page);
  const standing = page.getByTestId("search-standing");
  await expect(standing).toContainText(/Number \d+ is the smallest that keeps the limit/);
  await expect(standing).toContainText("Samples 1 to 20 calibrated, 21 to 40 judged (20 read)");
  await expect(rows(page).first()).toContainText("as given");
  await expect(rows(page).first()).toContainText("missed");
  const chosen = rows(page).filter({ hasText: "smallest" });
  await expect(chosen).toContainText("kept");
  await expect(chosen.getByRole("cell").nth(2)).toHaveText("0");
  await expect(page.getByTestId("frontier-point")).toHaveCount(await rows(page).count());

  const point = page.getByTestId("search-point");
  await page.getByTestId("frontier-point").first().click();
  await expect(rows(page).first()).toHaveClass(/selected/);
  await chosen.getByRole("button").focus();
  await page.keyboard.press("Enter");
  await expect(point).toContainText("keeps the limit");
  await expect(point.getByRole("list", { name: "Decisions" })).toContainText("Equalization on");
  await page.getByTestId("search-adopt").click();
  await expect(page.getByTestId("search-adopted")).toBeVisible();
  await expect(standing).not.toContainText("Stale");
  await idle(page);

  await page.keyboard.press("z");
  await expect(page.getByTestId("search-adopt")).toBeVisible();
  await expect(rows(page).filter({ hasText: "adopted" })).toContainText("as given");
  await idle(page);
  await page.keyboard.press("Z");
  await expect(page.getByTestId("search-adopted")).toBeVisible();
  await idle(page);

  await page.getByTestId("activations").selectOption("int8");
  await expect(standing).toContainText("Stale");
  await page.getByTestId("tab-search").focus();
  await page.keyboard.press("z");
  await expect(standing).not.toContainText("Stale");
  await idle(page);

  const before = await page.getByTestId("search-table").innerText();
  await expect
    .poll(async () => (await stored(page)).sessions.map(({ recipe }) => recipe.corrections.equalization))
    .toEqual([true]);
  await page.reload();
  await page.getByTestId("resume-input").setInputFiles(SAMPLE_MODEL);
  await expect(page.getByTestId("workbench")).toBeVisible();
  await goTo(page, "tune");
  await page.getByTestId("tab-search").click();
  await expect(standing).not.toContainText("Stale");
  expect(await page.getByTestId("search-table").innerText()).toBe(before);
  await expect(page.getByRole("button", { name: "Add data to search" })).toBeVisible();
});

test("a search that is stopped keeps its points, and says when none keeps the limit", { tag: THOROUGH }, async ({
  page,
}) => {
  await openSearch(page);
  await page.getByTestId("search-limit-kind").selectOption("sqnr");
  await page.getByTestId("search-limit").fill("150");
  await page.getByTestId("search-limit").press("Enter");
  await startSearch(page);
  await expect(rows(page).nth(1)).toBeVisible({ timeout: 120_000 });
  await page.getByTestId("search-stop").click();
  await idle(page);
  const standing = page.getByTestId("search-standing");
  await expect(standing).toContainText("No point keeps the limit; the nearest is number");
  await expect(standing).toContainText("Stopped before the end");
  expect(await rows(page).count()).toBeGreaterThanOrEqual(2);
  await expect(page.getByTestId("search-start")).toBeEnabled();
});

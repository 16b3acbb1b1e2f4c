import type { Page } from "@playwright/test";
import { expect, test } from "./support/app.ts";
import { numberOf } from "./support/figures.ts";
import { stored } from "./support/storage.ts";
import { calibrate, goTo, idle, logEntries, openSample, selectLayer } from "./support/studio.ts";
import { THOROUGH } from "./support/thorough.ts";

const MEASURED = /^measured on \d+$/;

async function measure(page: Page, samples: number): Promise<void> {
  await page.getByTestId("sensitivity-samples").fill(String(samples));
  await page.getByTestId("sensitivity-samples").press("Enter");
  await page.getByTestId("measure-sensitivity").click();
  await expect(page.getByTestId("sensitivity-standing")).toHaveText(MEASURED, { timeout: 120_000 });
  await idle(page);
}

/** Ids and figures of the rows in sight that have a sensitivity, from the top. */
async function bars(page: Page): Promise<{ readonly layer: string; readonly figure: number }[]> {
  const shown = await page.getByTestId("layer-row").evaluateAll((rows) =>
    rows
      .sort((a, b) => Number(a.getAttribute("aria-rowindex")) - Number(b.getAttribute("aria-rowindex")))
      .flatMap((row) => {
        const text = row.querySelector('[data-testid="layer-sensitivity"]')?.textContent;
        return text ? [{ layer: row.getAttribute("data-layer")!, text }] : [];
      }),
  );
  return shown.map(({ layer, text }) => ({ layer, figure: numberOf(text) }));
}

test("measured sensitivity fills the list, sorts and filters it, and goes stale with the recipe", {
  tag: THOROUGH,
}, async ({ page }) => {
  await openSample(page);
  await expect(page.getByTestId("measure-sensitivity")).toBeDisabled();
  await calibrate(page, 40);
  await goTo(page, "tune");
  await measure(page, 3);
  await expect(page.getByTestId("sensitivity-standing")).toHaveText("measured on 3");
  const inOrder = await bars(page);
  expect(inOrder.length).toBeGreaterThan(5);

  await page.getByRole("columnheader", { name: "Sens." }).getByRole("button").click();
  const figures = (await bars(page)).map(({ figure }) => figure);
  expect(figures).toEqual([...figures].sort((a, b) => a - b));
  expect(figures[0]).toBeLessThan(figures.at(-1)!);

  await page.getByTestId("metric").selectOption("mse");
  const errors = (await bars(page)).map(({ figure }) => figure);
  expect(errors).toEqual([...errors].sort((a, b) => b - a));
  await page.getByTestId("metric").selectOption("sqnr");

  const [worst] = await bars(page);
  await selectLayer(page, worst!.layer);
  await expect(page.getByTestId("layer-sensitivity-block")).toContainText(/Left in float regains.*dB/);

  const filter = page.getByRole("searchbox", { name: "Filter the layers" });
  await filter.fill("sens>0.99999");
  const many = inOrder.length;
  expect((await bars(page)).length).toBeLessThan(many);
  await filter.fill("sens>=0");
  await expect.poll(async () => (await bars(page)).length).toBe(many);
  await filter.fill("");

  await page.getByTestId("weights").selectOption("tensor");
  await expect(page.getByTestId("sensitivity-standing")).toHaveText("stale");
  await page.getByTestId("weights").selectOption("channel");
  await expect(page.getByTestId("sensitivity-standing")).toHaveText("measured on 3");
});

test("stopped, sensitivity keeps what is known; the key s measures again", { tag: THOROUGH }, async ({ page }) => {
  await openSample(page);
  await calibrate(page, 40);
  await page.getByTestId("metric").selectOption("drop");
  await page.getByTestId("sensitivity-samples").fill("400");
  await page.getByTestId("sensitivity-samples").press("Enter");
  await page.getByTestId("measure-sensitivity").click();
  await expect(page.getByTestId("sensitivity-standing")).toHaveText(/of 400 so far/, { timeout: 60_000 });
  await page.getByTestId("stop-sensitivity").click();
  await idle(page);
  await expect(page.getByTestId("sensitivity-standing")).toHaveText(/^measured on \d+ of 400$/);
  await page.getByTestId("metric").selectOption("sqnr");
  expect((await bars(page)).length).toBeGreaterThan(0);
  expect((await logEntries(page)).join()).toContain("Sensitivity is known from");
  await expect(page.getByRole("alert")).toHaveCount(0);

  await page.getByTestId("sensitivity-samples").fill("2");
  await page.getByTestId("sensitivity-samples").press("Enter");
  await page.getByTestId("sensitivity-samples").blur();
  await page.keyboard.press("s");
  await expect(page.getByTestId("sensitivity-standing")).toHaveText("measured on 2", { timeout: 120_000 });
});

test("the error walk is drawn, told in a table and selects layers; results outlive a reload", {
  tag: THOROUGH,
}, async ({ page }) => {
  await openSample(page);
  await goTo(page, "data");
  await page.getByLabel("Keep the model and samples on this machine").check();
  await calibrate(page, 40);
  await goTo(page, "tune");
  await measure(page, 4);
  const before = await bars(page);

  await page.getByTestId("tab-layer").focus();
  await page.keyboard.press("ArrowRight");
  await expect(page.getByTestId("tab-culprits")).toBeFocused();
  await page.keyboard.press("ArrowRight");
  await expect(page.getByTestId("measure-walk")).toBeVisible();
  await page.getByTestId("measure-walk").click();
  await expect(page.getByTestId("walk-chart")).toBeVisible({ timeout: 120_000 });
  await idle(page);
  await expect(page.getByTestId("walk-facts")).toHaveText("Measured on the exported model, 4 samples");

  const table = page.getByTestId("walk-table");
  await table.getByRole("button", { name: /^Show all/ }).click();
  const last = table.getByRole("row").last().getByRole("button");
  const layer = await last.innerText();
  await last.click();
  await expect(page.getByTestId("walk-step")).toContainText(layer);
  await page.getByTestId("walk-chart").click({ position: { x: 60, y: 100 } });
  await expect(page.getByTestId("walk-step")).not.toContainText(layer);

  await expect
    .poll(async () => (await stored(page)).sessions.map(({ sensitivity, walk }) => Boolean(sensitivity && walk)))
    .toEqual([true]);
  await page.reload();
  await page.getByRole("button", { name: "Go on" }).click();
  await expect(page.getByTestId("view-tune")).toBeVisible();
  await idle(page);
  await expect(page.getByTestId("sensitivity-standing")).toHaveText("measured on 4");
  await expect.poll(() => bars(page)).toEqual(before);
  await page.getByTestId("tab-walk").click();
  await expect(page.getByTestId("walk-chart")).toBeVisible();
});

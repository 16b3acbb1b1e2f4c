import type { Page } from "@playwright/test";
import { expect, test } from "./support/app.ts";
import { calibrate, evaluate, evaluated, goTo, openSample, selectLayer } from "./support/studio.ts";
import { THOROUGH } from "./support/thorough.ts";

const SPREAD = "/block1/dw/conv/Conv";

async function current(page: Page): Promise<void> {
  await expect(page.getByTestId("diagnosis")).toHaveAttribute("data-standing", "current");
}

async function open(page: Page): Promise<void> {
  await openSample(page);
  await calibrate(page, 50);
  await goTo(page, "tune");
  await current(page);
}

test("channel ranges that differ are named, Apply mends them in one step, and Undo takes it back", {
  tag: THOROUGH,
}, async ({ page }) => {
  await open(page);
  await selectLayer(page, SPREAD);
  await expect(page.getByTestId("diagnosis")).toContainText("Nothing stands out in this layer.");
  await expect(page.getByTestId("weight-facts")).toContainText("per channel");

  await page.getByTestId("weights").selectOption("tensor");
  await expect(page.getByTestId("weight-facts")).toContainText("per tensor");
  const finding = page.getByTestId("finding");
  await expect(finding).toHaveAttribute("data-cause", "channel-spread");
  await expect(finding).toContainText(/Channel ranges differ [\d,]+x/);
  await expect(finding).toContainText(/SQNR −?\d+(\.\d+)? dB at worst/);
  await current(page);

  await finding.getByTestId("apply").click();
  await expect(page.getByTestId("weights")).toHaveValue("channel");
  await expect(page.getByTestId("weight-facts")).toContainText("per channel");
  await current(page);
  await expect(finding).toContainText("Applied");
  await expect(page.getByTestId("apply")).toHaveCount(0);

  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByTestId("weights")).toHaveValue("tensor");
  await current(page);
  await expect(finding.getByTestId("apply")).toBeVisible();

  await finding.getByTestId("apply").click();
  await expect(finding).toContainText("Applied");
  await evaluate(page);
  await evaluated(page);
  await expect(page.getByTestId("verdict")).toContainText("pass");
  await expect(finding).toHaveCount(0);
});

test("the list of culprits leads to the layer, and its range is mended by keyboard alone", async ({ page }) => {
  await open(page);
  await page.getByTestId("method").selectOption("entropy");
  await page.getByTestId("tab-culprits").click();
  const worst = page.getByTestId("culprit").first();
  await expect(worst).toHaveAttribute("data-cause", "clipping");
  await expect(page.getByTestId("culprits-standing")).toContainText("Estimated");
  const id = (await worst.getAttribute("data-layer"))!;
  await worst.getByRole("button").first().focus();
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("selected-layer")).toHaveText(id);
  await expect(page.getByRole("button", { name: /culprit 1 of \d+/ })).toBeVisible();
  await expect(page.getByTestId("finding")).toContainText("clipped");
  await expect(page.getByTestId("figure-sqnr")).toHaveText(/dB/);
  const sqnr = await page.getByTestId("figure-sqnr").innerText();

  await page.getByTestId("finding").getByTestId("apply").focus();
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("finding")).toContainText("Applied");
  await current(page);
  await expect(page.getByTestId("figure-sqnr")).not.toHaveText(sqnr);
  await expect(page.getByTestId("method-mse")).toHaveAttribute("aria-pressed", "true");
  await expect(page.getByTestId("finding").getByTestId("applied")).toBeFocused();

  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByTestId("finding").getByTestId("apply")).toBeVisible();
  await expect(page.getByTestId("figure-sqnr")).toHaveText(sqnr);
});

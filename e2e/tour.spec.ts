import type { Page } from "@playwright/test";
import { expect, test } from "./support/app.ts";
import { calibrate, goTo, idle, openSample, setSamples } from "./support/studio.ts";
import { THOROUGH } from "./support/thorough.ts";

const JOB_TIMEOUT = 120_000;

async function expectStep(page: Page, step: number): Promise<void> {
  await expect(page.getByTestId("tour")).toHaveAttribute("data-step", String(step), { timeout: JOB_TIMEOUT });
}

/** Whether the card lies over what it points at. */
function covers(page: Page): Promise<boolean> {
  return page.evaluate(() => {
    const card = document.querySelector("[data-testid=tour]")!.getBoundingClientRect();
    const target = document.querySelector("[data-toured]")?.getBoundingClientRect();
    if (!target) return true;
    const apart =
      card.right <= target.left || card.left >= target.right || card.bottom <= target.top || card.top >= target.bottom;
    return !apart;
  });
}

test("the tour is offered once on the sample project; skipped, it stays skipped until asked for", async ({ page }) => {
  await openSample(page);
  const offer = page.getByTestId("tour-offer");
  await expect(offer).toBeVisible();
  await page.getByTestId("tour-skip").click();
  await expect(offer).toHaveCount(0);
  await page.reload();
  await openSample(page);
  await expect(page.getByTestId("view-calibrate")).toBeVisible();
  await expect(offer).toHaveCount(0);

  await page.getByRole("button", { name: "Keys and words" }).click();
  await page.getByRole("button", { name: "Take the tour" }).click();
  await expectStep(page, 0);
  await page.keyboard.press("Escape");
  await expect(page.getByTestId("tour")).toHaveCount(0);
  await expect(page.getByTestId("workbench")).toBeVisible();

  await goTo(page, "export");
  await page.getByRole("button", { name: "Delete everything" }).click();
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await openSample(page);
  await expect(offer).toBeVisible();
});

test("the tour goes from the collapse per tensor to the rescue", { tag: THOROUGH }, async ({ page }) => {
  await openSample(page);
  await setSamples(page, 60);
  await goTo(page, "calibrate");
  await page.getByTestId("tour-start").click();
  const text = page.getByTestId("tour-text");
  const doIt = page.getByTestId("tour-do");

  await expectStep(page, 0);
  await expect.poll(() => covers(page)).toBe(false);
  await doIt.click();
  await expectStep(page, 1);
  await expect.poll(() => covers(page)).toBe(false);
  await page.getByTestId("evaluate").click();
  await expectStep(page, 2);
  await expect(text).toContainText(/float 9\d\.\d %, int8 9\d\.\d %: (next to )?nothing is lost/);
  await expect.poll(() => covers(page)).toBe(false);
  await page.getByTestId("weights").selectOption("tensor");
  await expectStep(page, 3);
  await doIt.click();
  await expectStep(page, 4);
  await expect(text).toContainText(/^9\d\.\d % → [1-7]\d\.\d %: \d\d\.\d points are lost/);
  await expect(text).toContainText("First among the culprits is ");
  await doIt.click();
  await expectStep(page, 5);
  await expect(page.getByTestId("weight-chart")).toBeVisible();
  await expect(page.getByRole("button", { name: /^culprit 1 of \d+/ })).toBeVisible();
  await expect.poll(() => covers(page)).toBe(false);
  await page.getByTestId("tour-next").click();
  await expectStep(page, 6);
  await page.getByTestId("weights").selectOption("channel");
  await expectStep(page, 7);
  await doIt.click();
  await expectStep(page, 8);
  await expect(text).toContainText(/[1-7]\d\.\d % → 9\d\.\d %, float 9\d\.\d %: saved/);
  const download = page.waitForEvent("download", { timeout: JOB_TIMEOUT });
  await doIt.click();
  await download;
  await expectStep(page, 9);
  await page.getByTestId("tour-next").click();
  await expect(page.getByTestId("tour")).toHaveCount(0);
  expect(await page.evaluate(() => document.querySelectorAll("[data-toured]").length)).toBe(0);
});

test("a job that is cancelled stops the tour where it is, and it goes on from there", { tag: THOROUGH }, async ({
  page,
}) => {
  await openSample(page);
  await page.getByTestId("tour-start").click();
  await page.getByTestId("tour-do").click();
  await page.getByTestId("job").getByRole("button", { name: "Cancel" }).click();
  await idle(page);
  await expect(page.getByTestId("tour-failed")).toBeVisible();
  await expectStep(page, 0);
  await calibrate(page);
  await expectStep(page, 1);
  await page.getByTestId("tour-end").click();
  await expect(page.getByTestId("tour")).toHaveCount(0);
});

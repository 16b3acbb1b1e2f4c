import type { Page } from "@playwright/test";
import { expect, test } from "./support/app.ts";
import { numberOf } from "./support/figures.ts";
import { calibrate, evaluate, goTo, idle, openSample, selectLayer } from "./support/studio.ts";
import { THOROUGH } from "./support/thorough.ts";

/** A figure of the last measurement: before the change, now, and by how much it changed. */
async function figure(page: Page, name: string): Promise<string[]> {
  return page.getByTestId(`probe-${name}`).getByRole("cell").allInnerTexts();
}

async function measured(page: Page): Promise<void> {
  await expect(page.getByTestId("probe-result")).toHaveAttribute("data-stale", "false", { timeout: 60_000 });
  await expect(page.locator(".probe-progress")).toHaveCount(0);
}

/** Drags a handle sideways and lets go. */
async function drag(page: Page, handle: "low" | "high", by: number): Promise<void> {
  const box = await page.getByTestId(`handle-${handle}`).locator("rect").boundingBox();
  if (!box) throw new Error(`There is no ${handle} handle.`);
  const x = box.x + box.width / 2;
  const y = box.y + box.height / 2;
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + by, y, { steps: 8 });
  await page.mouse.up();
}

/** Lets ONNX Runtime sleep for a while, so that whatever is asked of it waits. */
function hold(page: Page, milliseconds: number): void {
  const executors = page.workers().filter((worker) => worker.url().includes("/executor.worker"));
  expect(executors).not.toHaveLength(0);
  for (const worker of executors) {
    const sleep = (time: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, time);
    void worker.evaluate(sleep, milliseconds).catch(() => {});
  }
}

test.beforeEach(async ({ page }) => {
  await openSample(page);
  await calibrate(page, 20);
  await goTo(page, "tune");
  await selectLayer(page, "input image");
  await measured(page);
});

test("let go, a handle's effect on the model is measured, and told against what was before", async ({ page }) => {
  await expect(page.getByTestId("probe-line")).toContainText("Measured on 16 samples");
  const [, first] = await figure(page, "SQNR");
  expect(first).toMatch(/^\d/);

  await drag(page, "high", -160);
  await expect(page.getByTestId("probe-result")).toHaveAttribute("data-stale", "true");
  await measured(page);
  const [before, now, change] = await figure(page, "SQNR");
  expect(before).toBe(first);
  expect(numberOf(now!)).toBeLessThan(numberOf(before!));
  expect(change).toMatch(/^−\d/);
  await expect(page.getByTestId("probe-line")).toContainText(`SQNR ${now} dB (was ${before} dB)`);

  await page.getByRole("button", { name: "Undo" }).click();
  await expect.poll(() => figure(page, "SQNR")).toEqual([now, before, expect.stringMatching(/^\+/)]);
  await expect(page.getByRole("alert")).toHaveCount(0);
});

test("a second change cancels the measurement of the first", { tag: THOROUGH }, async ({ page }) => {
  const [, first] = await figure(page, "SQNR");
  hold(page, 8000);
  await page.getByTestId("handle-high").press("PageDown");
  await expect(page.locator(".probe-progress").first()).toBeVisible();
  await page.getByTestId("handle-high").press("PageDown");
  await measured(page);
  const [before, now] = await figure(page, "SQNR");
  expect(before).toBe(first);
  expect(now).not.toBe(first);
});

test("an evaluation started while a change is measured runs, and the change is measured after it", {
  tag: THOROUGH,
}, async ({ page }) => {
  hold(page, 3000);
  await page.getByTestId("handle-high").press("PageDown");
  await expect(page.locator(".probe-progress").first()).toBeVisible();
  await evaluate(page);
  await expect(page.getByRole("alert")).toHaveCount(0);
  await measured(page);
});

test("measuring after each change is a choice that a reload remembers", { tag: THOROUGH }, async ({ page }) => {
  const [, first] = await figure(page, "SQNR");
  await page.getByTestId("measuring").uncheck();
  await drag(page, "high", -160);
  await expect(page.getByTestId("tensor-method")).toHaveValue("hand");
  await expect(page.getByTestId("probe-result")).toHaveAttribute("data-stale", "true");
  await page.waitForTimeout(1500);
  expect((await figure(page, "SQNR"))[1]).toBe(first);

  await page.reload();
  await openSample(page);
  await idle(page);
  await expect(page.getByTestId("measuring")).not.toBeChecked();
  await page.getByTestId("measuring").check();
  await measured(page);
  expect((await figure(page, "SQNR"))[1]).not.toBe(first);
});

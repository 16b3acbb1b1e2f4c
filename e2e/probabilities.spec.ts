import type { Page } from "@playwright/test";
import { expect, test } from "./support/app.ts";
import { detector, negatives } from "./support/detector.ts";
import { drop } from "./support/drop.ts";
import { writeFiles } from "./support/files.ts";
import { calibrate, downloadZip, goTo, idle, selectLayer } from "./support/studio.ts";
import { THOROUGH } from "./support/thorough.ts";

const ONE_ANSWER = /^Warning.*never rose above 0\.\d+ on 12 samples/;

test.beforeEach(async ({ page }, testInfo) => {
  const files = await writeFiles(testInfo.outputPath(), {
    "detector.onnx": detector(),
    "negatives.npy": negatives(12),
  });
  await page.goto("/");
  await drop(page, [files["detector.onnx"]!, files["negatives.npy"]!]);
  await expect(page.getByTestId("data-samples")).toHaveText("12");
  await idle(page);
  await calibrate(page, 12);
});

async function fits(page: Page): Promise<void> {
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(page.viewportSize()?.width);
  await expect(page.getByTestId("log-toggle")).toBeInViewport({ ratio: 1 });
}

test("samples that show one answer only are warned of where a person looks, in a page that keeps its width", async ({
  page,
}) => {
  const warning = page.getByLabel("Notices about the calibration").getByRole("listitem").first();
  await expect(warning).toHaveText(ONE_ANSWER);
  await expect(warning).toBeInViewport({ ratio: 1 });
  await fits(page);

  await downloadZip(page);
  const notices = page.getByLabel("Notices about the export").getByRole("listitem");
  const kinds = (await notices.allInnerTexts()).map((text) => text.split(" ")[0]);
  expect(kinds).toEqual([...kinds].sort().reverse());
  expect(kinds).toContain("Note");
  await expect(notices.filter({ hasText: ONE_ANSWER })).toBeInViewport({ ratio: 1 });
  await fits(page);
});

test("the layer in float says why, and the range that is wider than what samples show can be seen and dragged", {
  tag: THOROUGH,
}, async ({ page }) => {
  await goTo(page, "tune");
  await selectLayer(page, "scores");
  await expect(page.getByTestId("view-tune")).toContainText(
    "Stays in float: its probabilities reach an output of the model",
  );
  await selectLayer(page, "near");
  await expect(page.getByTestId("least-range")).toContainText("−6.23 to 6.23 at least");
  const high = page.getByTestId("handle-high");
  const value = async () => Number(await high.getAttribute("aria-valuenow"));
  expect(await value()).toBeCloseTo(6.23, 2);

  const box = (await high.locator("rect").boundingBox())!;
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x - 10, y, { steps: 5 });
  await page.mouse.up();
  await expect(page.getByTestId("tensor-method")).toHaveValue("hand");
  expect(await value()).toBeLessThan(6.23);
  expect(await value()).toBeGreaterThan(5.5);
});

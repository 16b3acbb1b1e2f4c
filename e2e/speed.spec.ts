import { expect, test } from "./support/app.ts";
import { calibrate, downloadZip, evaluate, goTo, openSample, SAMPLE_NAME } from "./support/studio.ts";
import { THOROUGH } from "./support/thorough.ts";

test("for speed what is quantized is decided by measuring in the tab, shown with its figures, and taken back for fidelity", {
  tag: THOROUGH,
}, async ({ page }) => {
  await openSample(page);
  const goal = page.getByTestId("goal");
  const option = goal.locator('option[value="speed"]');
  await expect(option).toHaveText("speed (calibrate first)");
  await expect(option).toBeDisabled();
  await calibrate(page, 60);
  await goTo(page, "tune");
  await page.getByTestId("format").selectOption("weights");
  await expect(option).toHaveText("speed (needs activations in 8 bits)");
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(option).toHaveText("speed, measured");

  await goal.selectOption("speed");
  const measured = page.getByTestId("goal-speed");
  await expect(measured).toBeVisible({ timeout: 60_000 });
  await expect(goal).toHaveValue("speed");
  await expect(measured.locator("caption")).toContainText(/Median of \d+ runs in turn.*one thread, this browser/);
  await expect(measured.getByRole("row", { name: "float model" })).toHaveText(/[\d.]+ ms$/);
  await expect(measured.getByRole("row", { name: "as decided" })).toHaveText(/[\d.]+ ms$/);
  await expect(page.getByTestId("step-tune")).toHaveAttribute("data-standing", "ready");

  await evaluate(page);
  await expect(page.getByTestId("result-top1")).toBeVisible();
  const recipe = JSON.parse(new TextDecoder().decode((await downloadZip(page))[`${SAMPLE_NAME}.recipe.json`]));
  await expect(page.getByTestId("elementwise")).toHaveValue(recipe.elementwise);
  await expect(measured).not.toHaveClass(/stale/);

  await page.getByTestId("method").selectOption("percentile");
  await expect(measured).toContainText("Stale");
  await goal.selectOption("fidelity");
  await expect(measured).toHaveCount(0);
  await expect(page.getByTestId("elementwise")).toHaveValue("auto");
  await expect(goal).toHaveValue("fidelity");
});

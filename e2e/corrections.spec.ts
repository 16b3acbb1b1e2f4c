import type { Page } from "@playwright/test";
import { expect, test } from "./support/app.ts";
import { calibrate, evaluate, goTo, idle, openSample } from "./support/studio.ts";
import { THOROUGH } from "./support/thorough.ts";

/** Top-1 of the quantized model as the evaluation shows it, in percent. */
async function topOne(page: Page): Promise<number> {
  return Number.parseFloat(await page.getByTestId("result-top1").getByRole("cell").nth(1).innerText());
}

test("equalization and bias correction save one scale a weight; Undo takes them back without calibrating again", {
  tag: THOROUGH,
}, async ({ page }) => {
  await openSample(page);
  await calibrate(page, 100);
  await goTo(page, "tune");
  await page.getByTestId("weights").selectOption("tensor");
  await page.getByTestId("bias-correction").selectOption("none");
  await evaluate(page);
  const ruined = await topOne(page);

  const recipe = page.getByRole("region", { name: "Recipe", exact: true });
  await page.getByTestId("bias-correction").selectOption("empirical");
  await page.getByTestId("equalization").check();
  await expect(recipe).toContainText(/\d+ tensors/, { timeout: 60_000 });
  await expect(recipe).toContainText(/Biases of \d+ layers are corrected/, { timeout: 60_000 });
  await evaluate(page);
  const saved = await topOne(page);
  expect(saved).toBeGreaterThan(ruined + 10);
  await expect(page.getByTestId("verdict")).toContainText("pass");

  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByTestId("equalization")).not.toBeChecked();
  await expect(page.getByTestId("step-calibrate")).toHaveAttribute("data-standing", "done");
  await idle(page);
  await page.getByRole("button", { name: "Redo" }).click();
  await expect(page.getByTestId("equalization")).toBeChecked();
  await expect(page.getByTestId("step-calibrate")).toHaveAttribute("data-standing", "done");
  await expect(page.getByTestId("step-tune")).toHaveAttribute("data-standing", "done");
  await expect(page.getByRole("alert")).toHaveCount(0);
});

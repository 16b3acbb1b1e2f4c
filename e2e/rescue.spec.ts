import { expect, test } from "./support/app.ts";
import { calibrate, evaluate, goTo, idle, openSample } from "./support/studio.ts";
import { THOROUGH } from "./support/thorough.ts";

test("a first run: one scale a weight ruins the model, Rescue mends it step by step, and each step is taken back", {
  tag: THOROUGH,
}, async ({ page }) => {
  const start = performance.now();
  await openSample(page);
  await calibrate(page, 40);
  await goTo(page, "tune");
  await page.getByTestId("weights").selectOption("tensor");
  await idle(page);
  await evaluate(page);
  await expect(page.getByTestId("verdict")).toContainText("fail");
  await expect(page.getByTestId("next")).toHaveText("Rescue");

  await page.getByTestId("verdict-rescue").click();
  await expect(page.getByTestId("rescue-step").first()).toContainText("as given", { timeout: 60_000 });
  await expect(page.getByTestId("verdict")).toContainText("pass", { timeout: 120_000 });
  await idle(page);
  console.log(`First run, sample model: from opening to a verdict within the limit ${seconds(start)} s`);
  const taken = page.getByTestId("step-taken");
  await expect(taken).toHaveCount(1);
  await expect(taken).toContainText("weights with a scale per channel");
  await expect(taken.getByTestId("step-gain")).toContainText(
    /\(\+[\d.]+ dB\).*measured on samples 21 to 40, which taught nothing/,
  );
  await expect(page.getByTestId("weights")).toHaveValue("channel");
  await expect(page.getByTestId("no-culprits")).toBeVisible();
  await expect(page.getByTestId("next")).toHaveText("Export");

  await taken.getByTestId("step-undo").click();
  await expect(taken).toHaveCount(0);
  await expect(page.getByTestId("weights")).toHaveValue("tensor");
  await idle(page);
  const equalize = page.getByTestId("for-all").locator('[data-remedy="equalization"]');
  await equalize.click();
  await expect(page.getByTestId("equalization")).toBeChecked();
  await expect(taken.getByTestId("step-gain")).toContainText(
    /SQNR of the outputs .* dB\).*measured on 16 samples that did not calibrate/,
    { timeout: 60_000 },
  );
  await taken.getByTestId("step-undo").click();
  await expect(page.getByTestId("equalization")).not.toBeChecked();
});

const seconds = (start: number) => ((performance.now() - start) / 1000).toFixed(1);

import { expect, test } from "./support/app.ts";
import { numberOf } from "./support/figures.ts";
import { calibrate, goTo, openSample, selectLayer } from "./support/studio.ts";
import { THOROUGH } from "./support/thorough.ts";

test("a word explains itself by press and by keyboard, on the selected tensor", async ({ page }) => {
  await openSample(page);
  await calibrate(page, 10);
  await goTo(page, "tune");
  await selectLayer(page, "/block4/pw/conv/Conv");
  const facts = page.getByTestId("clip-facts");
  const explanation = page.getByTestId("explanation");
  const scale = facts.getByRole("button", { name: "scale" });
  await expect(page.getByTestId("figure-scale")).toHaveText(/\d/);
  const shown = (await page.getByTestId("figure-scale").innerText()).trim();
  await scale.click();
  await expect(explanation).toContainText("neighbouring integer levels");
  await expect(explanation.getByTestId("own")).toContainText(`is ${shown}, so`);
  await scale.click();
  await expect(explanation).toHaveCount(0);

  await scale.focus();
  await page.keyboard.press("ArrowRight");
  const zeroPoint = facts.getByRole("button", { name: "zero point" });
  await expect(zeroPoint).toBeFocused();
  await expect(page.getByRole("tooltip")).toContainText("stands for the real value 0");
  await page.keyboard.press("Enter");
  await expect(explanation).toContainText("nothing in its range is below 0");
  await page.keyboard.press("Escape");
  await expect(explanation).toHaveCount(0);
  await expect(page.getByRole("tooltip")).toHaveCount(0);
  await expect(zeroPoint).toBeFocused();

  await page.getByTestId("weight-facts").getByRole("button", { name: "per channel" }).click();
  await expect(explanation.getByTestId("own")).toHaveText(/channel \d+ reaches .* of 127 steps\.$/);
  await page.getByTestId("recipe").getByRole("button", { name: "Ranges by" }).click();
  await expect(explanation.getByTestId("own")).toContainText("of its values lie outside, estimated");
  await expect(page.getByRole("combobox", { name: "Ranges by" })).toBeVisible();
});

test("a slow press is a press: no hint comes up under the pointer and takes its release", { tag: THOROUGH }, async ({
  page,
}) => {
  await openSample(page);
  await calibrate(page, 10);
  await goTo(page, "tune");
  await selectLayer(page, "/block4/pw/conv/Conv");
  const term = page.getByTestId("weight-facts").getByRole("button", { name: "per channel" });
  await term.scrollIntoViewIfNeeded();
  const box = (await term.boundingBox())!;
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.waitForTimeout(1500);
  await expect(page.getByRole("tooltip")).toHaveCount(0);
  await page.mouse.up();
  await expect(page.getByTestId("explanation").getByTestId("own")).toHaveText(/of 127 steps\.$/);
});

test("bit depth is tried on a slider and heard, on a tone and on the selected tensor", { tag: THOROUGH }, async ({
  page,
}) => {
  await page.addInitScript(() => {
    const made: AudioContext[] = [];
    Object.assign(window, { made });
    const { AudioContext } = window;
    window.AudioContext = class extends AudioContext {
      constructor() {
        super();
        made.push(this);
      }
    };
  });
  const contexts = () => page.evaluate(() => (window as unknown as { made: AudioContext[] }).made.map((c) => c.state));
  await openSample(page);
  await calibrate(page, 10);
  await goTo(page, "tune");
  await selectLayer(page, "/block4/pw/conv/Conv");
  await page.getByTestId("clip-facts").getByRole("button", { name: "scale" }).click();
  await page.getByRole("button", { name: "Try it" }).click();
  const dialog = page.getByTestId("bit-depth");
  const bits = dialog.getByTestId("bits");
  const sqnr = async () => numberOf(await dialog.getByTestId("bit-sqnr").innerText());
  await bits.focus();
  await page.keyboard.press("End");
  await expect(dialog.getByTestId("bit-levels")).toHaveText("65,536");
  const fine = await sqnr();
  await dialog.getByRole("button", { name: "Show 8 bits" }).click();
  await expect(dialog.getByTestId("bit-levels")).toHaveText("256");
  const middle = await sqnr();
  expect((fine - middle) / 8).toBeGreaterThan(5.5);
  expect((fine - middle) / 8).toBeLessThan(6.5);
  await bits.focus();
  await page.keyboard.press("Home");
  await expect(dialog.getByTestId("bit-levels")).toHaveText("4");
  expect(await sqnr()).toBeLessThan(middle - 20);

  expect(await contexts()).toEqual([]);
  await dialog.getByTestId("play-4").click();
  await expect(dialog.getByTestId("play-4")).toHaveAttribute("aria-pressed", "true");
  await expect(dialog.getByTestId("heard")).toHaveText(/^4 bits: .* dB below/);
  await expect(dialog.getByTestId("bit-levels")).toHaveText("16");
  expect(await contexts()).toEqual(["running"]);
  await dialog.getByTestId("stop").click();
  await expect(dialog.getByTestId("play-4")).toHaveAttribute("aria-pressed", "false");

  await dialog.getByText("The selected tensor").click();
  await expect(dialog.getByTestId("bit-source")).toContainText("values of the first sample");
  await expect(dialog.getByTestId("bit-sqnr")).toHaveText(/ dB$/);
  await dialog.getByTestId("play-float").click();
  await expect(dialog.getByTestId("heard")).toContainText("float");
  await expect(dialog.getByTestId("play-float")).toHaveAttribute("aria-pressed", "false");
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
  await expect.poll(contexts).toEqual(["closed", "closed"]);
});

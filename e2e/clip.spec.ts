import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { expect, test } from "./support/app.ts";
import { numberOf } from "./support/figures.ts";
import { calibrate, evaluate, goTo, openSample, selectLayer } from "./support/studio.ts";
import { THOROUGH } from "./support/thorough.ts";

const FIGURES = ["scale", "clipped", "mse", "sqnr"] as const;

test.beforeEach(async ({ page }) => {
  await openSample(page);
  await calibrate(page, 20);
  await goTo(page, "tune");
  await selectLayer(page, "input image");
  await expect(page.getByTestId("clip-editor")).toBeVisible();
});

function figures(page: Page): Promise<string[]> {
  return Promise.all(FIGURES.map((name) => page.getByTestId(`figure-${name}`).innerText()));
}

/** The clip range as the handles say it. */
async function range(page: Page): Promise<{ low: number; high: number }> {
  const [low, high] = await Promise.all(
    ["low", "high"].map((end) => page.getByTestId(`handle-${end}`).getAttribute("aria-valuenow")),
  );
  return { low: Number(low), high: Number(high) };
}

/** Takes hold of a handle with the mouse and moves it sideways, without letting go. */
async function drag(
  page: Page,
  handle: "low" | "high",
  by: number,
): Promise<{ moveBy: (by: number) => Promise<void> }> {
  const box = await page.getByTestId(`handle-${handle}`).locator("rect").boundingBox();
  if (!box) throw new Error(`There is no ${handle} handle.`);
  const x = box.x + box.width / 2;
  const y = box.y + box.height / 2;
  await page.mouse.move(x, y);
  await page.mouse.down();
  const moveBy = (distance: number) => page.mouse.move(x + distance, y, { steps: 5 });
  await moveBy(by);
  return { moveBy };
}

test("the figures follow a dragged handle; let go, it is a step of the recipe that Undo takes back", async ({
  page,
}) => {
  const source = page.getByTestId("tensor-method");
  const before = { figures: await figures(page), range: await range(page) };
  await expect(source).toHaveValue("all");

  const { moveBy } = await drag(page, "high", -80);
  for (const [index, name] of FIGURES.entries()) {
    await expect(page.getByTestId(`figure-${name}`)).not.toHaveText(before.figures[index]!);
  }
  await expect(page.getByTestId("figure-clipped")).not.toHaveText("…");
  const halfway = { figures: await figures(page), range: await range(page) };
  expect(halfway.range.high).toBeLessThan(before.range.high);
  expect(halfway.range.low).toBe(before.range.low);
  await moveBy(-160);
  for (const [index, name] of FIGURES.entries()) {
    await expect(page.getByTestId(`figure-${name}`)).not.toHaveText(halfway.figures[index]!);
  }
  await expect(source).toHaveValue("all");
  const held = { figures: await figures(page), range: await range(page) };
  const [scale, clipped, , sqnr] = held.figures.map(numberOf);
  expect(scale).toBeCloseTo((held.range.high - held.range.low) / 255, 4);
  expect(clipped).toBeGreaterThan(numberOf(halfway.figures[1]!));
  expect(sqnr).toBeLessThan(numberOf(before.figures[3]!));

  await page.mouse.up();
  await expect(source).toHaveValue("hand");
  await expect.poll(() => figures(page)).toEqual(held.figures);
  expect(await range(page)).toEqual(held.range);

  await page.keyboard.press("Control+z");
  await expect(source).toHaveValue("all");
  await expect.poll(() => range(page)).toEqual(before.range);
  await expect.poll(() => figures(page)).toEqual(before.figures);
  await page.keyboard.press("Control+Shift+Z");
  await expect(source).toHaveValue("hand");
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(source).toHaveValue("all");
  await expect.poll(() => range(page)).toEqual(before.range);

  await test.step("arrow keys move a handle by a 128th of the range, and none crosses zero", async () => {
    const before = await range(page);
    await page.getByTestId("handle-low").focus();
    await page.keyboard.press("ArrowRight");
    const step = (before.high - before.low) / 128;
    await expect.poll(async () => (await range(page)).low).toBeCloseTo(before.low + step, 6);
    await expect(page.getByTestId("tensor-method")).toHaveValue("hand");
    await expect(page.getByTestId("selected-layer")).toHaveText("input image");

    for (let press = 0; press < 8; press++) await page.keyboard.press("PageUp");
    await expect.poll(async () => (await range(page)).low).toBe(0);
    expect((await range(page)).high).toBe(before.high);

    await page.getByTestId("range-low").fill("0.5");
    await page.getByTestId("range-low").press("Enter");
    await page.getByTestId("range-high").fill("1.25");
    await page.getByTestId("range-high").press("Enter");
    await expect.poll(() => range(page)).toEqual({ low: 0, high: 1.25 });
    await drag(page, "high", -2000);
    expect(await range(page)).toEqual({ low: 0, high: 0 });
    await page.mouse.up();
    await expect(page.getByRole("alert")).toHaveCount(0);
  });
});

test("zoomed in, an end that is outside is drawn so and does not jump; the window pans, and the pointer reads values", {
  tag: THOROUGH,
}, async ({ page }) => {
  const chart = page.getByTestId("clip-chart");
  const top = (await chart.boundingBox())!.y;
  const before = await range(page);
  const surface = page.getByTestId("surface");
  const box = (await surface.boundingBox())!;
  const [middle, low] = [box.y + box.height / 2, box.x + 30];
  await page.mouse.move(low, middle);
  const shown = page.getByTestId("ranges");
  for (let notch = 0; notch < 9; notch++) {
    const was = await shown.innerText();
    await page.mouse.wheel(0, -100);
    await expect(shown).not.toHaveText(was);
  }
  await expect(page.getByTestId("outside-high")).toContainText("high end at");
  await drag(page, "high", -2);
  await page.mouse.up();
  const { high } = await range(page);
  expect(high).toBeLessThan(before.high);
  expect(high).toBeGreaterThan(before.high * 0.98);

  const was = await shown.innerText();
  await page.mouse.move(box.x + box.width / 2, middle);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2 - 120, middle, { steps: 4 });
  await page.mouse.up();
  await expect(shown).not.toHaveText(was);
  await page.mouse.move(box.x + box.width / 2, middle - 4);
  await expect(page.getByTestId("reading")).toHaveText(/ to .*: .*values?$/);
  await expect(page.getByTestId("count-axis").locator("text").first()).toHaveText("0");
  expect((await chart.boundingBox())!.y).toBe(top);
});

test("a chart leaves the page as a drawing, a picture and figures; figures as text", { tag: THOROUGH }, async ({
  page,
  context,
}) => {
  const chart = page.getByTestId("clip-chart");
  const save = async (kind: string) => {
    await chart.getByRole("button", { name: /^Save / }).click();
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("menuitem", { name: kind }).click(),
    ]);
    return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) };
  };
  const csv = await save("CSV");
  expect(csv.name).toMatch(/^histogram-of-.*\.csv$/);
  const [head, first] = csv.bytes.toString().split("\n");
  expect(head).toBe("low,high,count");
  expect(first!.split(",").map(Number).every(Number.isFinite)).toBe(true);
  const svg = (await save("SVG")).bytes.toString();
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
  expect(svg.includes("var(--")).toBe(false);
  expect((await save("PNG")).bytes.subarray(1, 4).toString()).toBe("PNG");

  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const facts = page.getByTestId("clip-editor").locator(".facts-frame").first();
  await facts.hover();
  await facts.getByRole("button", { name: "Copy the figures as text" }).click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toMatch(/SQNR: .*dB/);
});

test("no press is lost, however fast they come: each starts from where the one before left the handle", {
  tag: THOROUGH,
}, async ({ page }) => {
  const before = await range(page);
  const presses = 6;
  // All within one task, so that nothing is drawn or estimated between two of them.
  await page.getByTestId("handle-high").evaluate((handle, times) => {
    for (let press = 0; press < times; press++) {
      handle.dispatchEvent(new KeyboardEvent("keydown", { key: "PageDown", bubbles: true, cancelable: true }));
    }
  }, presses);
  const kept = (before.high - before.low) * (1 - 10 / 128) ** presses;
  await expect.poll(async () => (await range(page)).high).toBeCloseTo(before.low + kept, 6);
  expect((await range(page)).low).toBe(before.low);

  await page.getByRole("button", { name: "Undo" }).click();
  await expect.poll(() => range(page)).toEqual(before);
});

test("a method is adopted with its range, and given back to the method of all", { tag: THOROUGH }, async ({ page }) => {
  const auto = await range(page);
  const percentile = page.getByTestId("method-percentile");
  await expect(percentile).toHaveAttribute("aria-pressed", "false");
  await percentile.click();
  await expect(percentile).toHaveAttribute("aria-pressed", "true");
  await expect(page.getByTestId("tensor-method")).toHaveValue("percentile");
  const [low, high] = (await percentile.locator(".method-range").innerText()).split(" to ").map(numberOf);
  const adopted = await range(page);
  expect(adopted.low).toBeCloseTo(low!, 2);
  expect(adopted.high).toBeCloseTo(high!, 2);
  await expect(page.getByTestId("figure-sqnr")).toHaveText(await percentile.locator(".method-sqnr").innerText());

  await page.getByTestId("tensor-method").selectOption("all");
  await expect.poll(() => range(page)).toEqual(auto);
});

test("under a symmetric scheme the handles mirror each other", { tag: THOROUGH }, async ({ page }) => {
  await page.getByTestId("activations").selectOption("int8");
  await expect
    .poll(async () => {
      const { low, high } = await range(page);
      return low + high;
    })
    .toBe(0);
  await expect(page.getByTestId("figure-zero-point")).toHaveText("0");
  const before = await range(page);
  await drag(page, "high", -60);
  const held = await range(page);
  expect(held.high).toBeLessThan(before.high);
  expect(held.low).toBe(-held.high);
  await page.mouse.up();
  await expect(page.getByTestId("tensor-method")).toHaveValue("hand");
  expect(await range(page)).toEqual(held);
});

test("tensors that share a range say so, and whichever is selected the same range is edited", {
  tag: THOROUGH,
}, async ({ page }) => {
  const [pool, flatten] = ["/pool/GlobalAveragePool", "/flatten/Flatten"];
  await selectLayer(page, pool);
  await expect(page.getByTestId("shared-range")).toHaveText(
    "Shared by 2 tensors: /pool/GlobalAveragePool_output_0, /flatten/Flatten_output_0.",
  );
  await page.getByTestId("handle-high").press("PageDown");
  await expect(page.getByTestId("tensor-method")).toHaveValue("hand");
  const edited = await range(page);

  await selectLayer(page, flatten);
  await expect(page.getByTestId("shared-range")).toContainText("Shared by 2 tensors");
  await expect(page.getByTestId("tensor-method")).toHaveValue("hand");
  await expect.poll(() => range(page)).toEqual(edited);
  await page.getByTestId("handle-high").press("PageDown");
  const again = await range(page);
  expect(again.high).toBeLessThan(edited.high);
  await selectLayer(page, pool);
  await expect.poll(() => range(page)).toEqual(again);
});

test("after a Relu a handle stays where values are, and a mirrored range is one that can be quantized", {
  tag: THOROUGH,
}, async ({ page }) => {
  const relu = page.getByTestId("layer-row").filter({ hasText: "Relu" }).first();
  await relu.getByRole("gridcell").first().click();
  await expect(page.getByTestId("tensor-recipe")).toContainText("elu");
  await drag(page, "low", -60);
  await page.mouse.up();
  expect((await range(page)).low).toBe(0);

  await page.getByTestId("activations").selectOption("int8");
  await expect(page.getByTestId("figure-zero-point")).toHaveText("0");
  await page.getByTestId("handle-high").press("PageDown");
  await expect(page.getByTestId("tensor-method")).toHaveValue("hand");
  const { low, high } = await range(page);
  expect(low).toBe(-high);
  await evaluate(page);
  await expect(page.getByRole("alert")).toHaveCount(0);
  await expect.poll(() => range(page)).toEqual({ low, high });
});

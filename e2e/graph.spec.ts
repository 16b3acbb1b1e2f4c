import type { Page } from "@playwright/test";
import { expect, test } from "./support/app.ts";
import { calibrate, openSample, pressSample, selectLayer } from "./support/studio.ts";
import { THOROUGH } from "./support/thorough.ts";

const CONV = "/stem/conv/Conv";
const RELU = "/stem/relu/Relu";
const NEXT = "/block1/dw/conv/Conv";
/** From one level of the graph to the next at a zoom of 1, in pixels. */
const LEVEL = 64;

async function graphShown(page: Page): Promise<void> {
  await expect(page.locator("[data-testid=graph][data-current=true]")).toBeVisible();
}

/** Clicks so many pixels below the middle of the graph. */
async function clickBelow(page: Page, pixels: number): Promise<void> {
  const { x, y, width, height } = (await page.getByTestId("graph-holder").boundingBox())!;
  await page.mouse.click(x + width / 2, y + height / 2 + pixels);
}

async function expectSelected(page: Page, id: string): Promise<void> {
  await expect(page.getByTestId("graph-selected")).toContainText(` ${id}, `);
}

/** The graph with the first Conv in its middle at a zoom of 1. */
async function openGraph(page: Page): Promise<void> {
  await openSample(page);
  await page.getByTestId("step-tune").click();
  await selectLayer(page, CONV);
  await page.keyboard.press("g");
  await graphShown(page);
  await page.getByTestId("graph-holder").focus();
  await page.keyboard.press("Enter");
}

test("a node that is clicked is the row that is selected, and the other way round", async ({ page }) => {
  await openGraph(page);
  await expectSelected(page, CONV);
  await clickBelow(page, LEVEL);
  await expectSelected(page, RELU);
  await expect(page.getByTestId("selected-layer")).toHaveText(RELU);
  await page.getByRole("radio", { name: "List" }).click();
  await expect(page.locator(`[data-layer="${RELU}"]`)).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("g");
  await graphShown(page);
  await clickBelow(page, 0);
  await expectSelected(page, CONV);
});

test("arrow keys walk along the edges, and the text tells the neighbours", { tag: THOROUGH }, async ({ page }) => {
  await openGraph(page);
  const selected = page.getByTestId("graph-selected");
  await expect(selected).toContainText("Reads Input image.");
  await page.keyboard.press("ArrowDown");
  await expectSelected(page, RELU);
  await page.keyboard.press("ArrowDown");
  await expectSelected(page, NEXT);
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowUp");
  await expectSelected(page, CONV);
  await page.keyboard.press("ArrowUp");
  await expect(selected).toContainText("Input input image");
  await page.keyboard.press("ArrowUp");
  await expect(selected).toContainText("Input input image");
});

test("keys, wheel, drag and buttons zoom and pan", { tag: THOROUGH }, async ({ page }) => {
  await openGraph(page);
  await page.keyboard.press("-");
  await clickBelow(page, (2 * LEVEL) / 1.3);
  await expectSelected(page, NEXT);

  await selectInMiddle(page);
  await page.getByRole("button", { name: "Zoom in" }).click();
  await clickBelow(page, LEVEL * 1.3);
  await expectSelected(page, RELU);

  await selectInMiddle(page);
  await page.mouse.wheel(0, -200);
  await clickBelow(page, LEVEL * 2 ** 0.4);
  await expectSelected(page, RELU);

  await selectInMiddle(page);
  await page.mouse.down();
  await page.mouse.move(...(await middle(page, -LEVEL)), { steps: 4 });
  await page.mouse.up();
  await expectSelected(page, CONV);
  // A press within the same task as the end of a drag is part of it.
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 100)));
  await clickBelow(page, 0);
  await expectSelected(page, RELU);
});

async function middle(page: Page, below = 0): Promise<[number, number]> {
  const { x, y, width, height } = (await page.getByTestId("graph-holder").boundingBox())!;
  return [x + width / 2, y + height / 2 + below];
}

/** Puts the first Conv back into the middle at a zoom of 1, and the pointer on it. */
async function selectInMiddle(page: Page): Promise<void> {
  const holder = page.getByTestId("graph-holder");
  await holder.focus();
  while (!(await page.getByTestId("graph-selected").innerText()).includes(` ${CONV}, `)) {
    await page.keyboard.press("ArrowUp");
  }
  await page.keyboard.press("Enter");
  await page.mouse.move(...(await middle(page)));
}

test("the colours are estimates after calibration, and the view is remembered", { tag: THOROUGH }, async ({ page }) => {
  await openSample(page);
  await page.getByTestId("layers-view").getByText("Graph").click();
  await graphShown(page);
  await expect(page.getByTestId("graph-legend")).toContainText("after calibration");
  await calibrate(page, 10);
  await expect(page.getByTestId("graph-legend")).toContainText("SQNR of the range, estimated");
  await expect(page.getByTestId("graph-selected")).toContainText(/estimated: [\d.]+ dB/);
  await page.keyboard.press("w");
  await page.getByTestId("graph-colour").selectOption("latency");
  await page.getByTestId("time-layers").click();
  await expect(page.getByTestId("graph-legend")).toContainText(
    /Milliseconds a run in this tab, 1 thread, median of \d+ runs/,
  );
  await expect(page.getByTestId("graph-selected")).toContainText(/: [\d.]+ ms/);
  await page.reload();
  await pressSample(page);
  await graphShown(page);
  await page.keyboard.press("/");
  await expect(page.getByRole("searchbox")).toBeFocused();
});

test("over the whole width blocks close and open, a search goes to a layer, and the list has it selected", {
  tag: THOROUGH,
}, async ({ page }) => {
  await openSample(page);
  await page.keyboard.press("w");
  await graphShown(page);
  await page.getByRole("button", { name: "Close all" }).click();
  await graphShown(page);
  await page.keyboard.press("/");
  await page.getByTestId("graph-search").fill("block1 dw relu");
  await expect(page.getByTestId("graph-found")).toHaveText("1 of 28");
  await page.keyboard.press("Enter");
  const relu = "/block1/dw/relu/Relu";
  await expectSelected(page, relu);
  await expect(page.getByTestId("node-name")).toHaveText(relu);
  await page.getByTestId("graph-search").fill("");
  await page.getByTestId("graph-holder").focus();
  await page.keyboard.press("ArrowUp");
  await expectSelected(page, NEXT);
  await expect(page.getByTestId("node-panel")).toContainText("kernel_shape[3, 3]");
  await expect(page.getByTestId("node-tensors").first()).toContainText(/constant[\d,]+ values, −[\d.]+ to [\d.]+/);
  await page.keyboard.press("Backspace");
  await expect(page.getByTestId("graph-selected")).toContainText("holds");
  await page.keyboard.press("Enter");
  await expectSelected(page, NEXT);
  await page.getByTestId("graph-colour").selectOption("error");
  await expect(page.getByTestId("graph-legend")).toContainText("once the walk is measured");
  await page.getByRole("radio", { name: "List" }).click();
  await expect(page.locator(`[data-layer="${NEXT}"]`)).toHaveAttribute("aria-selected", "true");
});

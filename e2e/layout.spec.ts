import type { Page } from "@playwright/test";
import { makeNode } from "../src/engine/onnx/attributes.ts";
import { concat, encodeModel } from "../src/engine/onnx/encode.ts";
import { buildModel, floatInput } from "../src/engine/onnx/testing/build.ts";
import { expect, test } from "./support/app.ts";
import { goTo, idle } from "./support/studio.ts";
import { THOROUGH } from "./support/thorough.ts";

/** 1280 x 720 at 200 % is 640 x 360. */
const SIZES = [
  { width: 1024, height: 700 },
  { width: 640, height: 360 },
  { width: 390, height: 844 },
];

/** Names that are alike but for a number and a part in their middle. */
function longNames(): Buffer {
  const names = Array.from({ length: 12 }, (_, layer) =>
    ["query", "key"].map((part) => `model/encoder/layers.${layer}/self_attention/${part}/projection/Relu`),
  ).flat();
  const nodes = names.map((name, index) => makeNode("Relu", [names[index - 1] ?? "x"], [name], { name }));
  return Buffer.from(
    concat(encodeModel(buildModel({ opset: 13, inputs: [floatInput("x", [1, 4])], outputs: [names.at(-1)!], nodes }))),
  );
}

/** What scrolls sideways, and controls that are beyond an edge of the page. */
async function beyond(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    if (document.documentElement.scrollWidth > innerWidth) found.push("the page");
    for (const element of document.querySelectorAll<HTMLElement>("#root *")) {
      if (!element.checkVisibility()) continue;
      const { left, right, width } = element.getBoundingClientRect();
      const scrolls = ["auto", "scroll"].includes(getComputedStyle(element).overflowX);
      if (scrolls && element.scrollWidth > element.clientWidth + 1) found.push(`${element.className} scrolls`);
      if (element.matches("button, input, select") && width > 1 && (left < -1 || right > innerWidth + 1))
        found.push(`${element.className} ${element.textContent} is outside`);
    }
    return found;
  });
}

test("from 1024 pixels down to a phone nothing scrolls sideways, names differ and alerts cover nothing", {
  tag: THOROUGH,
}, async ({ page }) => {
  const look = async (screen: string) => {
    for (const size of SIZES) {
      await page.setViewportSize(size);
      await expect.poll(() => beyond(page), { message: `${screen} at ${size.width}` }).toEqual([]);
    }
  };
  await page.goto("/");
  await expect(page.getByTestId("start").getByRole("img")).toBeVisible();
  await look("start");
  await page.getByTestId("open-model-input").setInputFiles({ name: "long.onnx", mimeType: "", buffer: longNames() });
  await expect(page.getByTestId("workbench")).toBeVisible();
  await idle(page);
  for (const step of ["model", "data", "calibrate", "tune", "export"] as const) {
    await goTo(page, step);
    await look(step);
  }
  await page.getByTestId("panes").getByText("Recipe").click();
  await look("recipe");
  await page.getByTestId("panes").getByText("Layers").click();
  await look("layers");

  for (const { width } of SIZES) {
    await page.setViewportSize({ width, height: 700 });
    const names = page.getByTestId("layer-row").locator(".cell-name");
    await expect(names.nth(9)).toBeVisible();
    const shown = await names.evaluateAll((cells) =>
      cells.map((cell) => ({
        text: cell.textContent,
        isCut: [...cell.children].some((part) => part.scrollWidth > part.clientWidth + 1),
      })),
    );
    expect(new Set(shown.map(({ text }) => text)).size).toBe(shown.length);
    expect(shown.filter(({ isCut }) => isCut)).toEqual([]);
    expect(await names.nth(9).getAttribute("title")).toContain("model/encoder/layers.");
  }

  await goTo(page, "data");
  for (const name of ["no.npy", "neither.npz"]) {
    await page.getByTestId("data-input").setInputFiles({ name, mimeType: "", buffer: Buffer.from("none") });
  }
  await expect(page.getByRole("alert")).toHaveCount(2);
  await look("alerts");
  const parts = await page
    .locator(".workbench, .alerts")
    .evaluateAll((all) => all.map((part) => part.getBoundingClientRect()));
  expect(parts).toHaveLength(2);
  expect(parts[1]!.top).toBeGreaterThanOrEqual(parts[0]!.bottom);
});

import type { Page } from "@playwright/test";
import { expect, test } from "./support/app.ts";
import { calibrate, downloadZip, goTo, openSample, SAMPLE_NAME } from "./support/studio.ts";
import { THOROUGH } from "./support/thorough.ts";

async function choose(page: Page, choices: Readonly<Record<string, string>>): Promise<void> {
  await goTo(page, "calibrate");
  const form = page.getByTestId("execution");
  if ((await form.getAttribute("open")) === null) await form.locator("summary").click();
  for (const [field, value] of Object.entries(choices)) await page.getByTestId(field).selectOption(value);
}

test("samples run as they were told to; step, header and files say so, and the browser remembers it", {
  tag: THOROUGH,
}, async ({ page }) => {
  await openSample(page);
  await choose(page, { provider: "wasm", workers: "2", threads: "1", batch: "4" });
  await calibrate(page, 24);
  await goTo(page, "calibrate");
  await expect(page.getByTestId("executors").getByRole("listitem")).toHaveText([
    /^24 samples: onnxruntime-web .*, 2 workers × 1 thread, batch 4$/,
  ]);
  await expect(page.getByTestId("device")).toHaveText("WASM SIMD, 2 workers");
  const files = await downloadZip(page);
  const cache = JSON.parse(new TextDecoder().decode(files[`${SAMPLE_NAME}.calibration.json`]));
  expect(cache.executors).toEqual([expect.objectContaining({ provider: "wasm", workers: 2, threads: 1, batch: 4 })]);

  await page.reload();
  await openSample(page);
  await goTo(page, "calibrate");
  await expect(page.getByTestId("execution").locator("summary")).toContainText(
    "WASM SIMD, 2 workers, 1 thread, batch 4",
  );
  await expect(page.getByTestId("executors")).toContainText("2 workers × 1 thread, batch 4");
});

test("WebGPU that was chosen and is not there gives way to WASM, and the reason stays in sight", async ({ page }) => {
  await openSample(page);
  await choose(page, { provider: "webgpu", workers: "1", threads: "1", batch: "1" });
  await expect(page.getByTestId("device")).toHaveText("WebGPU");
  await calibrate(page, 8);
  await goTo(page, "calibrate");
  await expect(page.getByTestId("executors").getByRole("listitem")).toHaveText([/^8 samples: .*WASM SIMD/]);
  await expect(page.getByRole("list", { name: "Notices about the calibration" })).toContainText("WebGPU");
  await expect(page.getByTestId("device")).toHaveText("WASM SIMD, one thread (not WebGPU)");
});

test("a browser that isolates the page and shares no memory with it, as WebKitGTK does, calibrates all the same", async ({
  page,
}) => {
  await page.addInitScript(() => Reflect.deleteProperty(globalThis, "SharedArrayBuffer"));
  await page.goto("/");
  await expect(page.getByTestId("lacks")).toContainText("memory that threads share (each worker runs on one thread)");
  await openSample(page);
  await calibrate(page, 8);
});

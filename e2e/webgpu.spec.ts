import type { Page } from "@playwright/test";
import { expect, test } from "./support/app.ts";
import { gpuLaunchOptions } from "./support/gpu.ts";
import { calibrate, downloadZip, goTo, openSample, SAMPLE_NAME } from "./support/studio.ts";

test.use({ launchOptions: gpuLaunchOptions });

interface SavedTensor {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly finite: number;
}

async function calibrateOn(page: Page, provider: "webgpu" | "wasm", samples: number) {
  await goTo(page, "calibrate");
  const form = page.getByTestId("execution");
  if ((await form.getAttribute("open")) === null) await form.locator("summary").click();
  await page.getByTestId("provider").selectOption(provider);
  await calibrate(page, samples);
  const files = await downloadZip(page);
  return JSON.parse(new TextDecoder().decode(files[`${SAMPLE_NAME}.calibration.json`])) as {
    readonly executors: readonly { readonly runtime: string; readonly provider: string; readonly samples: number }[];
    readonly tensors: readonly SavedTensor[];
  };
}

test("the sample calibrated on WebGPU by hand sees what WASM sees, and says where it ran", async ({ page }) => {
  const samples = 8;
  await openSample(page);
  const gpu = await calibrateOn(page, "webgpu", samples);
  await goTo(page, "calibrate");
  await expect(page.getByTestId("executors")).toContainText(/WebGPU \(google swiftshader\)/);
  await expect(page.getByTestId("device")).toContainText("WebGPU");
  expect(gpu.executors).toMatchObject([{ provider: "webgpu", samples }]);
  const wasm = await calibrateOn(page, "wasm", samples);
  expect(wasm.executors).toMatchObject([{ provider: "wasm", samples }]);
  expect(gpu.tensors.map(({ name }) => name)).toEqual(wasm.tensors.map(({ name }) => name));
  expect(gpu.tensors.length).toBeGreaterThan(0);
  for (const [index, there] of gpu.tensors.entries()) {
    const here = wasm.tensors[index]!;
    expect(there.finite, there.name).toBe(here.finite);
    const range = here.max - here.min;
    expect(Math.abs(there.min - here.min) / range, there.name).toBeLessThan(1e-5);
    expect(Math.abs(there.max - here.max) / range, there.name).toBeLessThan(1e-5);
  }
});

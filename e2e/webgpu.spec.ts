import type { Page } from "@playwright/test";
import { expect, test } from "./support/app.ts";
import { drop } from "./support/drop.ts";
import { writeFiles } from "./support/files.ts";
import { gpuLaunchOptions } from "./support/gpu.ts";
import { calibrate, downloadZip, goTo, idle, openSample, SAMPLE_NAME } from "./support/studio.ts";
import { takenNames, takenSamples } from "./support/taken.ts";
import { THOROUGH } from "./support/thorough.ts";

test.use({ launchOptions: gpuLaunchOptions });

interface SavedTensor {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly finite: number;
}

async function calibrateOn(page: Page, provider: "webgpu" | "wasm", samples: number, name: string) {
  await goTo(page, "calibrate");
  const form = page.getByTestId("execution");
  if ((await form.getAttribute("open")) === null) await form.locator("summary").click();
  await page.getByTestId("provider").selectOption(provider);
  await calibrate(page, samples);
  const files = await downloadZip(page);
  const { executors, tensors } = JSON.parse(new TextDecoder().decode(files[`${name}.calibration.json`])) as {
    readonly executors: readonly { readonly runtime: string; readonly provider: string; readonly samples: number }[];
    readonly tensors: readonly SavedTensor[];
  };
  expect(executors).toMatchObject([{ provider, samples }]);
  return tensors;
}

function expectAlike(gpu: readonly SavedTensor[], wasm: readonly SavedTensor[]): void {
  expect(gpu.map(({ name }) => name)).toEqual(wasm.map(({ name }) => name));
  expect(gpu.length).toBeGreaterThan(0);
  for (const [index, there] of gpu.entries()) {
    const here = wasm[index]!;
    expect(there.finite, there.name).toBe(here.finite);
    const range = here.max - here.min;
    expect(Math.abs(there.min - here.min) / range, there.name).toBeLessThan(1e-5);
    expect(Math.abs(there.max - here.max) / range, there.name).toBeLessThan(1e-5);
  }
}

test("the sample calibrated on WebGPU by hand sees what WASM sees, and says where it ran", { tag: THOROUGH }, async ({
  page,
}) => {
  const samples = 8;
  await openSample(page);
  const gpu = await calibrateOn(page, "webgpu", samples, SAMPLE_NAME);
  await goTo(page, "calibrate");
  await expect(page.getByTestId("executors")).toContainText(/WebGPU \(google swiftshader\)/);
  await expect(page.getByTestId("device")).toContainText("WebGPU");
  expectAlike(gpu, await calibrateOn(page, "wasm", samples, SAMPLE_NAME));
});

test(
  "tensors called what every object has are calibrated on WebGPU as on WASM",
  { tag: THOROUGH },
  async ({ page }, testInfo) => {
    const samples = 8;
    const files = await writeFiles(testInfo.outputPath(), {
      "taken.onnx": takenNames(),
      "taken.npy": takenSamples(samples),
    });
    await page.goto("/");
    await drop(page, Object.values(files));
    await expect(page.getByTestId("data-samples")).toHaveText(String(samples));
    await idle(page);
    const gpu = await calibrateOn(page, "webgpu", samples, "taken");
    expect(gpu.map(({ name }) => name).sort()).toEqual([
      "__proto__",
      "constructor",
      "propertyIsEnumerable",
      "toString",
    ]);
    expectAlike(gpu, await calibrateOn(page, "wasm", samples, "taken"));
  },
);

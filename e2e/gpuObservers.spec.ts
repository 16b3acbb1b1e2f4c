import type { GpuPage } from "./pages/gpu.ts";
import { test as base, expect } from "./support/app.ts";
import { gpuLaunchOptions, type ServedPages, servePages } from "./support/gpu.ts";
import { THOROUGH } from "./support/thorough.ts";

const test = base.extend<object, { readonly served: ServedPages }>({
  served: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures from it
    async ({}, use) => {
      const served = await servePages();
      await use(served);
      await served.close();
    },
    { scope: "worker" },
  ],
  baseURL: ({ served }, use) => use(new URL(served.url).origin),
});

test.use({ launchOptions: gpuLaunchOptions });

declare const octet: GpuPage;

test.beforeEach(async ({ page, served }) => {
  await page.goto(served.url);
  await page.waitForFunction(() => "octet" in globalThis);
});

for (const tight of [false, true]) {
  const limits = tight ? "tight limits: tensors in pieces, counts fetched on the way" : "the device's limits";
  test(`shaders count any bytes as the processor does, within ${limits}`, async ({ page }) => {
    const found = await page.evaluate((isTight) => octet.compareObservers(isTight ? 2 : 1, isTight), tight);
    expect(found.difference).toBeNull();
    expect(found.octaves).toBeGreaterThan(1000);
  });
}

test("watched tensors that take more than one run may hold are observed in groups, with the same result", {
  tag: THOROUGH,
}, async ({ page }) => {
  const { groups, difference } = await page.evaluate(() => octet.compareGroups());
  expect(groups).toBeGreaterThan(2);
  expect(difference).toBeNull();
});

test("a device lost halfway costs no sample: WASM goes on, and both are listed", { tag: THOROUGH }, async ({
  page,
}) => {
  const samples = 24;
  const found = await page.evaluate((count) => octet.loseDevice(count), samples);
  expect(found.observed).toBe(samples);
  expect(found.otherCounts).toEqual([]);
  expect(found.executors.map(({ provider }) => provider)).toEqual(["webgpu", "wasm"]);
  const [gpu, wasm] = found.executors.map((executor) => executor.samples);
  expect(gpu).toBeGreaterThan(0);
  expect(gpu! + wasm!).toBe(samples);
  expect(found.notices.join()).toContain("the GPU device was lost");
});

function expectAlike({ layers, block }: Pick<Awaited<ReturnType<GpuPage["learnOnWebgl"]>>, "layers" | "block">): void {
  expect(block.gpu.before).toBeCloseTo(block.wasm.before, 5);
  expect(block.gpu.after).toBeLessThan(block.gpu.before);
  expect(block.gpu.after).toBeCloseTo(block.wasm.after, 3);
  expect(layers).toHaveLength(3);
  for (const { gpu, wasm } of layers) {
    expect(gpu.nearest).toBeCloseTo(wasm.nearest, 5);
    expect(gpu.first).toBeCloseTo(wasm.first, 5);
    expect(gpu.learned).toBeLessThan(gpu.nearest);
    expect(gpu.learned).toBeCloseTo(wasm.learned, 3);
  }
}

test("tfjs learns rounding and tunes blocks on the device of ONNX Runtime as it does in WASM", {
  tag: THOROUGH,
}, async ({ page }) => {
  const { runs, label, ...learned } = await page.evaluate(() => octet.learn(20));
  expect(runs).toBe(2);
  expect(label).toMatch(/^tfjs .*WebGPU$/);
  expectAlike(learned);
});

test("tfjs learns nothing on a device that reports an error", async ({ page }) => {
  expect(await page.evaluate(() => octet.refuseFailing())).toContain("WebGPU failed");
});

test("tfjs learns rounding and tunes blocks with WebGL in a worker as it does in WASM", { tag: THOROUGH }, async ({
  page,
}) => {
  const { label, ...learned } = await page.evaluate(() => octet.learnOnWebgl(20));
  expect(label).toMatch(/^tfjs .*WebGL$/);
  expectAlike(learned);
});

test("WebGL that is not exact, fails without a word or is computed on the processor is not learned with", async ({
  page,
}) => {
  expect(await page.evaluate(() => octet.webglRefusals())).toEqual([
    expect.stringContaining("does not compute in float32"),
    expect.stringContaining("WebGL failed with error 0x500"),
    expect.stringMatching(/computed on the processor .*SwiftShader/),
  ]);
});

import { chromium } from "@playwright/test";
import type { GpuPage } from "../../e2e/pages/gpu.ts";
import { gpuLaunchOptions, servePages } from "../../e2e/support/gpu.ts";
import type { BenchOptions, PartResult } from "./part.ts";
import { atMost, median } from "./verdict.ts";

declare const octet: GpuPage;

/** Samples of one run: one, and as many as calibration joins by itself on this model. */
const BATCHES = [1, 8];

/** The sample model on WebGPU, simulated on the processor (SwiftShader): observed, against run as it is. */
export async function benchWebgpu({ quick }: BenchOptions): Promise<PartResult> {
  const served = await servePages();
  const browser = await chromium.launch(gpuLaunchOptions);
  try {
    const page = await browser.newPage();
    await page.goto(served.url);
    await page.waitForFunction(() => "octet" in globalThis);
    const measured = [];
    for (const batch of BATCHES) {
      const runs = quick ? 10 : 40;
      const times = await page.evaluate(([size, count]) => octet.timeSample(size, count), [batch, runs] as const);
      const ratio = median(times.observed.map((time, run) => time / (times.plain[run] as number)));
      measured.push({ batch, ratio, times });
    }
    return {
      title: `Sample model on ${measured[0]?.times.label}`,
      rows: measured.map(({ batch, ratio, times }) => ({
        batch,
        "inference (ms a sample)": median(times.plain) / batch,
        "observed (ms a sample)": median(times.observed) / batch,
        "observed / inference": ratio,
        "statistics, each time they are fetched (ms)": times.take,
      })),
      targets: [atMost("calibration on WebGPU / inference there", (measured.at(-1) as { ratio: number }).ratio, 1.15)],
      notes: ["Runs by turns; the ratio is the median of ratios of neighbours. Calibration joins 8 samples by itself."],
    };
  } finally {
    await browser.close();
    await served.close();
  }
}

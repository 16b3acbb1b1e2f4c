import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ServedBrowser, serveBenchPage } from "./browser.ts";
import { treeMemory, watchPeak } from "./memory.ts";
import { largeModel, writeParts } from "./models.ts";
import type { PageBench } from "./page/main.ts";
import type { BenchOptions, PartResult } from "./part.ts";
import { atLeast, atMost, median } from "./verdict.ts";

const MODEL_BYTES = 500e6;

declare global {
  interface Window {
    readonly bench: PageBench;
  }
}

/** Quantizing and exporting a model of 500 MB of float weights in Chromium: speed and memory. */
export async function benchExport({ quick }: BenchOptions): Promise<PartResult> {
  const folder = mkdtempSync(join(tmpdir(), "octet-bench-model-"));
  const path = join(folder, "large.onnx");
  const bytes = writeParts(path, largeModel(MODEL_BYTES));
  const served = await serveBenchPage();
  try {
    const peaks = await exportOnce(served, path, true);
    const runs: ExportRun[] = [];
    for (let run = 0; run < (quick ? 1 : 3); run++) runs.push(await exportOnce(served, path, false));
    const speed = median(runs.map(({ weights, time }) => weights / 1e6 / (time / 1000)));
    return {
      title: "Quantize and export in Chromium",
      rows: [
        {
          "model (MB)": bytes / 1e6,
          "open (s)": median(runs.map(({ open }) => open / 1000)),
          "quantize and export (s)": median(runs.map(({ time }) => time / 1000)),
          "float weights (MB/s)": speed,
          "peak of opening (x model)": peaks.opening / bytes,
          "peak of exporting (x model)": peaks.exporting / bytes,
          "zip (MB)": (runs[0] as ExportRun).zip / 1e6,
        },
      ],
      targets: [
        atLeast("quantize and export, float weights a second", speed, 200, "MB/s"),
        atMost(
          "peak memory above the empty page, as a multiple of the model",
          Math.max(peaks.opening, peaks.exporting) / bytes,
          2.2,
        ),
      ],
      notes: ["Memory is the sum of the browser's processes above the empty page, opening included."],
    };
  } finally {
    await served.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface ExportRun {
  readonly open: number;
  readonly time: number;
  readonly weights: number;
  readonly zip: number;
  /** Bytes above the empty page; only of a run that is watched, which slows it. */
  readonly opening: number;
  readonly exporting: number;
}

async function exportOnce({ newPage, pid }: ServedBrowser, path: string, watched: boolean): Promise<ExportRun> {
  const page = await newPage();
  try {
    await page.locator("#model").setInputFiles(path);
    await page.waitForTimeout(1000);
    const empty = treeMemory(pid);
    const watch = () => (watched ? watchPeak(pid) : { stop: () => Number.NaN });
    const openWatch = watch();
    const open = await page.evaluate(() => window.bench.open());
    const opening = openWatch.stop() - empty;
    const exportWatch = watch();
    const { time, bytes: zip, weights } = await page.evaluate(() => window.bench.export());
    return { open, time, weights, zip, opening, exporting: exportWatch.stop() - empty };
  } finally {
    await page.close();
  }
}

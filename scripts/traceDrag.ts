/**
 * How smoothly a clip handle is dragged: the built studio in a real Chromium, a generated model, a drag of some seconds.
 * Prints the time between frames and what the page's main thread did for each. Build first: npm run build.
 *   node --import ./cli/typescript.mjs scripts/traceDrag.ts [--layers 200] [--seconds 3] [--throttle 4] [--trace FILE]
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chromium, type Page } from "@playwright/test";
import { preview } from "vite";
import { deepModel, deepSamples } from "../e2e/support/deep.ts";
import { drop } from "../e2e/support/drop.ts";
import { calibrate, goTo, idle, selectLayer } from "../e2e/support/studio.ts";
import { type TraceEvent, traced } from "./bench/trace.ts";
import { findChromium } from "./chromium.ts";

const SAMPLES = 32;
const CATEGORIES = ["devtools.timeline", "toplevel", "blink.user_timing", "disabled-by-default-v8.cpu_profiler"];
/** 50 frames a second. */
const SMOOTH_MS = 20;

const { values: options } = parseArgs({
  options: {
    layers: { type: "string", default: "200" },
    seconds: { type: "string", default: "3" },
    throttle: { type: "string", default: "1" },
    trace: { type: "string" },
  },
});

/** The time between frames while a handle goes to and fro, milliseconds. */
async function drag(page: Page, milliseconds: number): Promise<number[]> {
  const box = await page.getByTestId("handle-high").locator("rect").boundingBox();
  if (!box) throw new Error("There is no handle to drag.");
  const x = box.x + box.width / 2;
  const y = box.y + box.height / 2;
  await page.mouse.move(x, y);
  await page.mouse.down();
  // As text, since tsx adds a helper to functions that the page does not have.
  await page.evaluate(
    `window.frameTimes = []; requestAnimationFrame(function tick(time) { frameTimes.push(time); requestAnimationFrame(tick); });`,
  );
  const start = performance.now();
  for (let now = start; now - start < milliseconds; now = performance.now()) {
    await page.mouse.move(x - 120 * (1 - Math.cos((now - start) / 400)), y);
  }
  const times = await page.evaluate<number[]>("frameTimes.slice()");
  await page.mouse.up();
  return times.slice(1).map((time, index) => time - times[index]!);
}

/** Processor milliseconds of the page's main thread, by what it did. */
function mainThread(events: readonly TraceEvent[]): Map<string, number> {
  const isMain = ({ name, args }: TraceEvent) => name === "thread_name" && args?.name === "CrRendererMain";
  const spent = new Map<string, number>();
  for (const main of events.filter(isMain)) {
    for (const { name, ph, tid, pid, tdur = 0 } of events) {
      if (ph === "X" && tid === main.tid && pid === main.pid) spent.set(name, (spent.get(name) ?? 0) + tdur / 1000);
    }
  }
  return spent;
}

const quantile = (sorted: readonly number[], share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? NaN;

const folder = mkdtempSync(join(tmpdir(), "octet-drag-"));
const server = await preview({ preview: { host: "127.0.0.1", port: 0 } });
const browser = await chromium.launch({
  ...(findChromium() && { executablePath: findChromium()! }),
  args: ["--no-sandbox"],
});
try {
  writeFileSync(join(folder, "deep.onnx"), deepModel(Number(options.layers)));
  writeFileSync(join(folder, "deep.npy"), deepSamples(SAMPLES));
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
  await page.goto(server.resolvedUrls!.local[0]!);
  await drop(page, [join(folder, "deep.onnx"), join(folder, "deep.npy")]);
  await page.getByTestId("workbench").waitFor();
  await idle(page);
  await calibrate(page, SAMPLES / 2);
  await goTo(page, "tune");
  await selectLayer(page, "input image");
  await page.getByTestId("handle-high").waitFor();
  const layers = await page.locator(".layers-count").innerText();
  await page.getByTestId("measuring").uncheck();
  await page.waitForTimeout(2000);

  const throttle = Number(options.throttle);
  await (await page.context().newCDPSession(page)).send("Emulation.setCPUThrottlingRate", { rate: throttle });
  const client = await browser.newBrowserCDPSession();
  const { result, events } = await traced(client, CATEGORIES, () => drag(page, Number(options.seconds) * 1000));
  const sorted = result.toSorted((a, b) => a - b);
  const smooth = sorted.filter((time) => time <= SMOOTH_MS).length / sorted.length;
  const total = result.reduce((sum, time) => sum + time, 0);
  console.log(
    `${layers}; ${result.length} frames in ${(total / 1000).toFixed(1)} s, processor ${throttle}x slower, load ${loadavg()[0]!.toFixed(1)}`,
  );
  console.log(
    `between frames: median ${quantile(sorted, 0.5).toFixed(1)} ms, p95 ${quantile(sorted, 0.95).toFixed(1)} ms, longest ${sorted.at(-1)!.toFixed(1)} ms; ${(smooth * 100).toFixed(1)} % within ${SMOOTH_MS} ms`,
  );
  console.log("processor time of the main thread for each frame:");
  const costs = [...mainThread(events)].sort(([, a], [, b]) => b - a).slice(0, 12);
  for (const [name, spent] of costs) console.log(`  ${(spent / result.length).toFixed(2).padStart(6)} ms  ${name}`);
  if (options.trace) writeFileSync(options.trace, JSON.stringify({ traceEvents: events }));
} finally {
  await browser.close();
  server.httpServer.close();
  rmSync(folder, { recursive: true, force: true });
}
process.exit();

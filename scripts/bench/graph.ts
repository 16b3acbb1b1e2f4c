import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { drop } from "../../e2e/support/drop.ts";
import { makeNode } from "../../src/engine/onnx/attributes.ts";
import { encodeModel } from "../../src/engine/onnx/encode.ts";
import { buildModel, floatInput, noise } from "../../src/engine/onnx/testing/build.ts";
import { buildWhenStale } from "../build.ts";
import { type ServedBrowser, serveStudio } from "./browser.ts";
import { type Drawn, madeUpGraphs } from "./graphs.ts";
import { writeParts } from "./models.ts";
import type { BenchOptions, PartResult, Row } from "./part.ts";
import { atMost } from "./verdict.ts";

const NODES = 5000;
const WIDTH = 8;
const WAIT_MS = 120_000;

/** The graph view over the whole width: models of 5,000 nodes, all of them drawn, laid out and then panned by dragging. */
export async function benchGraph({ quick }: BenchOptions): Promise<PartResult> {
  await buildWhenStale();
  const served = await serveStudio();
  const folder = mkdtempSync(join(tmpdir(), "octet-bench-graph-"));
  try {
    const measured: Measured[] = [];
    for (const graph of madeUpGraphs(quick ? NODES / 10 : NODES)) measured.push(await measure(served, folder, graph));
    const worst = (figure: (measured: Measured) => number) => Math.max(...measured.map(figure));
    return {
      title: "Graph",
      rows: measured.map(
        ({ name, nodes, first, whole, panned, near }): Row => ({
          graph: name,
          nodes,
          "first look (ms)": first,
          "all nodes laid out (ms)": whole,
          "pan, all in sight, p95 (ms)": panned,
          "pan at a zoom of 1, p95 (ms)": near,
        }),
      ),
      targets: [
        atMost("laying out all nodes of a graph", worst(({ whole }) => whole) / 1000, 10, "s"),
        atMost(
          "a frame while a graph is panned, p95",
          worst(({ panned, near }) => Math.max(panned, near)),
          50,
          "ms",
        ),
      ],
      notes: [
        "From the press to the layout on the screen; the first look has blocks closed.",
        "A pan is 60 moves of the pointer; its figure is the time between frames.",
      ],
    };
  } finally {
    await served.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Measured {
  readonly name: string;
  readonly nodes: number;
  readonly first: number;
  readonly whole: number;
  readonly panned: number;
  readonly near: number;
}

async function measure({ newPage }: ServedBrowser, folder: string, graph: Drawn): Promise<Measured> {
  const path = join(folder, `${graph.name}.onnx`);
  writeParts(path, modelOf(graph));
  const page = await newPage();
  try {
    await page.getByRole("button", { name: "Open the sample project" }).waitFor();
    await drop(page, [path]);
    await page.getByTestId("layers-view").waitFor({ timeout: WAIT_MS });
    await page.getByTestId("job").waitFor({ state: "detached", timeout: WAIT_MS });
    const laidOut = async (press: () => Promise<void>) => {
      const start = performance.now();
      await press();
      await page.locator("[data-testid=graph][data-current=true]").waitFor({ timeout: WAIT_MS });
      return performance.now() - start;
    };
    const first = await laidOut(() => page.getByRole("radio", { name: "Full width" }).click());
    const whole = await laidOut(async () => {
      const all = page.getByRole("button", { name: "Open all blocks" });
      if (await all.isVisible()) await all.click();
      await page
        .locator("[data-testid=graph][data-current=false]")
        .waitFor({ timeout: 2000 })
        .catch(() => undefined);
    });
    await page.getByRole("button", { name: "Fit" }).click();
    const panned = await pan(page);
    await page.getByRole("button", { name: "Zoom to selected" }).click();
    return { name: graph.name, nodes: graph.boxes, first, whole, panned, near: await pan(page) };
  } finally {
    await page.close();
  }
}

/** The time between frames while the graph is dragged about, the 95th of 100. */
async function pan(page: Page): Promise<number> {
  const { x, y, width, height } = (await page.getByTestId("graph-holder").boundingBox())!;
  const [left, top] = [x + width / 2, y + height / 2];
  await page.mouse.move(left, top);
  await page.mouse.down();
  await page.evaluate(`
    window.frames60 = [];
    window.panning = true;
    let last = performance.now();
    const next = (now) => { window.frames60.push(now - last); last = now; if (window.panning) requestAnimationFrame(next); };
    requestAnimationFrame(next);
  `);
  for (let step = 1; step <= 60; step++) await page.mouse.move(left + 3 * step, top - 4 * Math.abs(30 - step));
  await page.mouse.up();
  const frames = await page.evaluate<number[]>("window.panning = false, window.frames60");
  return frames.sort((a, b) => a - b)[Math.floor(frames.length * 0.95)] ?? 0;
}

/** The graph as a model: a MatMul first, then Tanh where a box reads one, Add where it reads two. */
function modelOf({ boxes, edges }: Drawn): Uint8Array[] {
  const reads: number[][] = Array.from({ length: boxes }, () => []);
  const read = new Set<number>();
  for (const [from, to] of edges) {
    reads[to]!.push(from);
    read.add(from);
  }
  const made = (box: number) => `box${box}`;
  const nodes = reads.map((from, box) => {
    const name = `node${box}`;
    if (from.length === 0) return makeNode("MatMul", ["x", "w"], [made(box)], { name });
    const [one, other] = from as [number, number?];
    return other === undefined
      ? makeNode("Tanh", [made(one)], [made(box)], { name })
      : makeNode("Add", [made(one), made(other)], [made(box)], { name });
  });
  const outputs = reads.flatMap((_, box) => (read.has(box) ? [] : [made(box)]));
  return encodeModel(
    buildModel({
      opset: 17,
      inputs: [floatInput("x", [1, WIDTH])],
      outputs,
      nodes,
      constants: { w: noise([WIDTH, WIDTH]) },
    }),
  );
}

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { afterEach, expect, it, vi } from "vitest";
import type { ModelFile } from "../src/engine/model/runtime.ts";
import { nodeRuntime } from "../src/engine/runtime/node.ts";
import { threadedRuntime } from "./executors.ts";

const SAMPLE = fileURLToPath(new URL("../public/sample/fashion-mnist-dw.onnx", import.meta.url));
const PLAN = { watch: [], derived: [] };

afterEach(() => {
  vi.restoreAllMocks();
});

it("hands out no thread that ended while it waited", async () => {
  const unref = vi.spyOn(Worker.prototype, "unref");
  const file: ModelFile = { graph: new Uint8Array(readFileSync(SAMPLE)), external: [] };
  const { createObserver } = threadedRuntime(nodeRuntime());
  const open = async () => {
    const observer = await createObserver?.([file], PLAN, { worker: 0, threads: 1 });
    expect((await observer?.take())?.size).toBe(0);
    await observer?.dispose();
  };
  await open();
  await Promise.all((unref.mock.contexts as Worker[]).map((worker) => worker.terminate()));
  await open();
});

it("goes on after a model that does not load", async () => {
  const { createObserver } = threadedRuntime(nodeRuntime());
  const options = { worker: 0, threads: 1 };
  const bad = { graph: new Uint8Array([1, 2, 3]), external: [] };
  await expect(createObserver?.([bad], PLAN, options)).rejects.toThrow();
  const good = { graph: new Uint8Array(readFileSync(SAMPLE)), external: [] };
  const observer = await createObserver?.([good], PLAN, options);
  expect((await observer?.take())?.size).toBe(0);
  await observer?.dispose();
});

import { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, expect, it, vi } from "vitest";
import { observe } from "../src/engine/job/calibrate.ts";
import { openModel } from "../src/engine/job/open.ts";
import { datasetOf } from "../src/engine/job/testing/quantized.ts";
import { externalFile, WorkedBytes } from "../src/engine/model/deferred.ts";
import { InputError, type JobContext } from "../src/engine/model/job.ts";
import type { ModelFile, Runtime } from "../src/engine/model/runtime.ts";
import { makeNode } from "../src/engine/onnx/attributes.ts";
import { concat, encodeModel } from "../src/engine/onnx/encode.ts";
import { buildModel, floatInput, noise } from "../src/engine/onnx/testing/build.ts";
import { nodeRuntime } from "../src/engine/runtime/node.ts";
import { observingApart } from "./executors.ts";
import { withSeparate } from "./separate.ts";

const SAMPLE = fileURLToPath(new URL("../public/sample/fashion-mnist-dw.onnx", import.meta.url));
const ONE = { provider: null, workers: 1, threads: 1, batch: 1 };
const context: JobContext = { signal: new AbortController().signal, report: () => undefined };
const ended = (child: ChildProcess) =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(null);
    child.once("exit", resolve);
    child.kill("SIGKILL");
  });
const REQUEST = { skip: 0, samples: 6, preprocess: null, resume: null, checkpoint: () => undefined, execution: ONE };
const PLAN = { watch: [], derived: [], seldom: [] };

async function opened() {
  const bytes = new Uint8Array(readFileSync(SAMPLE));
  const source = { bytes, fileName: "sample.onnx", readBeside: async () => null };
  const model = await openModel(source, { shapes: {}, values: {} }, nodeRuntime(), context);
  const data = datasetOf(
    model,
    Array.from({ length: 6 }, (_, i) => new Map([[model.open[0]!.name, noise([1, 1, 28, 28], i + 1)]])),
  );
  return { model, data };
}

afterEach(() => {
  vi.restoreAllMocks();
});

it("hands out no process that ended while it waited", async () => {
  const unref = vi.spyOn(ChildProcess.prototype, "unref");
  const file: ModelFile = { graph: new Uint8Array(readFileSync(SAMPLE)), external: [] };
  const { createObserver } = observingApart(nodeRuntime());
  const open = async () => {
    const observer = await createObserver?.([file], PLAN, { worker: 0, threads: 1 });
    expect((await observer?.take())?.size).toBe(0);
    await observer?.dispose();
  };
  await open();
  await Promise.all((unref.mock.contexts as ChildProcess[]).map(ended));
  await open();
});

it("observes again what a process held that was ended in native code, with the same statistics", async () => {
  const held = vi.spyOn(ChildProcess.prototype, "ref");
  const runtime = observingApart(nodeRuntime());
  const { model, data } = await opened();
  const calibrated = async (died: boolean) => {
    let runs = 0;
    const createObserver: Runtime["createObserver"] = async (...given) => {
      const observer = await runtime.createObserver!(...given);
      return {
        ...observer,
        async observe(...batch) {
          await observer.observe(...batch);
          if (died && ++runs === 3) (held.mock.contexts.at(-1) as ChildProcess).kill("SIGABRT");
        },
      };
    };
    return observe(model, data, REQUEST, { main: { ...runtime, createObserver }, accelerator: null }, context);
  };
  const whole = await calibrated(false);
  const again = await calibrated(true);
  expect(again.observed).toEqual(whole.observed);
  expect(again.statistics).toEqual(whole.statistics);
  expect(again.notices.map(({ message }) => message)).toContain(
    "The process of ONNX Runtime ended (SIGABRT); what it had observed and not handed over was observed again.",
  );
  expect(again.executors.map(({ samples }) => samples).reduce((sum, each) => sum + each, 0)).toBe(6);
});

it("gives up on what ends every process, and says which signal", async () => {
  const held = vi.spyOn(ChildProcess.prototype, "ref");
  const runtime = observingApart(nodeRuntime());
  const createObserver: Runtime["createObserver"] = async (...given) => {
    const observer = await runtime.createObserver!(...given);
    (held.mock.contexts.at(-1) as ChildProcess).kill("SIGABRT");
    return observer;
  };
  const { model, data } = await opened();
  await expect(
    observe(model, data, REQUEST, { main: { ...runtime, createObserver }, accelerator: null }, context),
  ).rejects.toThrow("The process of ONNX Runtime ended (SIGABRT)");
});

it("starts no more processes for each model that is opened", () => {
  observingApart(nodeRuntime());
  const unref = vi.spyOn(ChildProcess.prototype, "unref");
  for (let i = 0; i < 5; i++) observingApart(nodeRuntime());
  expect(unref).not.toHaveBeenCalled();
});

it("goes on after a model that does not load", async () => {
  const { createObserver } = observingApart(nodeRuntime());
  const options = { worker: 0, threads: 1 };
  const bad = { graph: new Uint8Array([1, 2, 3]), external: [] };
  await expect(createObserver?.([bad], PLAN, options)).rejects.toThrow();
  const good = { graph: new Uint8Array(readFileSync(SAMPLE)), external: [] };
  const observer = await createObserver?.([good], PLAN, options);
  expect((await observer?.take())?.size).toBe(0);
  await observer?.dispose();
});

it("runs the next model after one whose weights could not be read to their end", async () => {
  const { createSession } = withSeparate(nodeRuntime(), false).separate!;
  const graph = new Uint8Array(readFileSync(SAMPLE));
  const unreadable = new WorkedBytes(8, () => {
    throw new InputError("it was changed while it was read");
  });
  const broken = createSession({ graph, external: [externalFile("weight-0", unreadable)] }, { threads: 1 });
  await expect(broken).rejects.toThrow("it was changed while it was read");
  const another = buildModel({
    opset: 17,
    inputs: [floatInput("another", [2])],
    outputs: ["y"],
    nodes: [makeNode("Relu", ["another"], ["y"], { name: "relu" })],
    constants: {},
  });
  const session = await createSession({ graph: concat(encodeModel(another)), external: [] }, { threads: 1 });
  expect(session.inputs.map(({ name }) => name)).toEqual(["another"]);
  await session.dispose();
});

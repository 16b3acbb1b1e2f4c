import { describe, expect, it } from "vitest";
import { externalFile, WorkedBytes } from "../model/deferred.ts";
import { InputError } from "../model/job.ts";
import { type Runtime, WorkerDied } from "../model/runtime.ts";
import { quickestSession, refusal } from "./session.ts";

const SAID =
  "Exception during initialization: /onnxruntime_src/onnxruntime/core/optimizer/initializer.cc:51 onnxruntime::Initializer::Initializer(const onnx::TensorProto&, const std::filesystem::__cxx11::path&) [ONNXRuntimeError] : 1 : FAIL : tensorprotoutils.cc:1540 ValidateEmbeddedTensorProtoDataSizeAndShape Initializer 'three': data field count (0) does not match expected count from shape (1)\n";

describe("what ONNX Runtime refuses", () => {
  it.each([
    [
      SAID,
      "Exception during initialization: Initializer 'three': data field count (0) does not match expected count from shape (1).",
    ],
    ["\nIncompatible dimensions\nmore", "Incompatible dimensions."],
    ["Bad.", "Bad."],
    ["", "it gives no reason."],
  ])("is one sentence, without places in its code: %j", (message, reason) => {
    const error = refusal(new Error(message), "It does not load");
    expect(error).toBeInstanceOf(InputError);
    expect(error.message).toBe(`It does not load: ${reason}`);
  });

  it("keeps its ends where a name in it is long", () => {
    const { message } = refusal(new Error(`Node (${"x".repeat(10_000)}) has a bad type`), "It does not load");
    expect(message.length).toBeLessThan(1100);
    expect(message).toMatch(/^It does not load: Node \(x+ \.\.\. x+\) has a bad type\.$/);
  });

  it("is told apart from the death of a worker", () => {
    const died = new WorkerDied("gone");
    expect(refusal(died, "It does not load")).toBe(died);
  });
});

describe("the number of threads", () => {
  /** A runtime whose runs take so many milliseconds on one thread, and on four. */
  function timed(one: number, four: number) {
    let open = 0;
    let most = 0;
    const runtime: Runtime = {
      label: "timed",
      provider: "wasm",
      maxThreads: 4,
      maxWorkers: 1,
      freeBytes: () => Infinity,
      createSession: async (_, { threads }) => {
        most = Math.max(most, ++open);
        return {
          inputs: [],
          outputs: [],
          lastRunTime: threads === 1 ? one : four,
          run: async () => new Map(),
          dispose: async () => void open--,
        };
      },
      createObserver: () => Promise.reject(new Error("not asked for")),
    };
    return { runtime, open: () => open, most: () => most };
  }

  it.each([
    { what: "all where they are clearly faster", one: 10, four: 3, threads: 4 },
    { what: "one where they are not", one: 10, four: 9.5, threads: 1 },
    { what: "one where a run is too short for its time to say so", one: 0.08, four: 0.05, threads: 1 },
  ])("is $what", async ({ one, four, threads }) => {
    const { runtime, open } = timed(one, four);
    const sample = { feeds: new Map(), source: "a sample" };
    const file = { graph: new Uint8Array(), external: [] };
    expect((await quickestSession(runtime, file, sample, "The model")).threads).toBe(threads);
    expect(open()).toBe(1);
  });

  it.each([
    { one: 10, four: 3, threads: 4 },
    { one: 10, four: 9.5, threads: 1 },
  ])("is found with one session at a time of a large model: $threads", async ({ one, four, threads }) => {
    const { runtime, open, most } = timed(one, four);
    const weights = externalFile("weights", new WorkedBytes(2 ** 28, () => new Uint8Array()));
    const file = { graph: new Uint8Array(), external: [weights] };
    const sample = { feeds: new Map(), source: "a sample" };
    expect((await quickestSession(runtime, file, sample, "The model")).threads).toBe(threads);
    expect([open(), most()]).toEqual([1, 1]);
  });
});

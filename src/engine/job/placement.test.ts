import { describe, expect, it, vi } from "vitest";
import { type Accelerator, AcceleratorLost, type ObserverSession, type Runtime } from "../model/runtime.ts";
import { type Candidate, placeObserver } from "./placement.ts";

const main = {} as Runtime;
const signal = new AbortController().signal;

function candidate(mainMilliseconds: number): Candidate {
  return {
    file: { graph: new Uint8Array(), external: [] },
    plan: { watch: [], derived: [], seldom: [] },
    sample: { source: "a.png", feeds: new Map() },
    mainMilliseconds: async () => mainMilliseconds,
  };
}

/** An accelerator whose runs take `milliseconds`, and what was asked of it. */
function accelerator(milliseconds: number, changes: Partial<Accelerator> = {}) {
  const calls: string[] = [];
  const observer: ObserverSession = {
    lastRunTime: milliseconds,
    observe: async () => void calls.push("observe"),
    take: async () => {
      calls.push("take");
      return new Map();
    },
    dispose: async () => void calls.push("dispose"),
  };
  const end = () => void calls.push("end");
  const made: Accelerator = {
    label: "fake",
    provider: "webgpu",
    software: false,
    createObserver: async () => observer,
    end,
    ...changes,
  };
  return { made, observer, calls };
}

const place = (made: Accelerator | null, provider: "webgpu" | "wasm" | null, milliseconds: number, abort = signal) =>
  placeObserver({ main, accelerator: made && (async () => made) }, provider, candidate(milliseconds), abort);

describe("placeObserver", () => {
  it("takes an accelerator that is faster, with nothing of the trial left in it", async () => {
    const { made, observer, calls } = accelerator(5);
    expect(await place(made, null, 10)).toEqual({ accelerator: made, observer });
    expect(calls.at(-1)).toBe("take");
  });

  it("leaves one that is slower, with both figures", async () => {
    const { made, calls } = accelerator(12.34);
    expect(await place(made, null, 10)).toEqual({
      accelerator: null,
      reason: "WebGPU is not faster here on this model: 12.3 ms a sample against 10.0 ms.",
    });
    expect(calls.at(-1)).toBe("dispose");
  });

  it("takes a slow one, or one that computes on the processor, only by hand", async () => {
    const { made, observer, calls } = accelerator(1000, { software: true });
    expect(await place(made, null, 10)).toMatchObject({ accelerator: null, reason: /processor/ });
    expect(calls).toEqual([]);
    expect(await place(made, "webgpu", 10)).toEqual({ accelerator: made, observer });
  });

  it("is silent where nobody asked for one", async () => {
    expect(await place(accelerator(1).made, "wasm", 10)).toEqual({ accelerator: null, reason: null });
    expect(await place(null, null, 10)).toEqual({ accelerator: null, reason: null });
    expect(await place(null, "webgpu", 10)).toEqual({ accelerator: null, reason: "WebGPU is not available here." });
  });

  it("gives the reason of an accelerator that cannot run the model, and passes other errors on", async () => {
    const refusing = (error: Error) => accelerator(1, { createObserver: () => Promise.reject(error) });
    const lost = refusing(new AcceleratorLost("No adapter."));
    expect(await place(lost.made, "webgpu", 10)).toEqual({ accelerator: null, reason: "No adapter." });
    expect(lost.calls).toEqual(["end"]);
    await expect(place(refusing(new Error("a bug")).made, null, 10)).rejects.toThrow("a bug");
  });

  it("ends a trial that hangs", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const timeout = vi.spyOn(AbortSignal, "timeout").mockImplementation((milliseconds) => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(), milliseconds);
      return controller.signal;
    });
    let ended: (error: Error) => void = () => {};
    const hanging = new Promise<never>((_, reject) => {
      ended = reject;
    });
    const { made } = accelerator(1, {
      createObserver: () => hanging,
      end: () => ended(new AcceleratorLost("WebGPU was ended.")),
    });
    const placed = place(made, null, 10);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await placed).toEqual({ accelerator: null, reason: "WebGPU was not used: its trial took over 45 s." });
    timeout.mockRestore();
    vi.useRealTimers();
  });

  it("ends a trial that is cancelled", async () => {
    const cancel = new AbortController();
    const { made, calls } = accelerator(1, {
      createObserver: async () => {
        cancel.abort();
        throw new AcceleratorLost("WebGPU was ended.");
      },
    });
    await expect(place(made, "webgpu", 10, cancel.signal)).rejects.toMatchObject({ name: "AbortError" });
    expect(calls).toContain("end");
  });
});

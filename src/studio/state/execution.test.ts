import { afterEach, expect, test, vi } from "vitest";
import { AUTOMATIC, type Calibration, type ExecutorRecord } from "../../engine/model/calibration.ts";
import {
  executionText,
  executorText,
  fallbacks,
  placeText,
  rememberExecution,
  rememberedExecution,
} from "./execution.ts";

const wasm: ExecutorRecord = {
  runtime: "onnxruntime-web 1.30.0, WASM SIMD",
  provider: "wasm",
  workers: 2,
  threads: 1,
  batch: 4,
  samples: 12,
};

afterEach(() => vi.unstubAllGlobals());

function store(entries: Record<string, string>): void {
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => entries[key] ?? null,
    setItem: (key: string, value: string) => {
      entries[key] = value;
    },
  });
}

test("an executor in words", () => {
  expect(executorText(wasm)).toBe("12 samples: onnxruntime-web 1.30.0, WASM SIMD, 2 workers × 1 thread, batch 4");
  expect(executorText({ ...wasm, runtime: "onnxruntime-web 1.30.0, WebGPU (amd)", provider: "webgpu" })).toBe(
    "12 samples: onnxruntime-web 1.30.0, WebGPU (amd), batch 4",
  );
  expect(placeText(wasm)).toBe("WASM SIMD, 2 workers");
  expect(placeText({ ...wasm, threads: 2 })).toBe("WASM SIMD, 2 workers × 2 threads");
  expect(placeText({ ...wasm, workers: 1 })).toBe("WASM SIMD, one thread");
  expect(placeText({ ...wasm, provider: "webgpu" })).toBe("WebGPU");
});

test("what was chosen in words", () => {
  expect(executionText(AUTOMATIC)).toBe("a short trial decides");
  expect(executionText({ provider: "wasm", workers: 2, threads: null, batch: 8 })).toBe(
    "WASM SIMD, 2 workers, batch 8",
  );
});

test("a browser remembers what was chosen, and leaves to the trial what it cannot read", () => {
  store({});
  expect(rememberedExecution()).toEqual(AUTOMATIC);
  const chosen = { provider: "webgpu", workers: 2, threads: 1, batch: null } as const;
  rememberExecution(chosen);
  expect(rememberedExecution()).toEqual(chosen);
  store({ "octet-execution": '{"provider":"tpu","workers":-1,"threads":"2","batch":1.5}' });
  expect(rememberedExecution()).toEqual(AUTOMATIC);
  store({ "octet-execution": "{" });
  expect(rememberedExecution()).toEqual(AUTOMATIC);
});

test("a notice about WebGPU says why samples ran elsewhere", () => {
  const notice = (subject: string) => ({ kind: "warning" as const, subject, message: "m" });
  const calibration = { notices: [notice("tensor"), notice("WebGPU")] } as unknown as Calibration;
  expect(fallbacks(calibration)).toEqual([notice("WebGPU")]);
  expect(fallbacks(null)).toEqual([]);
});

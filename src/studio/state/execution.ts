import { AUTOMATIC, type Calibration, type Execution, type ExecutorRecord } from "../../engine/model/calibration.ts";
import type { Notice } from "../../engine/model/job.ts";
import { PROVIDERS, type Provider } from "../../engine/model/runtime.ts";
import { plural } from "../../engine/values/figures.ts";
import { memory } from "./memory.ts";

const KEY = "octet-execution";

export const PROVIDER_NAMES: Readonly<Record<Provider, string>> = {
  cpu: "native CPU",
  wasm: "WASM SIMD",
  webgpu: "WebGPU",
};

/** How this browser was told to run samples; what is stored and cannot be read is left to the trial. */
export function rememberedExecution(): Execution {
  try {
    const stored = JSON.parse(memory.getItem(KEY) ?? "null");
    const number = (value: unknown) => (Number.isInteger(value) && (value as number) > 0 ? (value as number) : null);
    const provider = PROVIDERS.find((name) => name === stored?.provider) ?? null;
    return {
      provider,
      workers: number(stored?.workers),
      threads: number(stored?.threads),
      batch: number(stored?.batch),
    };
  } catch {
    return AUTOMATIC;
  }
}

export function rememberExecution(execution: Execution): void {
  memory.setItem(KEY, JSON.stringify(execution));
}

/** "WASM SIMD, 2 workers x 2 threads": where samples ran, as short as it can be said. */
export function placeText({ provider, workers, threads }: ExecutorRecord): string {
  const name = PROVIDER_NAMES[provider];
  if (provider === "webgpu") return name;
  if (workers === 1) return `${name}, ${threads === 1 ? "one thread" : plural(threads, "thread")}`;
  return `${name}, ${plural(workers, "worker")}${threads === 1 ? "" : ` × ${plural(threads, "thread")}`}`;
}

/** "88 samples: onnxruntime-web 1.30.0, WASM SIMD, 2 workers x 1 thread, batch 1"; threads say nothing of WebGPU. */
export function executorText({ runtime, provider, workers, threads, batch, samples }: ExecutorRecord): string {
  const place = provider === "webgpu" ? [] : [`${plural(workers, "worker")} × ${plural(threads, "thread")}`];
  return `${plural(samples, "sample")}: ${[runtime, ...place, `batch ${batch}`].join(", ")}`;
}

/** What was chosen of how samples run, in a few words. */
export function executionText({ provider, workers, threads, batch }: Execution): string {
  const fixed = [
    provider && PROVIDER_NAMES[provider],
    workers && plural(workers, "worker"),
    threads && plural(threads, "thread"),
    batch && `batch ${batch}`,
  ].filter(Boolean);
  return fixed.length === 0 ? "a short trial decides" : fixed.join(", ");
}

/** Why WebGPU cannot be chosen here; null where it can. */
export function gpuObstacle(): string | null {
  if (navigator.gpu) return null;
  return globalThis.isSecureContext ? "this browser has no WebGPU" : "WebGPU needs https or localhost";
}

/** Why the samples did not run, or not all, where they were to. */
export function fallbacks(calibration: Calibration | null): readonly Notice[] {
  return calibration?.notices.filter(({ subject }) => subject === PROVIDER_NAMES.webgpu) ?? [];
}

import mjs from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url";
import wasm from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url";
import { GpuObserver, limitsOf } from "../../src/engine/calibration/gpu/gpuObserver.ts";
import { gpuObserverSession } from "../../src/engine/calibration/gpu/observerSession.ts";
import { observingSession } from "../../src/engine/calibration/observing.ts";
import { calibrate } from "../../src/engine/job/calibrate.ts";
import type { ExecutorRecord } from "../../src/engine/model/calibration.ts";
import type { GpuSession, GpuTensor } from "../../src/engine/model/gpu.ts";
import type { Range } from "../../src/engine/model/range.ts";
import type { Accelerator } from "../../src/engine/model/runtime.ts";
import type { TensorStatistics } from "../../src/engine/model/statistics.ts";
import { clampSightings, Observer, summarize } from "../../src/engine/numerics/observer.ts";
import { webgpuRuntime } from "../../src/engine/runtime/webgpu.ts";
import { openDevice } from "../../src/engine/runtime/webgpuDevice.ts";
import { webgpuFailure } from "../../src/engine/runtime/webgpuFailure.ts";
import { webgpuAccelerator } from "../../workers/accelerator.ts";
import { executorRuntime } from "../../workers/executor.ts";
import { adversarialRuns } from "./adversarial.ts";
import { timeSample } from "./bench.ts";
import { learnBeside, learnOnWebgl, webglRefusals, webgpuRefusal } from "./learning.ts";
import { openSample, quiet } from "./sample.ts";

/** What a comparison of observers came to: how many figures were compared, and the first that differs. */
export interface Comparison {
  readonly octaves: number;
  readonly difference: string | null;
}

function upload(device: GPUDevice, data: Float32Array): GpuTensor {
  const buffer = device.createBuffer({
    size: data.byteLength + 64,
    usage: GPUBufferUsage.STORAGE,
    mappedAtCreation: true,
  });
  const range = new Uint8Array(buffer.getMappedRange());
  range.fill(0x7f);
  range.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  buffer.unmap();
  return { type: "float32", dims: [data.length], buffer };
}

function firstDifference(a: TensorStatistics, b: TensorStatistics): string | null {
  const plain = (statistics: TensorStatistics) =>
    JSON.stringify(statistics, (_, value) =>
      value instanceof Float64Array
        ? [...value]
        : Object.is(value, -0)
          ? "-0"
          : typeof value === "number" && !Number.isFinite(value)
            ? String(value)
            : value,
    );
  const [left, right] = [plain(a), plain(b)];
  if (left === right) return null;
  const at = [...left].findIndex((character, i) => character !== right[i]);
  return `${left.slice(Math.max(0, at - 80), at + 40)} <> ${right.slice(Math.max(0, at - 80), at + 40)}`;
}

const CLAMPS: readonly (Range | null)[] = [
  null,
  { low: 0, high: 6 },
  { low: -1, high: 0.7 },
  { low: 1e-40, high: Infinity },
];
const RELU: Range = { low: 0, high: Infinity };

function clampedCopy(data: Float32Array, range: Range | null): Float32Array {
  return range ? data.map((value) => Math.min(Math.max(value, range.low), range.high)) : data;
}

/** Observes adversarial bytes on the GPU and on the CPU, as they are and clamped, with a device's limits or tight ones. */
async function compareObservers(seed: number, tight: boolean): Promise<Comparison> {
  const { device } = await openDevice();
  const limits = tight ? { ...limitsOf(device), bindingBytes: 1024, samples: 3, values: 5000 } : limitsOf(device);
  const runs = adversarialRuns(seed);
  const tensors = [...(runs[0]?.tensors.keys() ?? [])];
  const targets = tensors.flatMap((tensor) => CLAMPS.map((clamp) => ({ tensor, clamp })));
  const onGpu = await GpuObserver.create(device, targets, limits);
  const onCpu = [...targets, ...tensors.map((tensor) => ({ tensor, clamp: RELU }))].map((target) => ({
    ...target,
    observer: new Observer(),
  }));
  for (const run of runs) {
    await onGpu.begin(run.samples);
    const uploaded = new Map([...run.tensors].map(([name, data]) => [name, upload(device, data)]));
    onGpu.add(uploaded, run.samples.length);
    for (const { tensor, clamp, observer } of onCpu) {
      const data = clampedCopy(run.tensors.get(tensor) as Float32Array, clamp);
      const length = data.length / run.samples.length;
      run.samples.forEach((sample, i) => {
        observer.observe(data.subarray(i * length, (i + 1) * length), sample);
      });
    }
    for (const { buffer } of uploaded.values()) buffer.destroy();
  }
  const taken = await onGpu.take();
  const again = await onGpu.take();
  onGpu.destroy();
  device.destroy();
  const relu = tensors.map((_, i) => taken[i * CLAMPS.length]?.map((part) => clampSightings(part, RELU)));
  let octaves = 0;
  for (const [i, parts] of [...taken, ...relu].entries()) {
    const { tensor, clamp, observer } = onCpu[i]!;
    const gpu = summarize(parts ?? []);
    const difference = firstDifference(gpu, observer.statistics());
    if (difference) return { octaves, difference: `${tensor} in ${JSON.stringify(clamp)}: ${difference}` };
    octaves += gpu.octaves.length;
  }
  return { octaves, difference: again.some((parts) => parts.length > 0) ? "the tables were not cleared" : null };
}

/** How the sample model's statistics differ between WebGPU, in its worker, and WASM. */
async function compareSample(samples: number): Promise<{
  readonly label: string;
  readonly tensors: number;
  /** Tensors that saw another number of values. */
  readonly otherCounts: readonly string[];
  /** The largest difference of extremes, as a share of the tensor's range. */
  readonly extremes: number;
}> {
  const runtime = executorRuntime();
  const { dataset, file, plan } = await openSample(runtime);
  const accelerator = await webgpuAccelerator();
  const onGpu = await accelerator.createObserver(file, plan);
  const onCpu = observingSession([await runtime.createSession(file, { threads: 1 })], plan);
  for (let i = 0; i < samples; i++) {
    const { feeds } = await dataset.get(i);
    await onGpu.observe(feeds, [i]);
    await onCpu.observe(feeds, [i]);
  }
  const [gpu, cpu] = [await onGpu.take(), await onCpu.take()];
  await onGpu.dispose();
  await onCpu.dispose();
  let extremes = 0;
  const otherCounts: string[] = [];
  for (const [name, there] of gpu) {
    const here = cpu.get(name) as TensorStatistics;
    const total = (of: TensorStatistics) => of.finite + of.nan + of.positiveInfinity + of.negativeInfinity;
    if (total(there) !== total(here) || there.samples.index.length !== samples) otherCounts.push(name);
    const range = here.max - here.min;
    extremes = Math.max(extremes, Math.abs(there.min - here.min) / range, Math.abs(there.max - here.max) / range);
  }
  return { label: accelerator.label, tensors: gpu.size, otherCounts, extremes };
}

/** The sample observed in one run and in several, with what a run may hold forced small. */
async function compareGroups(): Promise<{ readonly groups: number; readonly difference: string | null }> {
  const { dataset, file, plan } = await openSample(executorRuntime());
  const { device, info } = await openDevice();
  const runtime = webgpuRuntime({ wasm, mjs }, device, info);
  const { feeds } = await dataset.get(0);
  let runs = 0;
  const observe = async (heldBytes?: number) => {
    const session = await runtime.createSession(file);
    const counted: GpuSession = {
      ...session,
      run(...task) {
        runs++;
        return session.run(...task);
      },
    };
    const observer = await gpuObserverSession(counted, plan, heldBytes);
    await observer.observe(feeds, [0]);
    const statistics = await observer.take();
    await observer.dispose();
    return statistics;
  };
  const whole = await observe();
  runs = 0;
  const parts = await observe(2 ** 16);
  device.destroy();
  for (const [name, statistics] of whole) {
    const difference = firstDifference(statistics, parts.get(name) as TensorStatistics);
    if (difference) return { groups: runs, difference: `${name}: ${difference}` };
  }
  return { groups: runs, difference: null };
}

/** An accelerator on this page whose device is lost two runs after its statistics were first taken. */
function shortLived(): Accelerator {
  return {
    label: "WebGPU, soon lost",
    provider: "webgpu",
    software: false,
    end: () => undefined,
    async createObserver(file, plan) {
      const { device, info } = await openDevice();
      const session = await gpuObserverSession(
        await webgpuRuntime({ wasm, mjs }, device, info).createSession(file),
        plan,
      );
      let left = Infinity;
      let trial = true;
      const told = async <T>(work: Promise<T>): Promise<T> => {
        try {
          return await work;
        } catch (error) {
          throw webgpuFailure(error);
        }
      };
      return {
        ...session,
        async observe(feeds, samples) {
          if (left-- === 0) device.destroy();
          await new Promise((resolve) => setTimeout(resolve, 400));
          await told(session.observe(feeds, samples));
        },
        async take() {
          if (!trial) left = Math.min(left, 2);
          trial = false;
          return told(session.take());
        },
      };
    },
  };
}

/** The sample calibrated on a device that is lost halfway, and on WASM alone. */
async function loseDevice(samples: number): Promise<{
  readonly observed: number;
  readonly executors: readonly ExecutorRecord[];
  readonly notices: readonly string[];
  readonly otherCounts: readonly string[];
}> {
  const runtime = executorRuntime();
  const { model, dataset } = await openSample(runtime);
  const run = (accelerator: Accelerator | null) => {
    const provider = accelerator ? "webgpu" : "wasm";
    const execution = { provider, workers: 1, threads: 1, batch: 1 } as const;
    const request = { samples, preprocess: null, resume: null, execution, checkpoint: () => undefined };
    const runtimes = { main: runtime, accelerator: accelerator && (async () => accelerator) };
    return calibrate(model, dataset, request, runtimes, quiet);
  };
  const [lost, whole] = [await run(shortLived()), await run(null)];
  const isOther = ([name, there]: readonly [string, TensorStatistics]) => {
    const here = whole.statistics.get(name);
    return there.finite !== here?.finite || there.samples.index.join() !== here.samples.index.join();
  };
  return {
    observed: lost.observed.length,
    executors: lost.executors,
    notices: lost.notices.map(({ message }) => message),
    otherCounts: [...lost.statistics].filter(isOther).map(([name]) => name),
  };
}

const timeSampleHere = async (batch: number, runs: number) =>
  timeSample(await openSample(executorRuntime()), batch, runs);

async function learn(iterations: number) {
  const { device, info } = await openDevice();
  return learnBeside(webgpuRuntime({ wasm, mjs }, device, info), await openSample(executorRuntime()), iterations);
}

async function refuseFailing() {
  const { device, info } = await openDevice();
  return webgpuRefusal(device, info);
}

const hooks = {
  compareGroups,
  compareObservers,
  compareSample,
  learn,
  learnOnWebgl,
  loseDevice,
  refuseFailing,
  timeSample: timeSampleHere,
  webglRefusals,
};
export type GpuPage = typeof hooks;
Object.assign(window, { octet: hooks });

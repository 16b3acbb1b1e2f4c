import { AcceleratorLost } from "../model/runtime.ts";

/** Limits that calibration needs as high as the adapter has them: of buffers, and of what a shader binds. */
const WANTED_LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupSizeZ",
] as const;

const WANTED_FEATURES: readonly GPUFeatureName[] = ["shader-f16", "subgroups"];

/** A WebGPU device with the adapter's own limits. Rejects with AcceleratorLost when there is no adapter. */
export async function openDevice(): Promise<{ readonly device: GPUDevice; readonly info: GPUAdapterInfo }> {
  const adapter = await webgpuAdapter();
  const device = await adapter.requestDevice({
    requiredLimits: Object.fromEntries(WANTED_LIMITS.map((name) => [name, adapter.limits[name]])),
    requiredFeatures: WANTED_FEATURES.filter((name) => adapter.features.has(name)),
  });
  return { device, info: adapter.info };
}

/** The browser's adapter, the fast one where there are two. Rejects with AcceleratorLost when there is none. */
export async function webgpuAdapter(): Promise<GPUAdapter> {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new AcceleratorLost("WebGPU is not available: this browser offers no adapter.");
  return adapter;
}

/** "onnxruntime-web 1.30.0, WebGPU (nvidia ampere)". */
export function webgpuLabel(version: string, { vendor, architecture }: GPUAdapterInfo): string {
  const adapter = [vendor, architecture].filter((part) => part !== "").join(" ");
  return `${["onnxruntime-web", version].join(" ").trim()}, WebGPU (${adapter || "unnamed adapter"})`;
}

/** Whether an adapter computes on the processor. */
export function isSoftware({ isFallbackAdapter }: GPUAdapterInfo): boolean {
  return isFallbackAdapter;
}

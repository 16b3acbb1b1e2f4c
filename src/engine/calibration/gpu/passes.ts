import bindings from "./bindings.wgsl?raw";
import coarsen from "./coarsen.wgsl?raw";
import rest from "./rest.wgsl?raw";
import { HALF_WORDS, PLACES } from "./table.ts";
import tally from "./tally.wgsl?raw";

/** The shaders, in the order in which they run, and how they are bound. */
export interface Passes {
  readonly tally: GPUComputePipeline;
  readonly coarsen: GPUComputePipeline;
  readonly rest: GPUComputePipeline;
  /** Of tally and rest. */
  readonly layout: GPUBindGroupLayout;
  /** Of coarsen. */
  readonly bankLayout: GPUBindGroupLayout;
  readonly places: GPUBuffer;
}

const CONSTANTS = `const HALF_WORDS = ${HALF_WORDS}u;\n`;

/** Compiles the shaders. Rejects with GPUPipelineError when the device cannot. */
export async function createPasses(device: GPUDevice): Promise<Passes> {
  const layout = layoutOf(device, ["read-only-storage", "uniform", "storage", "storage", "read-only-storage"]);
  const bankLayout = layoutOf(device, ["storage", "read-only-storage"]);
  const pipeline = (code: string, bindGroupLayout: GPUBindGroupLayout) =>
    device.createComputePipelineAsync({
      layout: device.createPipelineLayout({ bindGroupLayouts: [bindGroupLayout] }),
      compute: { module: device.createShaderModule({ code: CONSTANTS + code }) },
    });
  const [tallyPass, coarsenPass, restPass] = await Promise.all([
    pipeline(bindings + tally, layout),
    pipeline(coarsen, bankLayout),
    pipeline(bindings + rest, layout),
  ]);
  const places = device.createBuffer({
    size: PLACES.byteLength,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
  });
  device.queue.writeBuffer(places, 0, PLACES);
  return { tally: tallyPass, coarsen: coarsenPass, rest: restPass, layout, bankLayout, places };
}

function layoutOf(device: GPUDevice, types: readonly GPUBufferBindingType[]): GPUBindGroupLayout {
  return device.createBindGroupLayout({
    entries: types.map((type, binding) => ({
      binding,
      visibility: GPUShaderStage.COMPUTE,
      buffer: { type, hasDynamicOffset: type === "uniform" },
    })),
  });
}

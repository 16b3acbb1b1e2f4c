import type { Tensor as OrtTensor } from "onnxruntime-common";
import * as ort from "onnxruntime-web/webgpu";
import type { GpuRuntime, GpuSession, GpuTensor } from "../model/gpu.ts";
import type { ModelFile } from "../model/runtime.ts";
import type { Tensor } from "../model/tensor.ts";
import type { DataType, TensorData } from "../values/elementTypes.ts";
import { Aliases } from "./aliases.ts";
import { toInputs, toPort } from "./onnxruntime.ts";
import type { WasmFiles } from "./wasm.ts";
import { webgpuLabel } from "./webgpuDevice.ts";

/**
 * ONNX Runtime's WebGPU provider on a device of its caller's. Nodes that it has no kernel for run on the processor.
 * Sessions are created one at a time. Errors of the runtime pass through unchanged.
 */
export function webgpuRuntime(files: WasmFiles, device: GPUDevice, info: GPUAdapterInfo): GpuRuntime {
  ort.env.wasm.wasmPaths = { wasm: files.wasm, mjs: files.mjs };
  ort.env.wasm.numThreads = 1;
  let creating: Promise<unknown> = Promise.resolve();
  return {
    label: webgpuLabel(ort.env.versions.web ?? "", info),
    device,
    info,
    createSession(model) {
      const next = creating.then(() => create(model, device));
      creating = next.catch(() => undefined);
      return next;
    },
  };
}

async function create(model: ModelFile, device: GPUDevice): Promise<GpuSession> {
  const native = await ort.InferenceSession.create(model.graph, {
    // The default, NHWC, transposes every tensor that is watched beside a Conv: six times slower on the sample model.
    executionProviders: [{ name: "webgpu", device, preferredLayout: "NCHW" }],
    preferredOutputLocation: "gpu-buffer",
    logSeverityLevel: 3,
    externalData: model.external.map(({ path, data }) => ({ path, data })),
  });
  const aliases = new Aliases(model);
  return {
    device,
    inputs: native.inputMetadata.map((metadata) => toPort(metadata, aliases)),
    outputs: native.outputMetadata.map((metadata) => toPort(metadata, aliases)),
    async run(feeds, fetches, use) {
      const computed = fetches.filter((name) => !feeds.has(name)).map((name) => aliases.inGraph(name));
      const inputs = toInputs(ort, feeds, aliases);
      const results = computed.length > 0 ? await native.run(inputs, computed) : {};
      const uploads: GPUBuffer[] = [];
      const upload = ({ type, dims, data }: Tensor): GpuTensor => {
        const buffer = uploaded(device, data);
        uploads.push(buffer);
        return { type, dims, buffer };
      };
      const tensors = new Map<string, GpuTensor>();
      for (const name of fetches) {
        const fed = feeds.get(name);
        tensors.set(name, fed ? upload(fed) : onGpu(results[aliases.inGraph(name)] as OrtTensor, upload));
      }
      use(tensors);
      for (const buffer of uploads) buffer.destroy();
      for (const result of Object.values(results)) result.dispose();
    },
    dispose: () => native.release(),
  };
}

/** A result as it lies on the GPU; one that a node computed on the processor is brought there. */
function onGpu(result: OrtTensor, upload: (tensor: Tensor) => GpuTensor): GpuTensor {
  const type = result.type as DataType;
  const { dims } = result;
  if (result.location === "gpu-buffer") return { type, dims, buffer: result.gpuBuffer as GPUBuffer };
  return upload({ type, dims, data: result.data as TensorData });
}

function uploaded(device: GPUDevice, data: TensorData): GPUBuffer {
  const size = Math.max(4, Math.ceil(data.byteLength / 4) * 4);
  const buffer = device.createBuffer({ size, usage: GPUBufferUsage.STORAGE, mappedAtCreation: true });
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  new Uint8Array(buffer.getMappedRange()).set(bytes);
  buffer.unmap();
  return buffer;
}

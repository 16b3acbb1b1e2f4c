import type { InferenceSession, Tensor as OrtTensor, TensorConstructor } from "onnxruntime-common";
import type { ModelFile, Runtime, Session, SessionOptions } from "../model/runtime.ts";
import type { DataType, Port, Tensor, TensorMap } from "../model/tensor.ts";

/** The part of ONNX Runtime's JavaScript API that its web and Node packages share. */
export interface OrtApi {
  readonly InferenceSession: typeof InferenceSession;
  readonly Tensor: TensorConstructor;
}

const KNOWN_TYPES: ReadonlySet<string> = new Set<DataType>([
  "float32",
  "float64",
  "float16",
  "int8",
  "uint8",
  "int16",
  "uint16",
  "int32",
  "uint32",
  "int64",
  "uint64",
  "bool",
]);

/** How the packages write a dimension without a number or a name: -1 as such, or as the WASM build's uint32. */
const OPEN_DIMS: ReadonlySet<number | string> = new Set(["", -1, 0xffffffff]);

/**
 * A Runtime over one of ONNX Runtime's packages. Sessions are created one after the other, as its WASM build needs.
 * Errors of the runtime pass through unchanged.
 */
export function ortRuntime(
  ort: OrtApi,
  options: { readonly label: string; readonly maxThreads: number; readonly provider: "wasm" | "cpu" },
): Runtime {
  let creating: Promise<unknown> = Promise.resolve();
  const create = async (model: ModelFile, session: SessionOptions): Promise<Session> => {
    const native = await ort.InferenceSession.create(model.graph, {
      executionProviders: [options.provider],
      graphOptimizationLevel: session.optimize === false ? "disabled" : "all",
      intraOpNumThreads: session.threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
      externalData: model.external.map(({ path, data }) => ({ path, data })),
    });
    return wrap(ort, native);
  };
  return {
    label: options.label,
    maxThreads: options.maxThreads,
    createSession(model, session) {
      const next = creating.then(() => create(model, session));
      creating = next.catch(() => undefined);
      return next;
    },
  };
}

function wrap(ort: OrtApi, native: InferenceSession): Session {
  let lastRunTime = Number.NaN;
  return {
    inputs: native.inputMetadata.map(toPort),
    outputs: native.outputMetadata.map(toPort),
    get lastRunTime() {
      return lastRunTime;
    },
    async run(feeds, fetches) {
      const inputs: Record<string, OrtTensor> = Object.create(null);
      for (const [name, tensor] of feeds) inputs[name] = toOrt(ort, tensor);
      const start = performance.now();
      const results = fetches ? await native.run(inputs, fetches) : await native.run(inputs);
      lastRunTime = performance.now() - start;
      const outputs = new Map<string, Tensor>();
      for (const [name, value] of Object.entries(results)) {
        outputs.set(name, fromOrt(value));
        value.dispose();
      }
      return outputs satisfies TensorMap;
    },
    dispose: () => native.release(),
  };
}

function toPort(metadata: InferenceSession.ValueMetadata): Port {
  if (!metadata.isTensor) return { name: metadata.name, type: "other", dims: [] };
  return {
    name: metadata.name,
    type: KNOWN_TYPES.has(metadata.type) ? (metadata.type as DataType) : "other",
    dims: metadata.shape.map((dim) => (OPEN_DIMS.has(dim) ? null : dim)),
  };
}

function toOrt(ort: OrtApi, tensor: Tensor): OrtTensor {
  return new ort.Tensor(tensor.type, tensor.data as never, tensor.dims);
}

function fromOrt(value: OrtTensor): Tensor {
  return { type: value.type as DataType, dims: [...value.dims], data: value.data as Tensor["data"] };
}

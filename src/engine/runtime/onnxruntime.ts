import type { InferenceSession, Tensor as OrtTensor, TensorConstructor } from "onnxruntime-common";
import { release } from "../model/release.ts";
import type { ModelFile, Provider, Runtime, Session, SessionOptions } from "../model/runtime.ts";
import type { Port, Tensor, TensorMap } from "../model/tensor.ts";
import { type DataType, isDataType } from "../values/elementTypes.ts";
import { Aliases } from "./aliases.ts";
import type { OutputTap } from "./outputTap.ts";
import type { PrintedProfile } from "./printedProfile.ts";

/** The part of ONNX Runtime's JavaScript API that its web and Node packages share. */
export interface OrtApi {
  readonly InferenceSession: typeof InferenceSession;
  readonly Tensor: TensorConstructor;
}

/** How the packages write a dimension without a number or a name: -1 as such, or as the WASM build's uint32. */
const OPEN_DIMS: ReadonlySet<number | string> = new Set(["", -1, 0xffffffff]);

/**
 * A Runtime over one of ONNX Runtime's packages. Sessions are created one after the other, as its WASM build needs.
 * Errors of the runtime pass through unchanged.
 */
export function ortRuntime(
  ort: OrtApi,
  options: {
    readonly label: string;
    readonly maxThreads: number;
    readonly provider: Provider;
    /** Whether it opens files by itself. */
    readonly opensFiles?: boolean;
    /** Of the package's module, where outputs are costly to copy. */
    readonly tap?: OutputTap;
    /** What the package prints of a profile; without it sessions keep none. */
    readonly profile?: PrintedProfile;
  },
): Runtime {
  let creating: Promise<unknown> = Promise.resolve();
  const create = async (model: ModelFile, session: SessionOptions): Promise<Session> => {
    const linked = options.opensFiles ? model.linked : undefined;
    const native = await ort.InferenceSession.create((linked ?? model).graph, {
      executionProviders: [options.provider],
      graphOptimizationLevel: session.optimize === false ? "disabled" : "all",
      intraOpNumThreads: session.threads,
      interOpNumThreads: 1,
      enableCpuMemArena: session.arena ?? true,
      logSeverityLevel: 3,
      ...(session.profile && options.profile && { enableProfiling: true }),
      ...(linked
        ? { extra: { session: { model_external_initializers_file_folder_path: linked.folder } } }
        : { externalData: model.external.map(({ path, data }) => ({ path, data })) }),
    });
    try {
      linked?.assertSame();
    } catch (error) {
      await native.release();
      throw error;
    }
    const wrapped = wrap(ort, native, options.tap ?? null, new Aliases(model));
    const { profile } = options;
    if (session.profile && profile) wrapped.nodeTimes = async () => profile.collect(() => native.endProfiling());
    return wrapped;
  };
  return {
    label: options.label,
    maxThreads: options.maxThreads,
    provider: options.provider,
    createSession(model, session) {
      const next = creating.then(() => create(model, session));
      creating = next.catch(() => undefined);
      return next;
    },
  };
}

/** What to fetch where some outputs are no tensors, which the packages cannot give; undefined where all are. */
function tensorOutputs(outputs: readonly InferenceSession.ValueMetadata[]): readonly string[] | undefined {
  const tensors = outputs.filter(({ isTensor }) => isTensor).map(({ name }) => name);
  return tensors.length > 0 && tensors.length < outputs.length ? tensors : undefined;
}

function wrap(ort: OrtApi, native: InferenceSession, tap: OutputTap | null, aliases: Aliases): Session {
  let lastRunTime = Number.NaN;
  const timed = async (run: () => Promise<InferenceSession.OnnxValueMapType>) => {
    const start = performance.now();
    const results = await run();
    lastRunTime = performance.now() - start;
    const outputs = new Map<string, Tensor>();
    for (const [name, value] of Object.entries(results) as [string, OrtTensor][]) {
      outputs.set(aliases.nameOf(name), fromOrt(value));
      value.dispose();
    }
    return outputs satisfies TensorMap;
  };
  const tensors = tensorOutputs(native.outputMetadata);
  const session: Session = {
    inputs: native.inputMetadata.map((metadata) => toPort(metadata, aliases)),
    outputs: native.outputMetadata.map((metadata) => toPort(metadata, aliases)),
    get lastRunTime() {
      return lastRunTime;
    },
    async run(feeds, fetches) {
      const inputs = toInputs(ort, feeds, aliases);
      const wanted = fetches?.map((name) => aliases.inGraph(name)) ?? tensors;
      const run = () => (wanted ? native.run(inputs, wanted) : native.run(inputs));
      return tap ? tap.exclusively(() => timed(run)) : timed(run);
    },
    dispose: () => native.release(),
  };
  session.peek = async (feeds, fetches, see) => {
    const shown = tap ? fetches.slice(0, -1) : [];
    const inputs = toInputs(ort, feeds, aliases);
    const inGraph = (names: readonly string[]) => names.map((name) => aliases.inGraph(name));
    const run = () => timed(() => native.run(inputs, inGraph(fetches.slice(shown.length))));
    const outputs = tap
      ? await tap.exclusively(run, inGraph(shown), (name, dims, data) =>
          see(aliases.nameOf(name), { type: "float32", dims, data }),
        )
      : await run();
    for (const [name, tensor] of outputs) if (tensor.type === "float32") see(name, tensor);
    release(outputs.values());
  };
  return session;
}

/** The tensors of a run as the packages take them. */
export function toInputs(ort: OrtApi, feeds: TensorMap, aliases: Aliases): Record<string, OrtTensor> {
  const inputs: Record<string, OrtTensor> = Object.create(null);
  for (const [name, tensor] of feeds) inputs[aliases.inGraph(name)] = toOrt(ort, tensor);
  return inputs;
}

/** An input or output as the packages describe it. */
export function toPort(metadata: InferenceSession.ValueMetadata, aliases: Aliases): Port {
  const name = aliases.nameOf(metadata.name);
  if (!metadata.isTensor) return { name, type: "other", dims: [] };
  return {
    name,
    type: isDataType(metadata.type) ? metadata.type : "other",
    dims: metadata.shape.map((dim) => (OPEN_DIMS.has(dim) ? null : dim)),
  };
}

/** FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
function hashOf(text: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
}

/** A tensor as the packages take it; the data is shared. */
function toOrt(ort: OrtApi, tensor: Tensor): OrtTensor {
  return new ort.Tensor(tensor.type, tensor.data as never, tensor.dims);
}

/** Texts are held as hashes, which tell whether they are equal; float16 as its bits, also where JavaScript has a Float16Array. */
function fromOrt(value: OrtTensor): Tensor {
  if (value.type === "float16") {
    const { buffer, byteOffset, length } = value.data as Uint16Array;
    return { type: "float16", dims: [...value.dims], data: new Uint16Array(buffer, byteOffset, length) };
  }
  if (value.type === "string") {
    return { type: "uint64", dims: [...value.dims], data: BigUint64Array.from(value.data as string[], hashOf) };
  }
  return { type: value.type as DataType, dims: [...value.dims], data: value.data as Tensor["data"] };
}

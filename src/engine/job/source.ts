import { withFloatEnds } from "../emit/floatEnds.ts";
import { dataShapedOutputs } from "../graph/dataShaped.ts";
import { runnableOpset } from "../graph/opset.ts";
import { type RaisedFloats, raiseFloats } from "../graph/raiseFloats.ts";
import type { StoredFile } from "../model/deferred.ts";
import type { Notice } from "../model/job.ts";
import type { Origin } from "../model/quantizedFile.ts";
import type { ModelFile } from "../model/runtime.ts";
import type { Port } from "../model/tensor.ts";
import { keepsIntegers, quantizedOperator } from "../onnx/checks.ts";
import { decodeModel, undecodable } from "../onnx/decode.ts";
import { attachExternal, externalLocations, type WeightsFile } from "../onnx/external.ts";
import { leaveWeights } from "../onnx/leaveWeights.ts";
import { inputPorts, outputPorts } from "../onnx/ports.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { needsAliases, toModelFile } from "../onnx/runtimeFile.ts";
import { hex } from "../values/hex.ts";
import { classesOf } from "./classes.ts";
import { originOf } from "./origin.ts";
import { computesBfloats } from "./runsHere.ts";

/** A model file as it is given. */
export interface ModelSource {
  /** In memory or not: large weights of one that is not are read whenever somebody looks at them. */
  readonly bytes: WeightsFile;
  readonly fileName: string;
  /** A file beside the model that it keeps weights in, by path; null when there is none. */
  readonly readBeside: (path: string) => Promise<WeightsFile | null>;
}

export interface WholeModel {
  /** With the weights of other files in place. */
  readonly model: ModelProto;
  readonly external: readonly { readonly path: string; readonly data: WeightsFile }[];
  /** Of all files together. */
  readonly bytes: number;
}

export interface RunnableModel {
  readonly file: ModelFile;
  readonly bytes: number;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** Of its scores, as `classesOf` has it. */
  readonly classes: number | null;
  /** The type of the first operator on quantized tensors; null in a float model. */
  readonly quantizedOperator: string | null;
  /** Outputs of which data decides how many rows they have. */
  readonly dataShaped: ReadonlySet<string>;
  /** What was done to it before it is run. */
  readonly notices: readonly Notice[];
  /** Whether weights of layers that are computed in float are kept in integers. */
  readonly keepsIntegers: boolean;
  /** Whether layers compute in bfloat16, for which ONNX Runtime has no kernels. */
  readonly computesBfloats: boolean;
  /** What its metadata says that it was made from; null where it says nothing of it. */
  readonly origin: Origin | null;
}

/** What a model that is not in memory calls the file of its weights that is itself. */
const ITSELF = "the model's own file";
/** As many bytes of a file tell what it is. */
const HEAD = 512;

/** Decodes a model with the weights it keeps in other files. Throws InputError when a file is damaged or missing. */
export async function readWholeModel({ bytes, fileName, readBeside }: ModelSource): Promise<WholeModel> {
  const model = decodeGraph({ bytes, fileName });
  const weights = new Map<string, WeightsFile>();
  for (const location of externalLocations(model)) {
    const file = location === ITSELF ? null : await readBeside(location);
    if (file) weights.set(location, file);
  }
  const external = [...weights].map(([path, data]) => ({ path, data }));
  return {
    model: attachExternal(model, bytes instanceof Uint8Array ? weights : new Map([...weights, [ITSELF, bytes]])),
    external,
    bytes: external.reduce((sum, { data }) => sum + data.byteLength, bytes.byteLength),
  };
}

/** The files, by path below its folder, that a model keeps weights in. Throws InputError as decoding does. */
export function weightFiles(source: Pick<ModelSource, "bytes" | "fileName">): string[] {
  return externalLocations(decodeGraph(source)).filter((location) => location !== ITSELF);
}

function decodeGraph({ bytes, fileName }: Pick<ModelSource, "bytes" | "fileName">): ModelProto {
  if (bytes instanceof Uint8Array) return decodeModel(bytes, fileName);
  const graph = leaveWeights(bytes, fileName, ITSELF);
  if (graph) return decodeModel(graph, fileName);
  const head = new Uint8Array(Math.min(HEAD, bytes.byteLength));
  bytes.readInto(head, 0);
  throw undecodable(head, fileName);
}

/**
 * A model to run as it is: the runtime gets the bytes of the file, or, where it keeps weights in others, the graph with the
 * weights under names of ours, since runtimes do not agree on how a path is written; so it does where names need aliases, and
 * where the opset is older than it runs. Inputs and outputs that are int8 codes become float32 (emit/floatEnds.ts).
 * Throws InputError as decoding does, and `runnableOpset`.
 */
export async function modelFileOf(source: ModelSource): Promise<RunnableModel> {
  return runnableModel(source, (model) => ({ model: withFloatEnds(model), notices: [] }));
}

/** A float model to compare with, in float32 (graph/raiseFloats.ts). Throws InputError as decoding does. */
export async function floatFileOf(source: ModelSource): Promise<RunnableModel> {
  return runnableModel(source, raiseFloats);
}

async function runnableModel(
  source: ModelSource,
  change: (model: ModelProto) => Pick<RaisedFloats, "model" | "notices">,
): Promise<RunnableModel> {
  const { model, external, bytes } = await readWholeModel(source);
  const { model: floats, notices } = change(model);
  const changed = runnableOpset(floats);
  const { bytes: given } = source;
  const isAlone = changed === model && external.length === 0 && !(model.graph && needsAliases(model.graph));
  return {
    file: isAlone && given instanceof Uint8Array ? { graph: given, external: [] } : toModelFile(changed),
    bytes,
    inputs: inputPorts(changed),
    outputs: outputPorts(changed),
    classes: classesOf(outputPorts(changed)),
    quantizedOperator: quantizedOperator(model),
    dataShaped: dataShapedOutputs(changed),
    notices,
    keepsIntegers: keepsIntegers(model),
    computesBfloats: computesBfloats(changed),
    origin: originOf(model),
  };
}

/**
 * SHA-256 of a model in hexadecimal: of its file, or, when it keeps weights in other files, of the digests of all of
 * them, since two trainings of one network differ in those files only. A file that is too long to be digested at once
 * counts as the digests of its pieces.
 */
export async function fingerprint(file: WeightsFile, external: WholeModel["external"], watch?: Watch): Promise<string> {
  if (external.length === 0) return hex(await sha256(file, watch));
  const digests: Uint8Array[] = [];
  for (const bytes of [file, ...external.map(({ data }) => data)]) digests.push(await sha256(bytes, watch));
  return hex(await sha256(new Uint8Array(digests.flatMap((digest) => [...digest]))));
}

/** What is shown a file that is not in memory while it is digested. */
type Watch = (file: StoredFile) => (bytes: Uint8Array, at: number) => void;

/** Web Crypto digests less than 2 GiB at once in some places (Node). */
const PIECE = 2 ** 30;
const LONGEST = 2 ** 31 - 1;

/** Exported for its test, which cannot hold a file that long. */
export async function sha256(file: WeightsFile, watch?: Watch, longest = LONGEST, piece = PIECE): Promise<Uint8Array> {
  const see = file instanceof Uint8Array ? undefined : watch?.(file);
  const digest = async (from: number, to: number) =>
    file instanceof Uint8Array
      ? new Uint8Array(await crypto.subtle.digest("SHA-256", file.subarray(from, to) as Uint8Array<ArrayBuffer>))
      : file.sha256(from, to, see);
  const { byteLength } = file;
  if (byteLength <= longest) return digest(0, byteLength);
  const digests: number[] = [];
  for (let at = 0; at < byteLength; at += piece) digests.push(...(await digest(at, Math.min(byteLength, at + piece))));
  return sha256(Uint8Array.from(digests));
}

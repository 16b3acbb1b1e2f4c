import { heldTensor } from "../data/constant.ts";
import { filledTensor, fillingOf, hasMeaning } from "../data/meanings.ts";
import { fittingFeeds } from "../evaluation/halfInputs.ts";
import type { Dataset, Sample } from "../model/dataset.ts";
import { InputError, type Notice } from "../model/job.ts";
import { type Runtime, type Session, WorkerDied } from "../model/runtime.ts";
import type { Tensor, TensorMap } from "../model/tensor.ts";
import { isAllFinite } from "../numerics/finite.ts";
import { quantize } from "../numerics/quantize.ts";
import { decodeModel } from "../onnx/decode.ts";
import { concat } from "../onnx/encode.ts";
import { inTopologicalOrder } from "../onnx/order.ts";
import { inputPorts } from "../onnx/ports.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import { elementCount } from "../values/dims.ts";
import { memorySize } from "../values/units.ts";
import type { Artifact } from "./artifact.ts";
import { withShapes } from "./inputs.ts";
import { type OpenModel, runnable } from "./open.ts";
import { firstReadable } from "./samples.ts";
import { loadSession, reasonOf } from "./session.ts";
import { floatSessionBytes, sessionBytes } from "./sessionBytes.ts";
import { writtenFile } from "./verify.ts";

/** A larger input is not made up: it would take more memory than a check is worth. */
const MOST_ELEMENTS = 2 ** 24;

const NOTHING: TensorMap = new Map();

/** What one run came to: its outputs, why there are none, or how the runtime died of it. */
type Outcome = { readonly outputs: TensorMap } | { readonly reason: string } | { readonly death: string };

/** A model that ends the runtime which runs it, on what the float model runs on; `message` says how and on what. */
export class RunCrashed extends Error {
  override readonly name = "RunCrashed";
}

/**
 * Runs what is written of a model once (verify.ts says as what), in a process of its own where the runtime has one, on the first
 * sample that can be read or else on inputs made of the shapes and the held values, and gives what there is to say of it: that it
 * could not be tried, or was looked at in structure alone for want of memory or of kernels, or that outputs are not finite where the float
 * model's are. Throws InputError when it does not load, or does not run on what the float model runs on, and RunCrashed where
 * the runtime dies of it.
 */
export async function firstRun(
  model: OpenModel,
  artifact: Artifact,
  dataset: Dataset | null,
  runtime: Runtime,
): Promise<Notice[]> {
  const fileName = artifact.name;
  if (artifact.elsewhere !== undefined) return [elsewhere(artifact, artifact.elsewhere)];
  const separate = runtime.separate ?? runtime;
  const sample = await sampleFor(model, dataset);
  const feeds = sample instanceof InputError ? NOTHING : sample.feeds;
  const needed = sessionBytes(model, artifact, feeds);
  const free = separate.freeBytes?.() ?? Number.POSITIVE_INFINITY;
  if (needed > free) return [unfit(artifact, needed, free)];
  const open = async () =>
    fittingFeeds(await loadSession(separate, writtenFile(artifact), { threads: 1 }, `"${fileName}"`));
  if (sample instanceof InputError) {
    const loaded = await surely(() => runOnce(open, null));
    if ("death" in loaded) throw new RunCrashed(`${loaded.death} while it was loaded`);
    return [notRun(fileName, sample.message)];
  }
  const written = await surely(() => runOnce(open, codesOf(feeds, artifact)));
  if ("outputs" in written && nonFinite(written.outputs).length === 0) return [];
  const neededByFloat = floatSessionBytes(model);
  if (neededByFloat > free) {
    const why = `it does not answer with finite values on ${sample.source}, and whether the float model does takes ${memorySize(neededByFloat)}, of which ${memorySize(free)} are free.`;
    return [notRun(fileName, why)];
  }
  const openFloat = () => separate.createSession(runnable(model.reference), { threads: 1 });
  const float = await surely(() => runOnce(openFloat, feeds));
  if (!("outputs" in float)) {
    const why = "reason" in float ? float.reason : float.death;
    return [notRun(fileName, `the float model does not run on ${sample.source} either (${why}).`)];
  }
  if ("death" in written) throw new RunCrashed(`${written.death} on ${sample.source}, which the float model runs on`);
  if ("reason" in written) {
    throw new InputError(
      `"${fileName}" loads but does not run on ${sample.source}, which the float model runs on, so nothing was written; leave the layer that ONNX Runtime names in float in the recipe: ${written.reason}`,
    );
  }
  const before = new Set(nonFinite(float.outputs));
  return nonFinite(written.outputs)
    .filter((name) => !before.has(name))
    .map((name) => {
      const isHalf = written.outputs.get(name)?.type === "float16" && float.outputs.get(name)?.type === "float32";
      const remedy = isHalf
        ? "leave inputs and outputs in float32, or give data"
        : "leave the layers before it in float in the recipe";
      const message = `The output ${name} of "${fileName}" holds NaN or infinite values on ${sample.source}, where the float model's does not; ${remedy}.`;
      return { kind: "warning", subject: name, message };
    });
}

const NOT_RUN = "not run here";

/** Whether a notice of a first run says that there was none. */
export function saysNotRun({ message }: Notice): boolean {
  return message.includes(NOT_RUN);
}

function notRun(fileName: string, why: string): Notice {
  const message = `"${fileName}" was loaded but ${NOT_RUN}: ${why} Run it on a sample of yours before you rely on it.`;
  return { kind: "warning", subject: fileName, message };
}

/** Looks at the structure of what runs on a target alone. */
function elsewhere(artifact: Artifact, target: string): Notice {
  checkStructure(artifact);
  const { name } = artifact;
  const message = `"${name}" was ${NOT_RUN}: it computes in bfloat16, for which ONNX Runtime has no kernels. Its structure was checked; no figure is of it. Run it on ${target} before you rely on it.`;
  return { kind: "warning", subject: name, message };
}

function checkStructure(artifact: Artifact): void {
  const { name, model } = artifact;
  const { graph } = decodeModel(model ? toModelFile(model).graph : concat(artifact.chunks), name);
  if (graph) inTopologicalOrder(graph);
}

/** Looks at the structure of what there is no memory to run. */
function unfit(artifact: Artifact, needed: number, free: number): Notice {
  checkStructure(artifact);
  const { name } = artifact;
  const message = `"${name}" was ${NOT_RUN}: ${memorySize(needed)} needed, and ${memorySize(free)} are free. Its structure was checked; run it where there is that much before you rely on it.`;
  return { kind: "warning", subject: name, message };
}

/** A sample, or why there is none. */
async function sampleFor(model: OpenModel, dataset: Dataset | null): Promise<Sample | InputError> {
  try {
    return dataset ? await firstReadable(dataset, 0, dataset.length) : madeSample(model);
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}

/** The feeds as a file takes them whose inputs are int8. */
function codesOf(feeds: TensorMap, { ends = [] }: Artifact): TensorMap {
  const inputs = new Map(ends.flatMap((end) => (end.kind === "input" ? [[end.name, end]] : [])));
  return new Map(
    [...feeds].map(([name, tensor]) => {
      const end = inputs.get(name);
      if (!end || !(tensor.data instanceof Float32Array)) return [name, tensor];
      return [name, { type: "int8", dims: tensor.dims, data: quantize(tensor.data, end, "int8") }];
    }),
  );
}

function madeSample({ reference, inputs, held }: OpenModel): Sample {
  const feeds = new Map<string, Tensor>();
  const values = new Map(held.map(({ port, value }) => [port.name, value]));
  const ports = withShapes(inputPorts(reference), inputs.shapes);
  for (const { name, dims, unshaped } of ports) {
    if (unshaped && !values.has(name)) throw new InputError(`the model does not say what shape its input ${name} has.`);
    const elements = elementCount(dims.map((dim) => (typeof dim === "number" ? dim : 1)));
    if (elements > MOST_ELEMENTS) throw new InputError(`its input ${name} has ${elements} values.`);
  }
  const given = ports.filter((port) => values.has(port.name) || !hasMeaning(port));
  const filled = ports.filter((port) => !given.includes(port) && fillingOf(port, given) !== null);
  for (const port of ports.filter((each) => !filled.includes(each))) {
    const value = values.get(port.name) ?? (port.type.startsWith("float") ? 1 : 0);
    feeds.set(port.name, heldTensor({ port, value }));
  }
  for (const port of filled) feeds.set(port.name, filledTensor(port, given, feeds));
  return { source: "inputs made of its shapes", feeds };
}

/** Loads a model and runs it, or with no feeds loads it alone. Throws InputError where `open` does. */
async function runOnce(open: () => Promise<Session>, feeds: TensorMap | null): Promise<Outcome> {
  let session: Session | null = null;
  try {
    session = await open();
    return { outputs: feeds ? await session.run(feeds) : NOTHING };
  } catch (error) {
    if (error instanceof InputError) throw error;
    return error instanceof WorkerDied ? { death: error.message } : { reason: reasonOf(error) };
  } finally {
    await session?.dispose();
  }
}

/** A runtime may die of something else: what it is said to die of, it dies of twice. */
async function surely(attempt: () => Promise<Outcome>): Promise<Outcome> {
  const outcome = await attempt();
  return "death" in outcome ? attempt() : outcome;
}

function nonFinite(outputs: TensorMap): string[] {
  return [...outputs].filter(([, tensor]) => !holdsFinite(tensor)).map(([name]) => name);
}

function holdsFinite({ type, data }: Tensor): boolean {
  if (data instanceof Float32Array || data instanceof Float64Array) return isAllFinite(data);
  return type !== "float16" || (data as Uint16Array).every((bits) => (bits & 0x7c00) !== 0x7c00);
}

import { heldTensor } from "../data/constant.ts";
import { filledTensor, fillingOf, hasMeaning } from "../data/meanings.ts";
import type { Dataset, Sample } from "../model/dataset.ts";
import { InputError, type Notice } from "../model/job.ts";
import { type Runtime, type Session, WorkerDied } from "../model/runtime.ts";
import type { Tensor, TensorMap } from "../model/tensor.ts";
import { isAllFinite } from "../numerics/finite.ts";
import { inputPorts } from "../onnx/ports.ts";
import { elementCount } from "../values/dims.ts";
import type { Artifact } from "./artifact.ts";
import { withShapes } from "./inputs.ts";
import { type OpenModel, runnable } from "./open.ts";
import { firstReadable } from "./samples.ts";
import { loadSession, reasonOf } from "./session.ts";
import { writtenFile } from "./verify.ts";

/** A larger input is not made up: it would take more memory than a check is worth. */
const MOST_ELEMENTS = 2 ** 24;

/** What one run came to: its outputs, or why there are none. */
type Outcome = { readonly outputs: TensorMap } | { readonly reason: string };

/**
 * Runs what is written of a model once (verify.ts says as what), on the first sample that can be read or else on inputs made of the shapes and the held
 * values, and gives what there is to say of it: that it could not be tried, or that outputs are not finite where the float
 * model's are. Throws InputError when it does not load, or does not run on what the float model runs on.
 */
export async function firstRun(
  model: OpenModel,
  artifact: Artifact,
  dataset: Dataset | null,
  runtime: Runtime,
): Promise<Notice[]> {
  const fileName = artifact.name;
  const sample = await sampleFor(model, dataset);
  const session = await loadSession(runtime, writtenFile(artifact), { threads: 1 }, `"${fileName}"`);
  if (sample instanceof InputError) {
    await session.dispose();
    return [notRun(fileName, sample.message)];
  }
  const written = await runOnce(async () => session, sample.feeds);
  if ("outputs" in written && nonFinite(written.outputs).length === 0) return [];
  const float = await runOnce(() => runtime.createSession(runnable(model.reference), { threads: 1 }), sample.feeds);
  if ("reason" in float) {
    return [notRun(fileName, `the float model does not run on ${sample.source} either (${float.reason}).`)];
  }
  if ("reason" in written) {
    throw new InputError(
      `"${fileName}" loads but does not run on ${sample.source}, which the float model runs on, so nothing was written; leave the layer that ONNX Runtime names in float in the recipe: ${written.reason}`,
    );
  }
  const before = new Set(nonFinite(float.outputs));
  return nonFinite(written.outputs)
    .filter((name) => !before.has(name))
    .map((name) => ({
      kind: "warning",
      subject: name,
      message: `The output ${name} of "${fileName}" holds NaN or infinite values on ${sample.source}, where the float model's does not; leave the layers before it in float in the recipe.`,
    }));
}

function notRun(fileName: string, why: string): Notice {
  const message = `"${fileName}" was loaded but not run here: ${why} Run it on a sample of yours before you rely on it.`;
  return { kind: "warning", subject: fileName, message };
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

function madeSample({ reference, inputs, held }: OpenModel): Sample {
  const feeds = new Map<string, Tensor>();
  const values = new Map(held.map(({ port, value }) => [port.name, value]));
  const ports = withShapes(inputPorts(reference), inputs.shapes);
  for (const { name, dims } of ports) {
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

async function runOnce(open: () => Promise<Session>, feeds: TensorMap): Promise<Outcome> {
  let session: Session | null = null;
  try {
    session = await open();
    return { outputs: await session.run(feeds) };
  } catch (error) {
    if (error instanceof WorkerDied) throw error;
    return { reason: reasonOf(error) };
  } finally {
    await session?.dispose();
  }
}

function nonFinite(outputs: TensorMap): string[] {
  return [...outputs].filter(([, tensor]) => !holdsFinite(tensor)).map(([name]) => name);
}

function holdsFinite({ type, data }: Tensor): boolean {
  if (data instanceof Float32Array || data instanceof Float64Array) return isAllFinite(data);
  return type !== "float16" || (data as Uint16Array).every((bits) => (bits & 0x7c00) !== 0x7c00);
}

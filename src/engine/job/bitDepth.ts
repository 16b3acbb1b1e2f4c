import { exposeOutputs } from "../graph/shapes.ts";
import type { Dataset } from "../model/dataset.ts";
import { InputError } from "../model/job.ts";
import type { Runtime } from "../model/runtime.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import type { OpenModel } from "./open.ts";
import { loadSession } from "./session.ts";

export { bitDepth, liveliest } from "../numerics/bitDepth.ts";
export { tone } from "../numerics/tone.ts";

/**
 * The first `count` values of a float32 activation on one sample, in row-major order, measured by running the float model.
 * Throws InputError when the model has no such activation, or the sample cannot be read or run.
 */
export async function activationValues(
  model: OpenModel,
  tensor: string,
  dataset: Dataset,
  sample: number,
  count: number,
  runtime: Runtime,
): Promise<Float32Array> {
  if (model.types.get(tensor) !== "float32") {
    throw new InputError(`${tensor} is no float32 activation of ${model.fileName}; choose another tensor.`);
  }
  if (!(sample >= 0 && sample < dataset.length)) {
    throw new InputError(`There is no sample ${sample}: the data has ${dataset.length}, counted from 0.`);
  }
  const { feeds } = await dataset.get(sample);
  const fed = feeds.get(tensor);
  if (fed) return (fed.data as Float32Array).slice(0, count);
  const file = toModelFile(exposeOutputs(model.observed, [tensor]));
  const session = await loadSession(runtime, file, { threads: 1 }, `"${model.fileName}"`);
  try {
    const made = (await session.run(feeds, [tensor])).get(tensor);
    if (!made) throw new Error(`ONNX Runtime did not give ${tensor}.`);
    return (made.data as Float32Array).slice(0, count);
  } finally {
    await session.dispose();
  }
}

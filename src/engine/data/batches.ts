import { InputError, type Notice } from "../model/job.ts";
import type { Port, Tensor } from "../model/tensor.ts";
import { dimsText } from "../values/dims.ts";
import type { TensorData } from "../values/elementTypes.ts";
import { plural } from "../values/figures.ts";
import { arrangements, type SampleFile } from "./arrange.ts";
import type { Given } from "./given.ts";

/** How many samples make one of a model whose batch is fixed: 1 where the data has the batch already, and where it fits neither way. */
export async function rowsOf(given: Given): Promise<number> {
  const [rows] = given.port.dims;
  if (typeof rows !== "number" || rows < 2 || given.port.dims.length < 2) return 1;
  if (given.images.length > 0) return rows;
  const whole = await filesOf(given, given.port);
  if (whole) return whole.some(({ holds }) => holds === "pictures") ? rows : 1;
  return (await filesOf(given, single(given.port))) ? rows : 1;
}

/** The input as one row of its batch takes it. */
export function single(port: Port): Port {
  return { ...port, dims: [1, ...port.dims.slice(1)] };
}

/** Null where they do not fit; of JSON lines the first says so. */
async function filesOf({ type, loose, named }: Given, port: Port): Promise<readonly SampleFile[] | null> {
  try {
    const files = loose.map((array) => arrangements(array, port, type)[0]);
    for (const [file, name] of named) {
      const [samples] = await file.samples(name, port, type);
      if (file.kind === "jsonl") await samples.read(0);
      files.push(samples);
    }
    return files;
  } catch (error) {
    if (error instanceof InputError) return null;
    throw error;
  }
}

/** Says how samples are put together, and how many at the end are too few. */
export function batchNotice({ name }: Port, rows: number, total: number): Notice {
  const rest = total % rows;
  const left = rest === 0 ? "" : `; the last ${rest} of them ${rest === 1 ? "is" : "are"} left out`;
  const message = `The input ${name} takes ${rows} samples at a time, so ${plural(total, "sample")} make ${Math.floor(total / rows)}${left}.`;
  return { kind: "warning", subject: name, message };
}

/** Tensors joined along the first dimension; one as it is. Throws InputError where their shapes differ otherwise. */
export function joinTensors(tensors: readonly Tensor[], source: string): Tensor {
  const [first] = tensors as readonly [Tensor];
  if (tensors.length === 1) return first;
  const { type, dims } = first;
  const other = tensors.find((tensor) => tensor.dims.slice(1).join() !== dims.slice(1).join());
  if (other) {
    throw new InputError(
      `${source} cannot run together: one is ${dimsText(dims)}, and another ${dimsText(other.dims)}; give samples of one shape.`,
    );
  }
  const length = tensors.reduce((sum, { data }) => sum + data.length, 0);
  const data = new (first.data.constructor as new (length: number) => TensorData)(length);
  let at = 0;
  for (const tensor of tensors) {
    data.set(tensor.data as never, at);
    at += tensor.data.length;
  }
  return { type, dims: [tensors.reduce((sum, tensor) => sum + tensor.dims[0]!, 0), ...dims.slice(1)], data };
}

import { symbolsOf } from "../data/meanings.ts";
import type { TensorMap } from "../model/tensor.ts";
import { inputPorts } from "../onnx/ports.ts";
import { elementCount } from "../values/dims.ts";
import { type Artifact, artifactBytes } from "./artifact.ts";
import type { OpenModel } from "./open.ts";

/** A session holds the weights as they are given and as its kernels want them. */
const COPIES = 2;
const ELEMENT_BYTES = 4;

/**
 * What running a model that was made of another takes at least, in bytes: its weights, and what the layer that reads and makes
 * most does on a sample. Dimensions that neither the file nor the sample tells count as 1.
 */
export function sessionBytes({ observed, original, shapes }: OpenModel, artifact: Artifact, feeds: TensorMap): number {
  const fed = inputPorts(original).filter(({ name }) => feeds.has(name));
  const symbols = symbolsOf(fed, ({ name }) => feeds.get(name)!.dims);
  const bytesOf = (name: string) => {
    const dims = feeds.get(name)?.dims ?? shapes.get(name);
    if (!dims) return 0;
    const sizes = dims.map((dim) => (typeof dim === "number" ? dim : (dim !== null && symbols.get(dim)) || 1));
    return ELEMENT_BYTES * elementCount(sizes);
  };
  const layers = (observed.graph?.node ?? []).map(({ input, output }) =>
    [...new Set([...input, ...output])].reduce((sum, name) => sum + bytesOf(name), 0),
  );
  return COPIES * artifactBytes(artifact) + layers.reduce((most, bytes) => Math.max(most, bytes), 0);
}

/** What running the float model takes at least, in bytes: its weights. */
export function floatSessionBytes({ bytes }: OpenModel): number {
  return COPIES * bytes;
}

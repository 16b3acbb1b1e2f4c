import { StoredBytes, type StoredFile } from "../model/deferred.ts";
import { isAllFinite } from "../numerics/finite.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { dataTypeOf } from "../onnx/tensor.ts";
import { deferredOf } from "../onnx/tensorBytes.ts";
import { rememberFinite } from "../plan/weightUse.ts";

/**
 * Looks whether the large float32 weights of a model in a file are finite while the file is read for another reason: what it gives is shown the
 * file from its beginning to its end.
 */
export function finiteWatcher({ graph }: ModelProto, file: StoredFile): (bytes: Uint8Array, at: number) => void {
  const weights = (graph?.initializer ?? [])
    .flatMap((tensor) => {
      const stored = deferredOf(tensor);
      const isWeight =
        stored instanceof StoredBytes && stored.file === file && dataTypeOf(tensor.dataType) === "float32";
      return isWeight && stored.from % 4 === 0 ? [stored] : [];
    })
    .sort((a, b) => a.from - b.from);
  const broken = new Set<StoredBytes>();
  let first = 0;
  return (bytes, at) => {
    const end = at + bytes.length;
    for (let each = first; each < weights.length; each++) {
      const weight = weights[each] as StoredBytes;
      if (weight.from >= end) break;
      const to = weight.from + weight.byteLength;
      const part = bytes.subarray(Math.max(0, weight.from - at), to - at);
      const values = new Float32Array(part.buffer, part.byteOffset, part.length >> 2);
      if (!broken.has(weight) && !isAllFinite(values)) broken.add(weight);
      if (to > end) continue;
      rememberFinite(weight, !broken.has(weight));
      if (each === first) first++;
    }
  };
}

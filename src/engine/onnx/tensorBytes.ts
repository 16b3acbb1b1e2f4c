import type { Deferred } from "../model/deferred.ts";
import { withFields } from "./messages.ts";
import type { TensorProto } from "./proto/onnx_pb.ts";

/** Where a tensor has bytes that are not in memory; fields are copied with it, and what has `rawData` has those. */
const DEFERRED = Symbol("deferred");

type Held = TensorProto & { readonly [DEFERRED]?: Deferred };

const NOTHING = new Uint8Array();

/** The tensor with bytes in place of its own that are read when they are asked for. */
export function withDeferred(tensor: TensorProto, bytes: Deferred): TensorProto {
  const empty: Partial<TensorProto> = { rawData: NOTHING, externalData: [], dataLocation: undefined };
  return Object.assign(withFields(tensor, empty), { [DEFERRED]: bytes });
}

/** The tensor without bytes. */
export function withoutBytes(tensor: TensorProto): TensorProto {
  const copy = withFields<Held>(tensor, { rawData: undefined });
  Reflect.deleteProperty(copy, DEFERRED);
  return copy;
}

/** What gives a tensor's bytes where they are not in memory. */
export function deferredOf(tensor: TensorProto): Deferred | null {
  return tensor.rawData.byteLength > 0 ? null : ((tensor as Held)[DEFERRED] ?? null);
}

/** A tensor's raw bytes, read where they are not in memory. */
export function rawBytes(tensor: TensorProto): Uint8Array {
  return deferredOf(tensor)?.read() ?? tensor.rawData;
}

/** How many they are. */
export function rawLength(tensor: TensorProto): number {
  return deferredOf(tensor)?.byteLength ?? tensor.rawData.byteLength;
}

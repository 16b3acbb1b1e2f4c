import { InputError } from "../model/job.ts";
import { withFields } from "../onnx/messages.ts";
import {
  TensorProto_DataType as Code,
  TensorProto_DataLocation as Location,
  type TensorProto,
} from "../onnx/proto/onnx_pb.ts";
import { dimsOf, tensorOf } from "../onnx/tensor.ts";
import { rawBytes } from "../onnx/tensorBytes.ts";
import { elementCount } from "../values/dims.ts";
import { widenBfloat, widenHalf } from "../values/halfFloats.ts";

/** What float32 cannot hold of a float64 tensor, in numbers of values. */
export interface Losses {
  /** Finite, and infinite in float32. */
  readonly overflowed: number;
  /** Not 0, and 0 in float32. */
  readonly vanished: number;
  /** Integers above 2^24 that become other ones. */
  readonly integers: number;
}

export interface RaisedTensor {
  readonly tensor: TensorProto;
  readonly losses: Losses;
}

const NO_LOSSES: Losses = { overflowed: 0, vanished: 0, integers: 0 };

/** The float model that is judged by and the one that is quantized share their weights. */
const raised = new WeakMap<TensorProto, RaisedTensor>();

/**
 * A float16, bfloat16 or float64 tensor in float32: the same values but for those of float64 that are rounded.
 * @throws InputError as `tensorOf` does.
 */
export function raisedTensor(proto: TensorProto): RaisedTensor {
  const known = raised.get(proto);
  if (known) return known;
  const { values, losses } =
    proto.dataType === Code.DOUBLE ? fromDoubles(proto) : { values: fromBits(proto), losses: NO_LOSSES };
  const result = {
    tensor: withFields(proto, {
      dataType: Code.FLOAT,
      rawData: new Uint8Array(values.buffer),
      int32Data: [],
      doubleData: [],
    }),
    losses,
  };
  raised.set(proto, result);
  return result;
}

function fromDoubles(proto: TensorProto): { readonly values: Float32Array<ArrayBuffer>; readonly losses: Losses } {
  const doubles = tensorOf(proto).data as Float64Array;
  const values = new Float32Array(doubles.length);
  let [overflowed, vanished, integers] = [0, 0, 0];
  for (const [i, value] of doubles.entries()) {
    values[i] = value;
    const held = values[i]!;
    if (Number.isFinite(value) && !Number.isFinite(held)) overflowed++;
    else if (value !== 0 && held === 0) vanished++;
    else if (held !== value && Number.isInteger(value)) integers++;
  }
  return { values, losses: { overflowed, vanished, integers } };
}

/** bfloat16 is no `DataType`, so its bits are read here as float16's are. */
function fromBits(proto: TensorProto): Float32Array<ArrayBuffer> {
  const widen = proto.dataType === Code.FLOAT16 ? widenHalf : widenBfloat;
  const dims = dimsOf(proto);
  const { int32Data, dataLocation, name } = proto;
  const rawData = rawBytes(proto);
  if (dataLocation === Location.EXTERNAL) {
    throw new InputError(`Tensor "${name}" is kept in an external file; add that file beside the model.`);
  }
  const count = rawData.byteLength > 0 ? rawData.byteLength / 2 : int32Data.length;
  if (count !== elementCount(dims)) {
    throw new InputError(`Tensor "${name}" does not hold the elements its shape [${dims.join(", ")}] asks for.`);
  }
  const values = new Float32Array(count);
  const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
  const isRaw = rawData.byteLength > 0;
  for (let i = 0; i < count; i++) values[i] = widen(isRaw ? view.getUint16(2 * i, true) : (int32Data[i] as number));
  return values;
}

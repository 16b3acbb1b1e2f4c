import { intOf } from "../onnx/attributes.ts";
import type { NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import type { Target } from "../targets/target.ts";
import type { RunTimeKernel } from "./dynamic.ts";

/** A weight that may be kept in int8, and which input it is. */
interface Kept {
  readonly input: number;
  readonly tensor: TensorProto;
}

/** With fewer cells DynamicQuantizeLSTM is no faster than LSTM in float, which is nearer to the float model (docs/formats.md). */
const LEAST_CELLS = 128;

/**
 * How a recurrent layer is computed where scales of activations are found at run time; of its weights `kept` may be stored. An LSTM has an operator
 * that finds them itself, where both its weights are constants. Cells of one that has too few are told.
 */
export function recurrentKernel(
  node: NodeProto,
  kept: readonly Kept[],
  { multipliesAtRunTime, ownDomain }: Target,
): { readonly runTime: RunTimeKernel; readonly cells?: number } {
  const isLstm = node.opType === "LSTM" && multipliesAtRunTime.has("LSTM") && ownDomain !== null;
  if (!isLstm || kept.length !== 2 || intOf(node, "layout")) return { runTime: "stored" };
  const cells = Number(kept.find(({ input }) => input === 2)?.tensor.dims[2] ?? 0);
  return cells < LEAST_CELLS ? { runTime: "stored", cells } : { runTime: "integer" };
}

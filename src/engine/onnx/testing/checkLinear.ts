import { elementCount } from "../../values/dims.ts";
import { intOf } from "../attributes.ts";
import type { NodeProto, TensorProto } from "../proto/onnx_pb.ts";
import { dimsOf, tensorOf } from "../tensor.ts";
import { type Check, type Scope, typeName } from "./checking.ts";

/**
 * What ONNX says of QuantizeLinear and DequantizeLinear in words, as far as constants show it: a positive scale for the
 * tensor, for each index of an axis, or for each block along one; a zero point of the same shape, of the type of the
 * codes, and 0 beside int32. ONNX Runtime's own operators of these names keep the same rules.
 */
export function checkLinear(node: NodeProto, owner: string, scope: Scope, { fault: report }: Check): void {
  const fault = (what: string) => report(`${owner} ${what}`);
  const [values = "", scaleName = "", zeroName = ""] = node.input;
  const scale = scope.get(scaleName)?.tensor;
  const zero = zeroName === "" ? undefined : scope.get(zeroName)?.tensor;
  const codes = scope.get(values);
  if (node.opType === "DequantizeLinear" && zero && codes?.type && codes.type !== typeName(zero.dataType)) {
    fault(`reads codes of ${codes.type} with a zero point of ${typeName(zero.dataType)}`);
  }
  if (zero && codes?.type === "int32" && zero.rawData.some((byte) => byte !== 0)) {
    fault("has a zero point other than 0 for int32");
  }
  if (!scale) return;
  if (zero && scale.dims.join() !== zero.dims.join()) {
    fault(`has a scale of shape [${scale.dims.join(", ")}] and a zero point of [${zero.dims.join(", ")}]`);
  }
  if (typeName(scale.dataType) === "float" && !positive(scale)) fault("has a scale that is not positive and finite");
  checkScaleShape(node, dimsOf(scale), codes?.tensor ? dimsOf(codes.tensor) : null, fault);
}

function positive(scale: TensorProto): boolean {
  const isWhole = scale.rawData.length === 4 * elementCount(dimsOf(scale));
  return !isWhole || (tensorOf(scale).data as Float32Array).every((value) => value > 0 && value < Infinity);
}

function checkScaleShape(
  node: NodeProto,
  scale: readonly number[],
  dims: readonly number[] | null,
  fault: (what: string) => void,
): void {
  const block = intOf(node, "block_size") ?? 0;
  if (block < 0) {
    fault(`has a block size of ${block}`);
    return;
  }
  const axis = intOf(node, "axis") ?? 1;
  const isOne = scale.length === 0 || (scale.length === 1 && scale[0] === 1);
  if (block === 0 && isOne) return;
  if (block === 0 && scale.length > 1) {
    fault(`has a scale of ${scale.length} dimensions and no block size`);
    return;
  }
  if (!dims) return;
  if (axis < -dims.length || axis >= dims.length) {
    fault(`has the axis ${axis} for a tensor of ${dims.length} dimensions`);
    return;
  }
  const along = axis < 0 ? axis + dims.length : axis;
  const wanted = block === 0 ? [dims[along]] : dims.map((dim, i) => (i === along ? Math.ceil(dim / block) : dim));
  if (scale.join() !== wanted.join()) {
    fault(`has a scale of shape [${scale.join(", ")}]; [${dims.join(", ")}] takes [${wanted.join(", ")}] there`);
  }
}

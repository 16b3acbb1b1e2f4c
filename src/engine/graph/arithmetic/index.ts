import { own } from "../../model/record.ts";
import { isDefaultDomain } from "../../onnx/opset.ts";
import type { NodeProto } from "../../onnx/proto/onnx_pb.ts";
import { MEAN, POW, RECIPROCAL, SUM } from "./elementwise.ts";
import type { Arithmetic } from "./floats.ts";
import { BATCH_NORMALIZATION, INSTANCE_NORMALIZATION } from "./normalizations.ts";
import { EINSUM, GEMM, MAT_MUL } from "./products.ts";
import { REDUCTIONS } from "./reductions.ts";

/**
 * Operators whose result depends on the runtime, for the order in which it adds, computed by ourselves instead: in float64, by
 * additions, multiplications, divisions and roots alone, and rounded once to the type of the first input. IEEE 754 says what
 * these come to, so that every engine gives the same bits. Exp, Log and the like it leaves open, and engines differ: what needs
 * them (Softmax, Sigmoid, powers of any exponent) is not among these.
 */
const OPERATORS: Readonly<Record<string, Arithmetic>> = {
  ...REDUCTIONS,
  MatMul: MAT_MUL,
  Gemm: GEMM,
  Einsum: EINSUM,
  Pow: POW,
  Reciprocal: RECIPROCAL,
  Sum: SUM,
  Mean: MEAN,
  InstanceNormalization: INSTANCE_NORMALIZATION,
  BatchNormalization: BATCH_NORMALIZATION,
};

/** How the first output of a node is computed by ourselves; undefined where it is not. */
export function arithmeticOf({ opType, domain }: NodeProto): Arithmetic | undefined {
  return isDefaultDomain(domain) ? own(OPERATORS, opType) : undefined;
}

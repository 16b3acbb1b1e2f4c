import type { Reason } from "../model/reason.ts";
import type { NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { BFLOAT_PORTS, BFLOAT_SINCE } from "../targets/bfloats.ts";
import { FLOAT_ONLY, FLOAT_PORTS, FLOAT_WITH, type FloatPorts } from "../targets/halves.ts";
import { holdsOverflow, lossesOf, vanishes } from "./halfLosses.ts";

/** A float of 16 bits that layers compute in, and what it is not for. */
export interface ShortFloat {
  readonly type: "float16" | "bfloat16";
  /** Inputs and outputs of operators that are float32 all the same. */
  readonly ports: ReadonlyMap<string, FloatPorts>;
  /** Why a layer cannot be in it, whatever it holds; null where it can. */
  readonly lacks: (node: NodeProto) => Reason | null;
  /** Whether a constant holds values that are infinite in it, or of which it leaves nothing. */
  readonly isTooLarge: (tensor: TensorProto) => boolean;
  readonly isTooSmall: (tensor: TensorProto) => boolean;
}

export const FLOAT16: ShortFloat = {
  type: "float16",
  ports: FLOAT_PORTS,
  lacks: ({ opType: operator, attribute }) => {
    const lacking = FLOAT_WITH.get(operator);
    const isLacking = lacking !== undefined && attribute.some(({ name }) => name === lacking);
    return isLacking || FLOAT_ONLY.has(operator) ? { code: "no-half", operator } : null;
  },
  isTooLarge: (tensor) => lossesOf(tensor).infinite > 0,
  isTooSmall: vanishes,
};

/** bfloat16 as ONNX has it at an opset. Its exponents are those of float32, so that next to nothing is too large or too small. */
export function bfloat16At(opset: number): ShortFloat {
  return {
    type: "bfloat16",
    ports: BFLOAT_PORTS,
    lacks: ({ opType: operator }) => {
      const since = BFLOAT_SINCE.get(operator);
      if (since === undefined) return { code: "no-bfloat", operator };
      return since > opset ? { code: "no-bfloat", operator, since } : null;
    },
    isTooLarge: holdsOverflow,
    isTooSmall: () => false,
  };
}

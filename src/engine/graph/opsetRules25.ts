import { InputError } from "../model/job.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import type { Conversion } from "./opsetRules.ts";
import { CONVERSIONS_21, UNCHANGED_21 } from "./opsetRules21.ts";

/** What ONNX Runtime 1.30 has no kernel for from opset 22 on, on processors, natively and in WASM. */
const WITHOUT_KERNEL = [
  ...["Bernoulli", "GlobalLpPool", "MaxRoiPool", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform"],
  ...["RandomUniformLike", "RoiAlign"],
];

/**
 * Operators that mean the same in opset 25 as in every opset from 21 on that has them: compared by their schemas in ONNX
 * 1.23, where later versions only add types, or attributes whose default is the old behaviour.
 */
export const UNCHANGED_25: ReadonlySet<string> = new Set(
  [
    ...UNCHANGED_21,
    ...Object.keys(CONVERSIONS_21),
    ..."Attention RMSNormalization RotaryEmbedding TensorScatter GroupNormalization DFT".split(" "),
  ].filter((operator) => !WITHOUT_KERNEL.includes(operator)),
);

/** Operators that are there in opset 25 and could not be run. */
export const CONVERSIONS_25: Readonly<Record<string, (conversion: Conversion) => readonly NodeProto[]>> =
  Object.fromEntries(WITHOUT_KERNEL.map((operator) => [operator, refuse]));

function refuse({ node }: Conversion): never {
  throw new InputError(
    `ONNX Runtime 1.30 has no kernel for ${node.opType} of opset 22 or newer, and weights in 2 bits take opset 25; choose weights in 4 bits.`,
  );
}

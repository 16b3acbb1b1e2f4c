/** Positions among inputs, and among outputs. */
export interface FloatPorts {
  readonly inputs?: readonly number[];
  readonly outputs?: readonly number[];
}

const words = (text: string) => text.split(" ");

/**
 * Operators that stay in float32 where all else is in float16: they take none in ONNX, or say themselves what they make
 * (https://onnx.ai/onnx/operators), or ONNX Runtime 1.30 runs them so in no way, as the single-operator tests of ONNX show.
 */
export const FLOAT_ONLY: ReadonlySet<string> = new Set([
  ...words("Celu CumSum DequantizeLinear DynamicQuantizeLinear IsInf NonMaxSuppression QLinearConv QLinearMatMul"),
  ...words("QuantizeLinear Range TfIdfVectorizer BitCast CastLike SequenceMap"),
  ...words("Bernoulli EyeLike Multinomial RandomNormal RandomNormalLike RandomUniform RandomUniformLike"),
  ...words("BlackmanWindow HammingWindow HannWindow MelWeightMatrix MeanVarianceNormalization"),
]);

/** Operators that do with an attribute. */
export const FLOAT_WITH: ReadonlyMap<string, string> = new Map([
  ["ScatterElements", "reduction"],
  ["ScatterND", "reduction"],
]);

/** Inputs and outputs of others that are float32 all the same. */
export const FLOAT_PORTS: ReadonlyMap<string, FloatPorts> = new Map([
  ["LayerNormalization", { outputs: [1, 2] }],
  ["Resize", { inputs: [2] }],
]);

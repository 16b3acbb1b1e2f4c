/**
 * What quantizing does with each operator of the default ONNX domain. Operators not listed stay in float.
 * - weighted: an 8-bit kernel that multiplies and adds; its constant second input is a weight. `fused` kernels also
 *   round their result, so its parameters are needed even where only float layers read it.
 * - compute: makes new values, so its output has parameters of its own. `operands`: every input is an operand, constants
 *   too. `fixed`: the range its output cannot leave.
 * - activation: clamps its input; dropped where the quantized range already implies it.
 * - move: only moves or selects values of its first input, so its outputs share that input's parameters.
 */
export type OperatorRule =
  | { readonly kind: "weighted"; readonly fused: boolean }
  | {
      readonly kind: "compute";
      readonly operands: "all" | "first";
      readonly fixed?: { readonly low: number; readonly high: number };
    }
  | { readonly kind: "activation" }
  | { readonly kind: "move" };

const elementwise: OperatorRule = { kind: "compute", operands: "all" };
const move: OperatorRule = { kind: "move" };

/** The rule of an operator that computes new values from its first input; the others are its settings. */
export const COMPUTE: OperatorRule = { kind: "compute", operands: "first" };

export const OPERATOR_RULES: ReadonlyMap<string, OperatorRule> = new Map<string, OperatorRule>([
  ["Conv", { kind: "weighted", fused: true }],
  ["ConvTranspose", { kind: "weighted", fused: true }],
  ["Gemm", { kind: "weighted", fused: false }],
  ["MatMul", { kind: "weighted", fused: false }],
  ["Add", elementwise],
  ["Mul", elementwise],
  ["Concat", elementwise],
  ["AveragePool", COMPUTE],
  ["GlobalAveragePool", COMPUTE],
  ["LeakyRelu", COMPUTE],
  ["Sigmoid", COMPUTE],
  ["Softmax", { kind: "compute", operands: "first", fixed: { low: 0, high: 1 } }],
  ["Relu", { kind: "activation" }],
  ["Clip", { kind: "activation" }],
  ["Reshape", move],
  ["Flatten", move],
  ["Squeeze", move],
  ["Unsqueeze", move],
  ["Transpose", move],
  ["MaxPool", move],
  ["Slice", move],
  ["Split", move],
  ["Gather", move],
  ["DepthToSpace", move],
  ["SpaceToDepth", move],
  ["Expand", move],
  ["Tile", move],
  ["Resize", move],
  ["Pad", move],
]);

/** Why an operator without a rule stays in float, where there is more to say than that it has no 8-bit kernel. */
export const FLOAT_REASONS: ReadonlyMap<string, string> = new Map([
  ["LSTM", "a recurrent state gathers error step by step, and ONNX Runtime has no static 8-bit LSTM"],
  ["GRU", "a recurrent state gathers error step by step, and ONNX Runtime has no static 8-bit GRU"],
  ["RNN", "a recurrent state gathers error step by step, and ONNX Runtime has no static 8-bit RNN"],
  ["LayerNormalization", "normalising needs more than 8 bits of its input's square"],
  ["InstanceNormalization", "normalising needs more than 8 bits of its input's square"],
  ["BatchNormalization", "it could not be folded into a layer before it"],
  ["If", "it holds a graph of its own, which runs in float"],
  ["Loop", "it holds a graph of its own, which runs in float"],
  ["Scan", "it holds a graph of its own, which runs in float"],
]);

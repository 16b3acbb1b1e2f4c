import type { KernelCosts } from "./target.ts";

const kernel = (float: number, integer: number | null) => ({ float, integer });

/**
 * What kernels of ONNX Runtime 1.30 take on one core of a processor with VNNI, in nanoseconds: docs/elementwise.md says how it
 * was measured. Pools are those between convolutions in integers, which the runtime lays out with channels innermost.
 */
export const ORT_COSTS: KernelCosts = {
  kernels: new Map([
    ["Add", kernel(0.25, 0.11)],
    ["Mul", kernel(0.25, 0.21)],
    ["Concat", kernel(0.3, 0.04)],
    ["AveragePool", kernel(0.6, 0.6)],
    ["GlobalAveragePool", kernel(0.15, 0.03)],
    ["LeakyRelu", kernel(0.16, 0.18)],
    ["Sigmoid", kernel(0.26, 0.19)],
    ["Softmax", kernel(0.47, 1.9)],
    ["MatMul", kernel(0.77, 0.96)],
    ["Where", kernel(0.25, 0.21)],
    ["Resize", kernel(5.8, null)],
  ]),
  others: kernel(0.25, null),
  moves: kernel(0.16, 0.04),
  quantize: 0.17,
  dequantize: 0.09,
  layer: 2000,
};

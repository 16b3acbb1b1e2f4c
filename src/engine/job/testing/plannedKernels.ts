import type { Recipe } from "../../model/recipe.ts";
import type { ModelProto } from "../../onnx/proto/onnx_pb.ts";
import { floatKernels } from "../../plan/kernels.ts";
import type { OpenModel } from "../open.ts";
import { quantizeModel } from "../quantize.ts";

/** What ONNX Runtime makes of a layer in integers, by operator. */
const KERNELS: Readonly<Record<string, RegExp>> = {
  Conv: /^QLinearConv$/,
  Gemm: /^QGemm$/,
  MatMul: /^(QLinearMatMul|MatMulIntegerToFloat|QGemm)$/,
  Add: /^QLinearAdd$/,
  Mul: /^QLinearMul$/,
  Concat: /^QLinearConcat$/,
  AveragePool: /^QLinearAveragePool$/,
  GlobalAveragePool: /^QLinearGlobalAveragePool$/,
  LeakyRelu: /^QLinearLeakyRelu$/,
  Sigmoid: /^QLinearSigmoid$/,
  Softmax: /^QLinearSoftmax$/,
  Where: /^QLinearWhere$/,
};

/** By operator, how many layers the plan calls integer, and how many integer kernels a runtime made of what is written. */
export async function plannedKernels(
  model: OpenModel,
  recipe: Recipe,
  operatorsOf: (written: ModelProto) => Promise<readonly string[]>,
) {
  const { plan, model: written } = quantizeModel(model, recipe);
  const inFloat = new Set(floatKernels(plan));
  const operators = await operatorsOf(written);
  const planned = new Map<string, number>();
  for (const { id, operator, reason, follower, descriptor } of plan.layers) {
    const computes = descriptor?.kind === "weighted" || descriptor?.kind === "compute";
    if (reason === null && !follower && computes && !inFloat.has(id)) {
      planned.set(operator, (planned.get(operator) ?? 0) + 1);
    }
  }
  return [...planned].map(([operator, count]) => {
    const kernel = KERNELS[operator];
    return { operator, planned: count, found: operators.filter((each) => kernel?.test(each)).length };
  });
}

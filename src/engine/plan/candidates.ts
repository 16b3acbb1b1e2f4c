import { takesRanges } from "../model/format.ts";
import type { Reason } from "../model/reason.ts";
import { type Recipe, storedTypeOf, weightTypeOf } from "../model/recipe.ts";
import { intOf } from "../onnx/attributes.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import type { NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { dimsOf } from "../onnx/tensor.ts";
import { operatorFor } from "../operators/index.ts";
import type { Operator } from "../operators/operator.ts";
import { layersInIntegers } from "../operators/quantizing.ts";
import { onWide, type Target } from "../targets/target.ts";
import { isAsymmetric, weightBits } from "../values/codes.ts";
import type { DataType } from "../values/elementTypes.ts";
import { askedWide, isAllWide } from "./askedWide.ts";
import { type Follower, followerOf } from "./followers.ts";
import { lookedUpTable, ownOperator } from "./ownOperator.ts";
import { givesProbabilities, probabilityTensors } from "./unseen.ts";
import { type WeightUse, weightUse } from "./weightUse.ts";
import { widerLayers } from "./widerLayers.ts";

/** The part of a recipe that decides what is quantized, and to how many bits; ranges and methods do not. */
export type PlanChoices = Pick<Recipe, "format" | "float" | "weights" | "elementwise" | "unjoined" | "spared"> &
  Partial<Pick<Recipe, "activations">> &
  Pick<Recipe, "wide" | "ends"> & { readonly inputs?: Pick<Recipe["inputs"], "state"> };

/** A node as it is on its own, before its neighbours are asked. */
export interface Candidate {
  readonly node: NodeProto;
  readonly descriptor: Operator | null;
  readonly weightUse: WeightUse | null;
  /** Set on an operator that works on its producer's result before that is quantized. */
  readonly follower: Follower | null;
  /** The activations that its 8-bit kernel reads; of a follower the residual that it adds. */
  readonly operands: readonly string[];
  /** Why it stays in float whatever its neighbours do; null when it need not. */
  readonly reason: Reason | null;
}

export interface Activations {
  /** Whether a tensor holds float32 values that depend on the input. */
  readonly has: (tensor: string) => boolean;
  /** Whether a tensor stays in float whoever makes and reads it, by choice or for what its scale would lose. */
  readonly isExcluded: (tensor: string) => boolean;
  /** What the scale of a tensor that is excluded would lose; undefined where the recipe chooses so. */
  readonly wouldLose: (tensor: string) => string | undefined;
  readonly typeOf: (tensor: string) => DataType | "other" | undefined;
  /** The number of its dimensions; undefined where it is not known. */
  readonly rankOf: (tensor: string) => number | undefined;
}

/** Every node of the graph, in its order. */
export function candidatesOf(
  index: GraphIndex,
  activations: Activations,
  ofOthers: Target,
  choices: PlanChoices,
): ReadonlyMap<NodeProto, Candidate> {
  const { weights } = choices;
  const inWide = askedWide(choices);
  const areAllWide = isAllWide(choices);
  const ofWide = onWide(ofOthers);
  const wider = widerLayers(index, ofOthers, choices);
  const probabilities = probabilityTensors(index);
  const candidates = new Map<NodeProto, Candidate>();
  const leads = (producer: NodeProto): boolean => {
    const found = candidates.get(producer);
    if (!found || found.reason !== null) return false;
    const { descriptor, follower } = found;
    if (descriptor?.kind === "weighted" || follower !== null) return true;
    const isWide = areAllWide || inWide.has(index.id(producer));
    const fixed = isWide ? ofOthers.fixedInWide : ofOthers.fixedOutputs;
    return descriptor?.kind === "compute" && !descriptor.fixed && !fixed.has(producer.opType);
  };
  const biasOf = (producer: NodeProto) => candidates.get(producer)?.weightUse?.bias ?? null;
  for (const node of index.graph.node) {
    const target = inWide.has(index.id(node)) ? ofWide : ofOthers;
    const descriptor = operatorFor(node, index, target.integerKernels);
    const use = descriptor?.kind === "weighted" ? weightUse(node, descriptor, index, target) : null;
    const unusable = use && "code" in use ? use : null;
    const table = lookedUpTable(node, index, choices);
    const weight = use && "code" in use ? null : (use ?? table);
    const type = weightTypeOf(weights, index.id(node));
    const isMultiplied = target.multiplies.includes(type) && takesRanges(choices);
    const blocked =
      blockedReason(node, descriptor, index, activations, target, choices) ??
      widerReason(wider.get(index.id(node))) ??
      unusable ??
      (weight && type === "nf4" && ownOperator(node, weight, index, choices) === null
        ? { code: "no-operator" as const, type }
        : null) ??
      (table ? zeroPointsReason(table, index, target, choices) : null) ??
      (weight && weightBits(type) === 2 ? columnsReason(node, weight, index, choices) : null) ??
      kernelReason(node, descriptor, weight, target, choices) ??
      (target.floats === "where it gains" ? probabilityReason(node, descriptor, probabilities) : null) ??
      (isMultiplied ? biasReason(node, weight, target) : null);
    const follower = blocked === null ? followerOf(node, index, target, leads, biasOf) : null;
    const operands = operandsOf(node, descriptor, weight, follower).filter(activations.has);
    const reason =
      blocked ??
      (follower || table || !descriptor
        ? null
        : (operandReason(descriptor, operands, activations) ??
          elementwiseReason(node, descriptor, weight, index, choices)));
    candidates.set(node, { node, descriptor, weightUse: weight, follower, operands, reason });
  }
  return candidates;
}

function widerReason(type: "float16" | "int8" | undefined): Reason | null {
  return type ? { code: "no-blocks", type } : null;
}

function blockedReason(
  node: NodeProto,
  descriptor: Operator | null,
  index: GraphIndex,
  activations: Activations,
  { hasPast, floats }: Target,
  { float, elementwise }: PlanChoices,
): Reason | null {
  const { opType: operator, domain } = node;
  if (!isDefaultDomain(domain)) return { code: "not-standard", domain, operator };
  if (!descriptor) return { code: "no-gain", operator };
  if (layersInIntegers(index).has(node)) return { code: "kept" };
  if (descriptor.kind === "float") return descriptor.reason;
  if (descriptor.isLate && elementwise === "join" && hasPast) return { code: "no-gain", operator };
  const type = activations.typeOf(node.output[0] ?? "");
  if (type !== "float32") return { code: "type", type: type ?? "unknown" };
  if (descriptor.kind === "activation" && !descriptor.clamp(node, index)) return { code: "bounds-at-run-time" };
  if (floats === "where it gains") {
    if (givesProbabilities(node, index)) return { code: "gives-probabilities" };
    if (sizesMatrices(node, index)) return { code: "sizes-matrices" };
  }
  const id = index.id(node);
  if (float.layers.includes(id) || storedTypeOf(float, id) !== null) return { code: "recipe-layer" };
  if (float.operators.includes(operator)) return { code: "recipe-operator", operator };
  return null;
}

/**
 * ONNX Runtime 1.30 makes a MatMulNBits of a DequantizeLinear and the product by its columns, and turns 2-bit codes around so that rows
 * which end within a byte come out wrong, natively and in WASM (emit/twoBits.test.ts).
 */
function columnsReason(node: NodeProto, use: WeightUse, index: GraphIndex, choices: PlanChoices): Reason | null {
  const dims = index.initializer(use.name)?.dims ?? [];
  const columns = Number(dims[1] ?? 0);
  const isFused = node.opType === "MatMul" || (node.opType === "Gemm" && !intOf(node, "transB"));
  if (!isFused || use.input !== 1 || dims.length !== 2 || columns % 4 === 0) return null;
  return ownOperator(node, use, index, choices) === null ? { code: "parts-of-bytes", columns } : null;
}

function zeroPointsReason(
  { name }: WeightUse,
  index: GraphIndex,
  { name: target, oddZeroPoints }: Target,
  { weights: { type, block } }: PlanChoices,
): Reason | null {
  if (oddZeroPoints || block === undefined || weightBits(type) !== 4 || !isAsymmetric(type)) return null;
  const blocks = Number(index.initializer(name)?.dims[1] ?? 0) / block;
  return blocks % 2 === 1 ? { code: "odd-zero-points", blocks, target } : null;
}

/** What a target that stores nothing it computes in float cannot compute otherwise. */
function kernelReason(
  { opType: operator }: NodeProto,
  descriptor: Operator | null,
  weight: WeightUse | null,
  { name, storesOthers, integerKernels, multipliesActivations }: Target,
  choices: PlanChoices,
): Reason | null {
  if (storesOthers || !takesRanges(choices)) return null;
  const isProduct = descriptor?.kind === "weighted" && weight === null;
  const has = integerKernels.has(operator) && (multipliesActivations || !isProduct);
  return has ? null : { code: "no-kernel", operator, target: name };
}

/** Whether a node multiplies what a MatMul makes by constants that differ where its weights share one scale: between matrices, or rows. */
function sizesMatrices({ opType, input }: NodeProto, index: GraphIndex): boolean {
  const factor = input.map((name) => index.initializer(name)).find((found) => found !== undefined);
  const maker = input.map((name) => index.producer(name)).find((found) => found !== undefined);
  if (opType !== "Mul" || !factor || maker?.opType !== "MatMul" || !isDefaultDomain(maker.domain)) return false;
  const weights = maker.input.map((name) => index.initializer(name)).find((found) => found !== undefined);
  if (!weights) return false;
  const isSecond = index.initializer(maker.input[1] ?? "") === weights;
  const differs = (tensor: TensorProto, end: number) =>
    dimsOf(tensor)
      .slice(0, end)
      .some((dim) => dim > 1);
  return isSecond ? differs(factor, -2) && differs(weights, -2) : differs(factor, -1);
}

/** Where a layer with weights reads probabilities too, they are rounded for that layer alone. */
function probabilityReason(
  node: NodeProto,
  descriptor: Operator | null,
  probabilities: ReadonlySet<string>,
): Reason | null {
  if (descriptor?.kind === "weighted" || !node.output.some((name) => probabilities.has(name))) return null;
  const tensor = node.input.find((name) => probabilities.has(name));
  return tensor === undefined ? null : { code: "input", tensor };
}

/** A runtime that wants biases in int32 computes a layer in float without, and then dequantizes its weights at every run. */
function biasReason(node: NodeProto, use: WeightUse | null, { wantsIntegerBias }: Target): Reason | null {
  if (!node.input[2] || !wantsIntegerBias.has(node.opType)) return null;
  return use?.bias ? null : { code: "bias" };
}

/** Whether a layer makes new values of activations alone: elementwise operators, pools, products of two activations. */
export function isWithoutWeights({ kind }: Operator, weight: WeightUse | null): boolean {
  return kind === "compute" || (kind === "weighted" && weight === null);
}

function elementwiseReason(
  node: NodeProto,
  descriptor: Operator,
  weight: WeightUse | null,
  index: GraphIndex,
  { elementwise, unjoined }: PlanChoices,
): Reason | null {
  if (elementwise === "join") return null;
  if (!isWithoutWeights(descriptor, weight)) {
    return weight && elementwise === "auto" && unjoined?.includes(index.id(node)) ? { code: "costly" } : null;
  }
  if (elementwise === "float") return { code: "recipe-elementwise" };
  return unjoined?.includes(index.id(node)) ? { code: "decided" } : null;
}

function operandsOf(
  node: NodeProto,
  descriptor: Operator | null,
  use: WeightUse | null,
  follower: Follower | null,
): string[] {
  if (follower?.kind === "sum") return node.input.filter((name) => name !== follower.taken);
  if (follower || !descriptor) return [];
  switch (descriptor.kind) {
    case "weighted":
      return [...new Set(node.input.slice(0, 2).filter((_, position) => position !== use?.input))];
    case "compute":
      return descriptor.operands === "all" ? [...new Set(node.input)] : node.input.slice(0, 1);
    default:
      return node.input.slice(0, 1);
  }
}

function operandReason({ kind }: Operator, operands: readonly string[], activations: Activations): Reason | null {
  if (operands.length === 0) return { code: "constants" };
  const tensor = kind === "weighted" ? operands.find(activations.isExcluded) : undefined;
  if (tensor === undefined) return null;
  const lost = activations.wouldLose(tensor);
  return lost === undefined ? { code: "recipe-input", tensor } : { code: "spared", tensor, lost };
}

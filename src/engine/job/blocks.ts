import { frontierAt } from "../graph/slice.ts";
import type { BlockStep, ValueGrid } from "../model/finetuning.ts";
import { multiplies } from "../model/format.ts";
import { schemeOf } from "../model/range.ts";
import { type Recipe, weightTypeOf } from "../model/recipe.ts";
import { floatOf, intOf } from "../onnx/attributes.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import type { NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { dimsOf, tensorOf } from "../onnx/tensor.ts";
import { operatorOf } from "../operators/index.ts";
import type { LayerPlan, QuantizationPlan } from "../plan/plan.ts";
import { codeLimits, weightBits } from "../values/codes.ts";
import type { Quantized } from "./quantize.ts";
import { layerForm, weightRows } from "./weightRows.ts";

/** Consecutive nodes that read one activation and make one, by operations whose gradients are known. */
export interface PlannedBlock {
  readonly from: string;
  readonly to: string;
  /** Whether what it reads is [batch, channels, height, width]. */
  readonly readsPicture: boolean;
  /** Those whose weights are tuned, in the order of the steps that name them. */
  readonly layers: readonly LayerPlan[];
  readonly steps: readonly BlockStep[];
  /** What lies between its ends and all of it goes through, and how many layers and steps are before that. */
  readonly cuts: readonly Cut[];
}

interface Cut {
  readonly tensor: string;
  readonly layers: number;
  readonly steps: number;
  readonly isPicture: boolean;
}

type Planned = Pick<Quantized, "plan" | "affine" | "model" | "rounded">;

/** A value of a block: its number, and whether it is a picture, of [batch, channels, height, width]. */
interface Value {
  readonly number: number;
  readonly isPicture: boolean;
}

/**
 * The longest runs of nodes that can be tuned together, between tensors that all of the graph behind them is made of: with Conv, whole
 * or depthwise, Gemm and MatMul by weights of 4 bits, Relu, Clip, Add, GlobalAveragePool, Flatten.
 */
export function tunableRuns(planned: Planned, recipe: Recipe): PlannedBlock[] {
  const { index } = planned.plan;
  const { node } = index.graph;
  const runs: PlannedBlock[] = [];
  let run: Run | null = null;
  let from = index.inputs.length === 1 ? (index.inputs[0]?.name ?? null) : null;
  let start = 0;
  // A Clip that codes imply is left out of the quantized graph, and with it what it read.
  const written = new Set(planned.model.graph?.node.flatMap(({ output }) => output));
  const isThere = (tensor: string) => written.has(tensor) || planned.rounded.has(tensor) || index.isOutput(tensor);
  for (let at = 1; at <= node.length; at++) {
    const alive = at === node.length ? index.graph.output.map(({ name }) => name) : frontierAt(index, at);
    const [to = ""] = alive;
    if (alive.length !== 1 || !isThere(to)) continue;
    const unit = planned.plan.layers.slice(start, at);
    if (from !== null) {
      run ??= new Run(planned, recipe, from);
      if (!run.take(unit, to)) {
        runs.push(...run.blocks());
        run = null;
      }
    }
    [from, start] = [to, at];
  }
  return [...runs, ...(run?.blocks() ?? [])].filter(({ layers }) => layers.length > 0);
}

/** The part of a run between two of its cuts, its ends among them. */
export function partOf(run: PlannedBlock, from: string, to: string): PlannedBlock {
  const ends: Cut[] = [
    { tensor: run.from, layers: 0, steps: 0, isPicture: run.readsPicture },
    ...run.cuts,
    { tensor: run.to, layers: run.layers.length, steps: run.steps.length, isPicture: false },
  ];
  const [first, last] = [from, to].map((each) => ends.find(({ tensor }) => tensor === each)) as [Cut, Cut];
  const steps = run.steps.slice(first.steps, last.steps).map((step): BlockStep => {
    const of = step.of - first.steps;
    if (step.kind === "layer") return { ...step, of, layer: step.layer - first.layers };
    return step.kind === "add" ? { ...step, of, and: step.and - first.steps } : { ...step, of };
  });
  const cuts = run.cuts
    .filter(({ steps }) => steps > first.steps && steps < last.steps)
    .map((cut) => ({ ...cut, layers: cut.layers - first.layers, steps: cut.steps - first.steps }));
  return { from, to, readsPicture: first.isPicture, layers: run.layers.slice(first.layers, last.layers), steps, cuts };
}

class Run {
  readonly #planned: Planned;
  readonly #recipe: Recipe;
  readonly #from: string;
  readonly #layers: LayerPlan[] = [];
  readonly #steps: BlockStep[] = [];
  readonly #values = new Map<string, Value>();
  readonly #cuts: Cut[] = [];
  #to: string;

  constructor(planned: Planned, recipe: Recipe, from: string) {
    this.#planned = planned;
    this.#recipe = recipe;
    this.#from = from;
    this.#to = from;
  }

  /** Goes on to the tensor `to` by the nodes before it; false, and as it was, where it knows no gradient of one of them. */
  take(unit: readonly LayerPlan[], to: string): boolean {
    const [steps, layers] = [this.#steps.length, this.#layers.length];
    if (this.#values.size === 0) {
      const isPicture = unit.some(({ node }) => /Conv|GlobalAveragePool/.test(node.opType));
      this.#values.set(this.#from, { number: 0, isPicture });
    }
    const isKnown = unit.every((layer) => this.#step(layer)) && this.#values.get(to)?.number === this.#steps.length;
    if (isKnown) {
      this.#to = to;
      this.#cuts.push({
        tensor: to,
        layers: this.#layers.length,
        steps: this.#steps.length,
        isPicture: this.#values.get(to)?.isPicture ?? false,
      });
    } else [this.#steps.length, this.#layers.length] = [steps, layers];
    return isKnown;
  }

  blocks(): PlannedBlock[] {
    const cuts = this.#cuts.slice(0, -1);
    const readsPicture = this.#values.get(this.#from)?.isPicture ?? false;
    return [{ from: this.#from, to: this.#to, readsPicture, layers: this.#layers, steps: this.#steps, cuts }];
  }

  #step(layer: LayerPlan): boolean {
    const { node } = layer;
    const { index } = this.#planned.plan;
    const weight = layer.weightUse?.input;
    const inputs = node.input.filter((name, at) => name && !index.initializer(name) && at !== weight);
    const values = inputs.map((name) => this.#values.get(name));
    const [of, and] = values;
    const output = node.output[0] ?? "";
    if (!of || values.some((value) => !value)) return false;
    const grid = this.#grid(output);
    const add = (step: BlockStep, isPicture: boolean) => {
      this.#steps.push(step);
      this.#values.set(output, { number: this.#steps.length, isPicture });
      return true;
    };
    const constants = node.input.some((name) => name && index.initializer(name));
    const clamp = operatorOf(node, index)?.clamp?.(node, index);
    if (clamp && layer.descriptor?.kind === "activation" && inputs.length === 1) {
      return add({ kind: "clamp", of: of.number, ...clamp, grid }, of.isPicture);
    }
    if (node.opType === "Add" && and && inputs.length === 2 && of.isPicture === and.isPicture) {
      return add({ kind: "add", of: of.number, and: and.number, grid }, of.isPicture);
    }
    if (node.opType === "GlobalAveragePool" && of.isPicture) return add({ kind: "mean", of: of.number, grid }, true);
    if (isFlatten(node, index)) return add({ kind: "rows", of: of.number, grid }, false);
    if (!constants || inputs.length !== 1 || !isTunable(layer, this.#planned.plan, this.#recipe)) return false;
    if (of.isPicture !== (node.opType === "Conv")) return false;
    this.#layers.push(layer);
    return add({ kind: "layer", of: of.number, layer: this.#layers.length - 1, grid }, of.isPicture);
  }

  #grid(tensor: string): ValueGrid | null {
    const { plan, affine } = this.#planned;
    const id = plan.groupOf.get(tensor) ?? "";
    const parameters = affine.get(id);
    if (!parameters) return null;
    const group = plan.groups.find((each) => each.id === id)!;
    return { ...parameters, limits: codeLimits(schemeOf(group, this.#recipe.activations).type) };
  }
}

function isFlatten(node: NodeProto, index: GraphIndex): boolean {
  if (node.opType === "Flatten") return (intOf(node, "axis") ?? 1) === 1;
  const shape = node.opType === "Reshape" ? index.initializer(node.input[1] ?? "") : undefined;
  if (!shape) return false;
  const [batch, rest, ...more] = [...(tensorOf(shape).data as BigInt64Array)].map(Number);
  return (batch === 0 || batch === 1 || batch === -1) && rest !== undefined && rest !== 0 && more.length === 0;
}

/** Whether a layer's weight is of 4 bits, belongs to it alone, and is multiplied as float. */
export function isTunable(layer: LayerPlan, plan: QuantizationPlan, recipe: Recipe): boolean {
  const { reason, weightUse: use, node } = layer;
  const type = weightTypeOf(recipe.weights, layer.id);
  if (reason !== null || !use || weightBits(type) !== 4 || plan.index.uses(use.name).length !== 1) return false;
  if (plan.target.multiplies.includes(type) && multiplies(recipe)) return false;
  const form = layerForm(layer, plan, []);
  const dims = dimsOf(plan.index.initializer(use.name) as TensorProto);
  if (!form || !weightRows(layer, plan, recipe)) return false;
  if (form.kind === "matmul") return (floatOf(node, "alpha") ?? 1) === 1 && (floatOf(node, "beta") ?? 1) === 1;
  const isDepthwise = dims[1] === 1 && dims[0] === form.groups;
  return dims.length === 4 && (form.groups === 1 || isDepthwise);
}

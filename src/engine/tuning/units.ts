import { capturedBy } from "../onnx/graph.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { dimsOf } from "../onnx/tensor.ts";
import type { LayerPlan, QuantizationPlan } from "../plan/plan.ts";
import { elementCount } from "../values/dims.ts";

/** A layer with the followers fused to it: what is quantized, or left in float, as one. */
export interface Unit {
  /** The layer that leads it. */
  readonly id: string;
  /** Positions of its layers in the plan, and of their nodes in the graph; followers come last. */
  readonly positions: readonly number[];
  /** Tensors it makes that another unit or the caller reads. */
  readonly makes: readonly string[];
  /** Whether it rounds weights or values of its own; what stays in float or only moves values does not. */
  readonly isMeasured: boolean;
}

/** The layers of a plan in units, in an order in which each comes after those it reads. */
export function unitsOf(plan: QuantizationPlan): Unit[] {
  const { index, layers } = plan;
  const units: number[][] = [];
  const unitOf = new Map<string, number>();
  for (const [position, { node, follower }] of layers.entries()) {
    const leader = follower && node.input.map((name) => unitOf.get(name)).find((found) => found !== undefined);
    const unit = leader ?? units.push([]) - 1;
    units[unit]?.push(position);
    for (const name of node.output) if (name) unitOf.set(name, unit);
  }
  const readers = readersOf(units, plan);
  return units.map((positions, unit) => {
    const leader = layers[positions[0] as number] as LayerPlan;
    const made = positions.flatMap((at) => (layers[at] as LayerPlan).node.output.filter(Boolean));
    return {
      id: leader.id,
      positions,
      makes: made.filter((name) => index.isOutput(name) || readers.get(name)?.some((reader) => reader !== unit)),
      isMeasured: leader.reason === null && leader.descriptor !== null && leader.descriptor.kind !== "move",
    };
  });
}

/** Every tensor that a node reads, in its subgraphs too. */
export function readBy(node: NodeProto): string[] {
  return [...node.input.filter(Boolean), ...capturedBy(node)];
}

/** The units that read each tensor, in order. */
function readersOf(units: readonly (readonly number[])[], { layers }: QuantizationPlan): Map<string, number[]> {
  const readers = new Map<string, number[]>();
  for (const [unit, positions] of units.entries()) {
    for (const name of positions.flatMap((at) => readBy((layers[at] as LayerPlan).node))) {
      const known = readers.get(name);
      if (known) known.push(unit);
      else readers.set(name, [unit]);
    }
  }
  return readers;
}

/** Consecutive units that run or are passed over together. */
export interface Segment {
  /** The first unit, and one past the last. */
  readonly from: number;
  readonly to: number;
  /** Tensors made here that later segments read, or that are wanted. */
  readonly makes: readonly string[];
}

/** Cuts a sequence of units before each of `starts`, which ascend from 0; `isWanted` says what the caller reads, all outputs by default. */
export function segmentsOf(
  units: readonly Unit[],
  starts: readonly number[],
  plan: QuantizationPlan,
  isWanted = (name: string) => plan.index.isOutput(name),
): Segment[] {
  const readers = readersOf(
    units.map(({ positions }) => positions),
    plan,
  );
  return starts.map((from, i) => {
    const to = starts[i + 1] ?? units.length;
    const isNeeded = (name: string) => isWanted(name) || readers.get(name)?.some((reader) => reader >= to);
    return {
      from,
      to,
      makes: units.slice(from, to).flatMap(({ makes }) => makes.filter(isNeeded)),
    };
  });
}

/**
 * Where to cut units into at most `most` segments that cost about the same: multiplications, as far as shapes are known,
 * and at least an operation for each value made.
 */
export function evenStarts(
  units: readonly Unit[],
  most: number,
  plan: QuantizationPlan,
  dims: ReadonlyMap<string, readonly number[]>,
): number[] {
  const costs = units.map(({ positions }) =>
    positions.reduce((sum, at) => sum + costOf(plan.layers[at] as LayerPlan, plan, dims), 0),
  );
  const total = costs.reduce((a, b) => a + b, 0);
  const starts = [0];
  let before = 0;
  for (const [unit, cost] of costs.entries()) {
    const reached = before + cost / 2 >= (total * starts.length) / most;
    if (unit > 0 && reached && starts.length < most) starts.push(unit);
    before += cost;
  }
  return starts;
}

const UNKNOWN_ELEMENTS = 1024;
/** Multiplications that take as long as writing a value and reading it again. */
const VALUE_COST = 40;

function costOf(
  { node, descriptor, weightUse }: LayerPlan,
  { index }: QuantizationPlan,
  dims: ReadonlyMap<string, readonly number[]>,
) {
  const known = dims.get(node.output[0] ?? "");
  const made = known ? elementCount(known) : UNKNOWN_ELEMENTS;
  const weight = index.initializer(weightUse?.name ?? node.input[1] ?? "");
  if (!weight || weight.dims.length < 2) return made * VALUE_COST;
  const shape = dimsOf(weight);
  const channels = (descriptor?.kind === "weighted" ? descriptor.channels(node, shape) : shape.at(-1)) || 1;
  return made * (VALUE_COST + elementCount(shape) / channels);
}

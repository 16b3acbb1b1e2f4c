import { exposeOutputs } from "../../graph/shapes.ts";
import { run } from "../../graph/testing/native.ts";
import type { ActivationScheme, Range } from "../../model/range.ts";
import type { TensorMap } from "../../model/tensor.ts";
import type { GraphIndex } from "../../onnx/graph.ts";
import type { ModelProto, NodeProto } from "../../onnx/proto/onnx_pb.ts";
import { dimsOf, tensorOf } from "../../onnx/tensor.ts";
import { operatorOf } from "../../operators/index.ts";
import type { LayerPlan } from "../../plan/plan.ts";
import type { Trial } from "./trial.ts";

/** Float32 arithmetic, relative to the largest value. */
const SLACK = 1e-5;
/** A rounded weight lies within a step, and a step within twice largest / 127 (numerics/saturation.ts). */
const WEIGHT_ERROR = 2 / 127;

interface Scheme {
  readonly activations: ActivationScheme;
  readonly granularity: "channel" | "tensor";
}

type Values = readonly number[];
/** How far a value may be from what is to stand at its place. */
type Bound = (value: number, at: number) => number;

/**
 * What the written graph reads, layer by layer, against what the layers before it made, as written: a sentence for each
 * tensor that is further off than the steps it was rounded with allow. The bounds follow from the ranges and the scheme
 * alone: half a step within the range and the distance to it beyond; a step of its channel for a weight; a step of both scales'
 * product for a bias; nothing for what stays in float. Each layer computes from what it reads, so that no error hides
 * in another.
 */
export async function localErrors(
  model: ModelProto,
  trial: Trial,
  feeds: TensorMap,
  scheme: Scheme,
): Promise<string[]> {
  const written = trial.model.graph!;
  const made = written.node.flatMap(({ output }) => output);
  const results = await run(exposeOutputs(trial.model, made), feeds, false);
  const constants = new Map(written.initializer.map((tensor) => [tensor.name, tensor]));
  const valuesOf = (name: string): Values => {
    const tensor = results.get(name) ?? feeds.get(name) ?? tensorOf(constants.get(name)!);
    return Array.from(tensor.data as Float32Array, Number);
  };
  const nodes = new Map(written.node.map((node) => [node.name, node]));
  const { index, layers, groupOf, groups } = trial.plan;
  const rangeOf = (name: string): Range | undefined => {
    const group = groups.find(({ id }) => id === groupOf.get(name));
    return group && (group.fixed ?? trial.ranges.get(group.id));
  };
  /** By tensor of the float model, what was made before it was rounded. */
  const unrounded = new Map([...feeds.keys()].map((name) => [name, valuesOf(name)]));
  const errors: string[] = [];
  const compare = (place: string, expected: Values, actual: Values, bound: Bound) => {
    const worst = expected.findIndex((value, i) => !(Math.abs(value - actual[i]!) <= bound(value, i)));
    if (expected.length !== actual.length) errors.push(`${place}: ${actual.length} values, not ${expected.length}`);
    else if (worst >= 0) {
      const [value, got] = [expected[worst]!, actual[worst]!];
      errors.push(`${place}: ${got} at ${worst} for ${value}, which may be ${bound(value, worst)} off`);
    }
  };
  const activation = (name: string): Bound => {
    const range = rangeOf(name);
    return range ? roundingBound(range, scheme.activations) : slackOf(unrounded.get(name)!);
  };

  for (const layer of layers) {
    const { node } = layer;
    const counterpart = nodes.get(node.name);
    for (const [i, name] of (counterpart ? node.input : []).entries()) {
      const place = `${node.name} reads ${name}`;
      const actual = valuesOf(counterpart!.input[i]!);
      const constant = index.initializer(name);
      if (!constant) compare(place, unrounded.get(name)!, actual, activation(name));
      else {
        const expected = Array.from(tensorOf(constant).data as Float32Array, Number);
        const adds = layers.find(({ weightUse }) => isBias(weightUse, node, i));
        const bound = adds
          ? biasBound(adds, expected, index, rangeOf, scheme)
          : constantBound(layer, i, expected, dimsOf(constant), scheme);
        compare(place, expected, actual, bound);
      }
    }
    unrounded.set(node.output[0]!, counterpart ? valuesOf(counterpart.output[0]!) : clamped(node, index, unrounded));
  }
  for (const { name } of model.graph!.output) {
    compare(`output ${name}`, unrounded.get(name)!, valuesOf(name), activation(name));
  }
  return errors;
}

/** What a clamp that is not written would have made. */
function clamped(node: NodeProto, index: GraphIndex, unrounded: ReadonlyMap<string, Values>): Values {
  const { low, high } = operatorOf(node, index)!.clamp!(node, index)!;
  return unrounded.get(node.input[0]!)!.map((value) => Math.min(Math.max(value, low), high));
}

function slackOf(values: Values): Bound {
  const slack = SLACK * values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return () => slack;
}

function stepOf(range: Range, { type, symmetric }: ActivationScheme): { low: number; high: number; step: number } {
  const most = Math.max(Math.abs(range.low), Math.abs(range.high));
  const [low, high] = symmetric ? [-most, most] : [Math.min(range.low, 0), Math.max(range.high, 0)];
  return { low, high, step: (high - low) / (symmetric && type === "int8" ? 254 : 255) };
}

/** Half a step where codes reach, which may end half a step short of the range; beyond, the distance to there as well. */
function roundingBound(range: Range, scheme: ActivationScheme): Bound {
  const { low, high, step } = stepOf(range, scheme);
  return (value) => {
    const beyond = Math.max(0, low + step / 2 - value, value - (high - step / 2));
    return step / 2 + beyond + SLACK * (Math.abs(value) + step);
  };
}

/** Whether a node reads a layer's bias at a place: the layer itself, or the Add after it. */
function isBias(use: LayerPlan["weightUse"], node: NodeProto, input: number): boolean {
  return use?.bias != null && use.bias.output === node.output[0] && use.bias.input === input;
}

function constantBound(
  { node, reason, weightUse }: LayerPlan,
  position: number,
  values: Values,
  dims: readonly number[],
  { activations, granularity }: Scheme,
): Bound {
  if (reason !== null || node.opType === "Clip" || node.opType === "Reshape") return slackOf(values);
  if (weightUse?.input === position)
    return weightBound(values, dims, granularity === "channel" ? weightUse.axis : null);
  const range = { low: Math.min(...values), high: Math.max(...values) };
  return roundingBound(range, activations);
}

/** A step of the input's scale times the channel's. */
function biasBound(
  { node, weightUse }: LayerPlan,
  values: Values,
  index: GraphIndex,
  rangeOf: (name: string) => Range | undefined,
  { activations, granularity }: Scheme,
): Bound {
  const use = weightUse!;
  const weight = index.initializer(use.name)!;
  const dims = dimsOf(weight);
  const axis = granularity === "channel" ? use.axis : null;
  const weights = weightBound(Array.from(tensorOf(weight).data as Float32Array, Number), dims, axis);
  const inner = dims.slice((use.axis ?? 0) + 1).reduce((product, dim) => product * dim, 1);
  const { step } = stepOf(rangeOf(node.input[1 - use.input]!)!, activations);
  const slack = slackOf(values);
  return (value, channel) => step * weights(0, channel * inner) + slack(value, channel);
}

function weightBound(values: Values, dims: readonly number[], axis: number | null): Bound {
  const inner = axis === null ? 1 : dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const channelOf = (at: number) => (axis === null ? 0 : Math.floor(at / inner) % dims[axis]!);
  const largest: number[] = [];
  for (const [at, value] of values.entries()) {
    largest[channelOf(at)] = Math.max(largest[channelOf(at)] ?? 0, Math.abs(value));
  }
  return (_, at) => largest[channelOf(at)]! * WEIGHT_ERROR;
}

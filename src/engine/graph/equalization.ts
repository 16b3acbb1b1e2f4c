import type { ChannelFactors, Recipe } from "../model/recipe.ts";
import { GraphIndex } from "../onnx/graph.ts";
import type { ModelProto, NodeProto } from "../onnx/proto/onnx_pb.ts";
import { joinsOf, weightOf } from "../operators/joins.ts";
import type { ChannelJoins } from "../operators/operator.ts";
import { clamp } from "../values/clamp.ts";
import { type ChannelLink, channelLinks, type LinkReader } from "./channelLinks.ts";
import { graphOf } from "./pass.ts";

/** The least and the largest value of each channel of a tensor over the samples seen. */
export interface ChannelExtremes {
  readonly min: Float64Array;
  readonly max: Float64Array;
}

const ITERATIONS = 50;
const CONVERGED = 1e-3;
/** No channel is divided or multiplied by more. */
const LARGEST_FACTOR = 1e6;
/** A channel counts as cut by its Clip from this share of the bound on: other samples may reach a little further. */
const HEADROOM = 1.1;
/** Of a channel's range: how far above what is absorbed the channel must stay. */
const ABSORB_MARGIN = 0.1;
/** Ranges at or below this belong to channels without weights. */
const DEAD = 1e-30;

/** The magnitudes of a layer's weights by pair of channels, and what its rows and columns are scaled by so far. */
class ScaledLayer {
  readonly #magnitudes: Float64Array;
  readonly #output: Int32Array;
  readonly #input: Int32Array;
  readonly rows: Float64Array;
  readonly columns: Float64Array;

  constructor(node: NodeProto, index: GraphIndex) {
    const shape = joinsOf(node, index) as ChannelJoins;
    const weight = weightOf(node, index);
    const magnitudes: number[] = [];
    const outputs: number[] = [];
    const inputs: number[] = [];
    shape.forEachRun((output, input, start, length) => {
      let largest = 0;
      for (let i = start; i < start + length; i++) largest = Math.max(largest, Math.abs(weight[i] as number));
      magnitudes.push(largest);
      outputs.push(output);
      inputs.push(input);
    });
    this.#magnitudes = Float64Array.from(magnitudes);
    this.#output = Int32Array.from(outputs);
    this.#input = Int32Array.from(inputs);
    this.rows = new Float64Array(shape.outputs).fill(1);
    this.columns = new Float64Array(shape.inputs).fill(1);
  }

  /** The largest magnitude of each output channel's weights. */
  outputRanges(): Float64Array {
    return this.#ranges(this.#output, this.rows.length);
  }

  inputRanges(): Float64Array {
    return this.#ranges(this.#input, this.columns.length);
  }

  #ranges(by: Int32Array, count: number): Float64Array {
    const ranges = new Float64Array(count);
    for (let i = 0; i < this.#magnitudes.length; i++) {
      const scale =
        (this.columns[this.#input[i] as number] as number) / (this.rows[this.#output[i] as number] as number);
      const range = (this.#magnitudes[i] as number) * scale;
      const at = by[i] as number;
      if (range > (ranges[at] as number)) ranges[at] = range;
    }
    return ranges;
  }
}

/** The tensors whose channels equalization would divide. */
export function equalizedTensors(model: ModelProto): string[] {
  return channelLinks(new GraphIndex(graphOf(model))).map(({ tensor }) => tensor);
}

/**
 * Cross-layer equalization with high-bias absorption (Nagel et al., *Data-Free Quantization Through Weight Equalization
 * and Bias Correction*, ICCV 2019, sections 4.1 and 4.2): channel c of a link is divided by sqrt(r1 / r2), where r1 is the
 * largest of the weights that make it and r2 of those that read it, over all links until nothing moves.
 * Two things differ, both because of what samples showed. A channel that its Clip (Relu6) cuts stays as it is, and no
 * other is taken beyond the bound: one bound then still serves all channels in 8 bits. And a bias absorbs only what
 * narrows the tensor's range, down to a tenth of the channel's range below the least value seen in place of three standard
 * deviations below the mean: more gained nothing, and changed the float model.
 * `extremes` are of the tensors of `equalizedTensors`, before their activation. A link without them is left alone.
 */
export function learnFactors(
  model: ModelProto,
  extremes: ReadonlyMap<string, ChannelExtremes>,
): NonNullable<Recipe["factors"]> {
  const index = new GraphIndex(graphOf(model));
  const links = channelLinks(index).filter(({ tensor }) => extremes.has(tensor));
  const layers = new Map<NodeProto, ScaledLayer>();
  const layerOf = (node: NodeProto) => {
    const known = layers.get(node) ?? new ScaledLayer(node, index);
    layers.set(node, known);
    return known;
  };
  for (let round = 0; round < ITERATIONS; round++) {
    let moved = 0;
    for (const link of links) {
      moved = Math.max(moved, balance(link, extremes.get(link.tensor) as ChannelExtremes, layerOf));
    }
    if (moved < CONVERGED) break;
  }
  const factors = new Map<string, ChannelFactors>();
  for (const link of links) {
    const divide = Array.from(layerOf(link.producer).rows, Math.fround);
    const absorb = absorbed(link, extremes.get(link.tensor) as ChannelExtremes, divide);
    if (divide.some((factor) => factor !== 1) || absorb.some((shift) => shift !== 0)) {
      factors.set(link.tensor, { divide, absorb });
    }
  }
  return Object.fromEntries(factors);
}

/** Equalizes one link and gives the largest change of a factor, as |ln|. */
function balance(link: ChannelLink, seen: ChannelExtremes, layerOf: (node: NodeProto) => ScaledLayer): number {
  const producer = layerOf(link.producer);
  const made = producer.outputRanges();
  const read = new Float64Array(link.channels);
  for (const reader of link.readers) {
    const ranges = layerOf(reader.node).inputRanges();
    forEachColumn(link, reader, (channel, column) => {
      read[channel] = Math.max(read[channel] as number, ranges[column] as number);
    });
  }
  const bound = link.clips.reduce((least, clip) => Math.min(least, clip.bound), Infinity);
  const changes = producer.rows.map((before, channel) => {
    const [r1, r2] = [made[channel] as number, read[channel] as number];
    if (!(r1 > DEAD && r2 > DEAD)) return 1;
    const reach = Math.max(seen.max[channel] as number, 0) * HEADROOM;
    if (reach >= bound) return 1 / before;
    const least = Math.max(1 / LARGEST_FACTOR, bound < Infinity ? reach / bound : 0);
    return clamp(before * Math.sqrt(r1 / r2), least, LARGEST_FACTOR) / before;
  });
  for (const reader of link.readers) {
    const { columns } = layerOf(reader.node);
    forEachColumn(link, reader, (channel, column) => {
      columns[column] = (columns[column] as number) * (changes[channel] as number);
    });
  }
  for (const [channel, change] of changes.entries()) {
    producer.rows[channel] = (producer.rows[channel] as number) * change;
  }
  return changes.reduce((most, change) => Math.max(most, Math.abs(Math.log(change))), 0);
}

function forEachColumn(
  { channels }: ChannelLink,
  { offset, block }: LinkReader,
  visit: (channel: number, column: number) => void,
): void {
  for (let channel = 0; channel < channels; channel++) {
    const first = (offset + channel) * block;
    for (let column = first; column < first + block; column++) visit(channel, column);
  }
}

/** What the next biases take over: no more than narrows the range of all channels together. */
function absorbed(link: ChannelLink, { min, max }: ChannelExtremes, divide: readonly number[]): number[] {
  if (!link.shiftable) return divide.map(() => 0);
  const bound = link.clips.reduce((least, clip) => Math.min(least, clip.bound), Infinity);
  const spare = divide.map((_, channel) => {
    const [low, high] = [min[channel] as number, max[channel] as number];
    return Math.max(0, low - ABSORB_MARGIN * (high - low));
  });
  const reach = divide.map((factor, channel) => Math.min(max[channel] as number, bound) / factor);
  const needed = reach.reduce(
    (most, high, c) => Math.max(most, high - (spare[c] as number) / (divide[c] as number)),
    0,
  );
  return divide.map((factor, channel) => {
    const excess = ((reach[channel] as number) - needed) * factor;
    return Math.fround(clamp(excess, 0, spare[channel] as number));
  });
}

import type { GraphIndex, Use } from "../onnx/graph.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { dataTypeOf } from "../onnx/tensor.ts";
import { operatorOf } from "../operators/index.ts";
import { joinsOf } from "../operators/joins.ts";
import type { Operator } from "../operators/operator.ts";

/** A layer that reads a link's channels: channel c is its input channels (offset + c) * block and on, `block` of them. */
export interface LinkReader {
  readonly node: NodeProto;
  readonly offset: number;
  /** 1, or the pixels that Flatten makes features of. */
  readonly block: number;
}

/**
 * A layer whose output channels only layers with weights read, through operators f with f(s y) = s f(y) for s > 0 and
 * channel by channel. Dividing a channel and multiplying the weights that read it changes nothing.
 */
export interface ChannelLink {
  readonly producer: NodeProto;
  /** The producer's output. */
  readonly tensor: string;
  readonly channels: number;
  readonly readers: readonly LinkReader[];
  /** Clips from 0 to a bound between them: the bound is divided with the channel. */
  readonly clips: readonly { readonly node: NodeProto; readonly bound: number }[];
  /** Nothing but Relu and Clip lies between, and no reader pads: a constant can move from one bias to the next. */
  readonly shiftable: boolean;
}

/** Where the channels of a link are in a tensor. */
interface Place {
  /** Channels before them. */
  readonly offset: number;
  /** Whether channels of other layers may be beside them. */
  readonly isShared: boolean;
  /** Whether their pixels have become features. */
  readonly isFlat: boolean;
}

interface Walk {
  readonly readers: LinkReader[];
  readonly clips: { readonly node: NodeProto; readonly bound: number }[];
  shiftable: boolean;
}

/** All links of a graph, in its order. */
export function channelLinks(index: GraphIndex): ChannelLink[] {
  return index.graph.node.flatMap((node) => {
    const channels = outputChannels(node, index);
    const tensor = node.output[0] ?? "";
    if (channels === null) return [];
    const walk: Walk = { readers: [], clips: [], shiftable: true };
    if (!follow(tensor, { offset: 0, isShared: false, isFlat: false }, index, walk) || walk.readers.length === 0)
      return [];
    const nodes = walk.readers.map((reader) => reader.node);
    if (new Set([node, ...nodes]).size <= nodes.length) return [];
    return [{ producer: node, tensor, channels, ...walk }];
  });
}

/** Channels that a layer with constant float weights makes; null for other nodes. */
function outputChannels(node: NodeProto, index: GraphIndex): number | null {
  if (node.input[2] && !constantVector(node.input[2], index)) return null;
  return joinsOf(node, index)?.outputs ?? null;
}

function constantVector(name: string, index: GraphIndex): boolean {
  const bias = index.initializer(name);
  return bias !== undefined && dataTypeOf(bias.dataType) === "float32" && bias.dims.length === 1;
}

/** A reader on the way of channels, and where they are in what it reads. */
interface Step {
  readonly tensor: string;
  readonly use: Use;
  readonly place: Place;
}

/** Follows channels to every reader, depth first; false when one of them would notice a change. */
function follow(tensor: string, place: Place, index: GraphIndex, walk: Walk): boolean {
  const open: Step[] = [];
  const goOn = (made: string, at: Place): boolean => {
    if (index.isOutput(made)) return false;
    open.push(
      ...index
        .uses(made)
        .map((use) => ({ tensor: made, use, place: at }))
        .toReversed(),
    );
    return true;
  };
  if (!goOn(tensor, place)) return false;
  for (let step = open.pop(); step; step = open.pop()) if (!passes(step, goOn, index, walk)) return false;
  return true;
}

function passes(
  { tensor, use, place }: Step,
  goOn: (made: string, at: Place) => boolean,
  index: GraphIndex,
  walk: Walk,
): boolean {
  const { node, input } = use;
  if (input === -1) return false;
  const on = (then: Partial<Place> = {}) => goOn(node.output[0] ?? "", { ...place, ...then });
  const operator = operatorOf(node, index);
  if (operator?.kind === "weighted") {
    if (input !== 0 || (operator.readsFeatures && !place.isFlat && !isMatrix(tensor, index))) return false;
    if (node.input[2] && !constantVector(node.input[2], index)) walk.shiftable = false;
    if (operator.pads?.(node)) walk.shiftable = false;
    return read(node, tensor, place.offset, index, walk);
  }
  const passage = operator?.passage?.(node);
  if (!passage || node.output.length !== 1) return false;
  if (!passage.shifts) walk.shiftable = false;
  if (passage.kind === "pointwise") return passesClamp(node, operator?.clamp, place, index, walk) && on();
  if (passage.kind === "flattened") return on({ isFlat: true });
  if (passage.kind === "pooled") return on();
  const before = joinedBefore(node, input, index);
  return before !== null && on({ offset: place.offset + before, isShared: true });
}

/** A clamp from 0 passes a factor on; where it has another bound, that has to be one a channel then. */
function passesClamp(
  node: NodeProto,
  clamp: Operator["clamp"],
  { isShared, isFlat }: Place,
  index: GraphIndex,
  walk: Walk,
): boolean {
  if (!clamp) return true;
  const bounds = clamp(node, index);
  if (bounds?.low !== 0) return false;
  if (bounds.high === Infinity) return true;
  if (isShared || isFlat) return false;
  walk.clips.push({ node, bound: bounds.high });
  return true;
}

function read(node: NodeProto, tensor: string, offset: number, index: GraphIndex, walk: Walk): boolean {
  const total = channelsOf(tensor, index);
  const block = (joinsOf(node, index)?.inputs ?? Number.NaN) / (total ?? 0);
  if (!Number.isInteger(block)) return false;
  walk.readers.push({ node, offset, block });
  return true;
}

/** Channels that come before those of an input where channels are joined; null where they cannot be told. */
function joinedBefore(node: NodeProto, input: number, index: GraphIndex): number | null {
  let before = 0;
  for (const name of node.input.slice(0, input)) {
    const channels = channelsOf(name, index);
    if (channels === null) return null;
    before += channels;
  }
  return before;
}

function channelsOf(tensor: string, index: GraphIndex): number | null {
  const open = [tensor];
  let channels = 0;
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const node = index.producer(name);
    const operator = node && operatorOf(node, index);
    if (!node || !operator) return null;
    const passage = operator.passage?.(node);
    if (operator.kind === "weighted") {
      const own = outputChannels(node, index);
      if (own === null) return null;
      channels += own;
    } else if (passage?.kind === "joined") open.push(...node.input);
    else if (passage) open.push(node.input[0] ?? "");
    else return null;
  }
  return channels;
}

/** Whether a tensor is a matrix of features, so that a layer that reads features can read its channels without a Flatten. */
function isMatrix(tensor: string, index: GraphIndex): boolean {
  for (let at = tensor; ; ) {
    const node = index.producer(at);
    const operator = node && operatorOf(node, index);
    if (!node || !operator) return false;
    if (operator.kind === "weighted") return operator.readsFeatures === true;
    if (operator.passage?.(node)?.kind !== "pointwise") return false;
    at = node.input[0] ?? "";
  }
}

import { floatOf, intOf, intsOf, stringOf } from "../onnx/attributes.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { dataTypeOf, dimsOf, tensorOf } from "../onnx/tensor.ts";
import { layerShape } from "./layerMatrix.ts";

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
    if (!follow(tensor, 0, false, index, walk) || walk.readers.length === 0) return [];
    const nodes = walk.readers.map((reader) => reader.node);
    if (new Set([node, ...nodes]).size <= nodes.length) return [];
    return [{ producer: node, tensor, channels, ...walk }];
  });
}

/** Channels that a Conv or Gemm with constant float weights makes; null for other nodes. */
function outputChannels(node: NodeProto, index: GraphIndex): number | null {
  const dims = weightDims(node, index);
  if (!dims) return null;
  if (node.input[2] && !constantVector(node.input[2], index)) return null;
  return dims[node.opType === "Gemm" && !intOf(node, "transB") ? 1 : 0] ?? null;
}

function weightDims(node: NodeProto, index: GraphIndex): number[] | null {
  if (!isDefaultDomain(node.domain) || !["Conv", "Gemm"].includes(node.opType)) return null;
  if (node.opType === "Gemm" && ((floatOf(node, "alpha") ?? 1) !== 1 || (floatOf(node, "beta") ?? 1) !== 1))
    return null;
  if (node.opType === "Gemm" && intOf(node, "transA")) return null;
  const weight = index.initializer(node.input[1] ?? "");
  return weight && dataTypeOf(weight.dataType) === "float32" ? dimsOf(weight) : null;
}

function constantVector(name: string, index: GraphIndex): boolean {
  const bias = index.initializer(name);
  return bias !== undefined && dataTypeOf(bias.dataType) === "float32" && bias.dims.length === 1;
}

/** Follows channels `offset` and on to every reader; false when one of them would notice a change. */
function follow(tensor: string, offset: number, flat: boolean, index: GraphIndex, walk: Walk): boolean {
  if (index.isOutput(tensor)) return false;
  return index.uses(tensor).every(({ node, input }) => {
    if (input === -1 || !isDefaultDomain(node.domain)) return false;
    const on = (isFlat = flat, at = offset) => follow(node.output[0] ?? "", at, isFlat, index, walk);
    switch (node.opType) {
      case "Conv":
      case "Gemm":
        if (input !== 0 || !weightDims(node, index) || (node.opType === "Gemm" && !flat && !isMatrix(tensor, index))) {
          return false;
        }
        if (node.input[2] && !constantVector(node.input[2], index)) walk.shiftable = false;
        if (pads(node)) walk.shiftable = false;
        return read(node, tensor, offset, index, walk);
      case "Relu":
        return on();
      case "Clip": {
        const bound = upperBound(node, index);
        if (bound === null || offset > 0) return false;
        if (bound < Infinity) walk.clips.push({ node, bound });
        return on();
      }
      case "LeakyRelu":
      case "MaxPool":
      case "AveragePool":
      case "GlobalAveragePool":
        walk.shiftable = false;
        return node.output.length === 1 && on();
      case "Flatten":
        walk.shiftable = false;
        return (intOf(node, "axis") ?? 1) === 1 && on(true);
      case "Concat": {
        walk.shiftable = false;
        const before = concatenatedBefore(node, input, index);
        return before !== null && on(flat, offset + before);
      }
      default:
        return false;
    }
  });
}

function read(node: NodeProto, tensor: string, offset: number, index: GraphIndex, walk: Walk): boolean {
  const total = channelsOf(tensor, index);
  const block = layerShape(node, index).inputs / (total ?? 0);
  if (!Number.isInteger(block)) return false;
  walk.readers.push({ node, offset, block });
  return true;
}

/** The bound of a Clip from 0; Infinity without one, null for any other Clip. */
function upperBound(node: NodeProto, index: GraphIndex): number | null {
  const value = (position: number) => {
    const name = node.input[position];
    if (!name) return undefined;
    const constant = index.initializer(name);
    return constant ? Number(tensorOf(constant).data[0]) : null;
  };
  const low = value(1);
  const high = value(2);
  return low === 0 && high !== null ? (high ?? Infinity) : null;
}

/** Channels that a Concat along axis 1 has before one of its inputs; null where they cannot be told. */
function concatenatedBefore(node: NodeProto, input: number, index: GraphIndex): number | null {
  if (intOf(node, "axis") !== 1) return null;
  let before = 0;
  for (const name of node.input.slice(0, input)) {
    const channels = channelsOf(name, index);
    if (channels === null) return null;
    before += channels;
  }
  return before;
}

function channelsOf(tensor: string, index: GraphIndex): number | null {
  const node = index.producer(tensor);
  if (!node) return null;
  if (["Conv", "Gemm"].includes(node.opType)) return outputChannels(node, index);
  if (node.opType === "Concat") {
    const parts = node.input.map((name) => channelsOf(name, index));
    return parts.includes(null) ? null : parts.reduce((sum: number, part) => sum + (part ?? 0), 0);
  }
  const keeps = ["Relu", "Clip", "LeakyRelu", "MaxPool", "AveragePool", "GlobalAveragePool", "Flatten"].includes(
    node.opType,
  );
  return keeps ? channelsOf(node.input[0] ?? "", index) : null;
}

/** Whether a tensor comes out of a Gemm, so that a Gemm can read its channels without a Flatten. */
function isMatrix(tensor: string, index: GraphIndex): boolean {
  const node = index.producer(tensor);
  if (!node) return false;
  if (node.opType === "Gemm") return true;
  return ["Relu", "Clip", "LeakyRelu"].includes(node.opType) && isMatrix(node.input[0] ?? "", index);
}

function pads(node: NodeProto): boolean {
  if (node.opType !== "Conv") return false;
  const automatic = stringOf(node, "auto_pad") ?? "NOTSET";
  return automatic.startsWith("SAME") || (intsOf(node, "pads") ?? []).some((pad) => pad !== 0);
}

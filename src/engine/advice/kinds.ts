import type { FoundKind, ModelKind } from "../model/advice.ts";
import type { Port } from "../model/tensor.ts";
import { intOf } from "../onnx/attributes.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import { allNodes } from "../onnx/opset.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { dimsOf } from "../onnx/tensor.ts";
import { listed, plural } from "../values/figures.ts";
import { attentions, causality } from "./attention.ts";
import type { FrontEnd } from "./spectrogram.ts";
import { ancestors, makerOf } from "./trace.ts";

/** What advice reads of a model: its prepared graph, what is fed, and what it gives, with the shapes that are known. */
export interface Anatomy {
  readonly index: GraphIndex;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** The spectrogram that it begins with; null where there is none. */
  readonly frontEnd: FrontEnd | null;
}

const RECURRENT = ["LSTM", "GRU", "RNN"] as const;
/** More rows than bytes there are, with some that mean something else, are those of a vocabulary. */
const BYTES = 300;

/** What a model is, by its operators and how they hang together, the main kind first; each with what shows it. */
export function kindsOf(anatomy: Anatomy): readonly FoundKind[] {
  const found: Partial<Record<ModelKind, string | null>> = {
    ...attending(anatomy),
    recurrent: recurring(anatomy),
    bytes: ofBytes(anatomy),
    ...convolving(anatomy),
    spectrogram: anatomy.frontEnd?.evidence ?? null,
  };
  const order = ["decoder", "encoder", "recurrent", "bytes", "detector", "depthwise", "cnn", "spectrogram"] as const;
  const kinds = order.flatMap((kind): FoundKind[] => {
    const evidence = found[kind];
    return evidence ? [{ kind, evidence: `${evidence}.` }] : [];
  });
  if (kinds.length > 0) return kinds;
  const count = anatomy.index.graph.node.length;
  return [{ kind: "other", evidence: `None of its ${plural(count, "layer")} tells what it is.` }];
}

function attending({ index, outputs }: Anatomy): Partial<Record<ModelKind, string | null>> {
  const count = attentions(index).length;
  if (count === 0) return {};
  const attends = `In ${plural(count, "place")} a Softmax of products weighs others (attention)`;
  const table = tables(index).find(({ rows }) => outputs.some(({ dims }) => dims.length === 3 && dims[2] === rows));
  const mask = causality(index);
  if (table && mask) {
    return {
      decoder: `${attends}, ${mask}, and its last output scores all ${table.rows} tokens that ${table.name} has`,
    };
  }
  const isScoring = table && isFedTokensAlone(index);
  if (isScoring) {
    return {
      decoder: `${attends}, it is fed tokens alone, and its output scores all ${table.rows} tokens that ${table.name} has at each of them`,
    };
  }
  return { encoder: mask ? `${attends}, ${mask}` : `${attends}, and nothing masks later ones` };
}

/** Whether tokens are all that is fed: what encoders are fed beside them says which are padding, or what they belong to. */
function isFedTokensAlone({ inputs }: GraphIndex): boolean {
  return inputs.length === 1;
}

interface Table {
  readonly name: string;
  readonly rows: number;
  readonly node: NodeProto;
}

/** Constants whose rows are looked up by what is fed. */
function tables(index: GraphIndex): readonly Table[] {
  return index.graph.node.flatMap((node) => {
    const [name = "", indices = ""] = node.input;
    const table = node.opType === "Gather" ? index.initializer(name) : undefined;
    if (table?.dims.length !== 2 || (intOf(node, "axis") ?? 0) !== 0) return [];
    if (!isFed(indices, index)) return [];
    return [{ name, rows: dimsOf(table)[0] ?? 0, node }];
  });
}

/** Whether a tensor is an input, moved or cast at most. */
function isFed(tensor: string, index: GraphIndex): boolean {
  if (index.isInput(tensor)) return true;
  const node = index.producer(tensor);
  return (
    node !== undefined &&
    makerOf(tensor, index) === undefined &&
    [...ancestors(tensor, index)].some(({ input }) => input.some((name) => index.isInput(name)))
  );
}

function recurring({ index }: Anatomy): string | null {
  const counts = RECURRENT.flatMap((operator) => {
    const count = [...allNodes(index.graph)].filter(({ opType }) => opType === operator).length;
    return count > 0 ? [plural(count, operator)] : [];
  });
  return counts.length > 0 ? `It has ${listed(counts)}` : null;
}

function ofBytes({ index }: Anatomy): string | null {
  const table = tables(index).find(({ rows }) => rows >= 2 && rows <= BYTES);
  if (!table || attentions(index).length > 0) return null;
  return `The Gather ${index.id(table.node)} looks up one of ${table.rows} rows of ${table.name} for each value that is fed, which is no more than bytes and a few marks`;
}

function convolving(anatomy: Anatomy): Partial<Record<ModelKind, string | null>> {
  const { index, frontEnd } = anatomy;
  const transform = new Set(frontEnd?.layers.map((id) => index.node(id)));
  const convolutions = [...allNodes(index.graph)].filter((node) => node.opType === "Conv" && !transform.has(node));
  if (convolutions.length === 0) return {};
  const depthwise = convolutions.filter((node) => isDepthwise(node, index));
  const detects = detecting(anatomy);
  return {
    detector: detects,
    depthwise:
      depthwise.length > 0
        ? `${depthwise.length} of ${plural(convolutions.length, "Conv")} have a group for each channel`
        : null,
    cnn:
      depthwise.length === 0 && !detects
        ? `It has ${plural(convolutions.length, "Conv")}, none with a group for each channel`
        : null,
  };
}

function isDepthwise(node: NodeProto, index: GraphIndex): boolean {
  const groups = intOf(node, "group") ?? 1;
  const weight = index.initializer(node.input[1] ?? "");
  return groups > 1 && weight !== undefined && dimsOf(weight)[1] === 1;
}

/** What shows that a network of convolutions says where things are, a sentence's part. */
function detecting({ index, inputs, outputs }: Anatomy): string | null {
  if (attentions(index).length > 0) return null;
  const suppressing = [...allNodes(index.graph)].find(({ opType }) => opType === "NonMaxSuppression");
  if (suppressing) return "A NonMaxSuppression keeps the best of its boxes";
  const boxes = outputs.find(({ dims }) => dims.length === 3 && dims[2] === 4);
  const scores = outputs.find((port) => port !== boxes && port.dims.length === 3 && port.dims[1] === boxes?.dims[1]);
  if (boxes && scores)
    return `The output ${boxes.name} has four values for each place that the output ${scores.name} rates`;
  const image = inputs.find(({ dims }) => dims.length === 4);
  const grid = outputs.find(({ dims }) => dims.length === 4 && Number(dims[2]) > 1 && Number(dims[3]) > 1);
  const isCoarse =
    image && grid && Number(grid.dims[2]) < Number(image.dims[2]) && Number(grid.dims[3]) < Number(image.dims[3]);
  return isCoarse
    ? `The output ${grid.name} has ${grid.dims[1]} values in each cell of a grid of ${grid.dims[2]} by ${grid.dims[3]}`
    : null;
}

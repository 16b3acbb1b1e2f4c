import type { WeightSource } from "../encode/weight.ts";
import type { Reason } from "../model/reason.ts";
import type { Layer } from "../model/summary.ts";
import type { ElementTypes } from "../onnx/elementTypes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import type { TensorProto_DataType as Code, GraphProto } from "../onnx/proto/onnx_pb.ts";
import { dataTypeCode } from "../onnx/tensor.ts";
import { operatorOf } from "../operators/index.ts";
import type { Target } from "../targets/target.ts";
import type { DataType } from "../values/elementTypes.ts";
import type { PlanChoices } from "./candidates.ts";
import { exactInputs } from "./exactInputs.ts";
import { type HalfEnds, halfEnds } from "./halfEnds.ts";
import { type HalfLayer, halfLayers } from "./halfLayers.ts";
import { FLOAT16, type ShortFloat } from "./shortFloat.ts";
import type { StoredLayer } from "./stored.ts";
import { weightSource } from "./weightSource.ts";
import { weightUse } from "./weightUse.ts";
import { WHOLE, type WholeLayer } from "./wholeLayer.ts";

/** What of a graph, and of the graphs that its nodes hold, is in a float of 16 bits. */
export interface HalfPlan extends HalfEnds {
  readonly type: ShortFloat["type"];
  /** The layers that are, by id. */
  readonly layers: ReadonlySet<string>;
  /** Why the others stay in float32. */
  readonly reasons: readonly Reason[];
  /** The weights among them that are encoded. */
  readonly weights: readonly WeightSource[];
  /** Inputs and outputs of them that are float32 all the same, by operator. */
  readonly ports: ShortFloat["ports"];
  /** Element types of the graph's own tensors as they are in float32. */
  readonly types: ElementTypes;
}

/** The plan of a model in float16, or bfloat16: no range groups, and layers that are in it or say why not. */
export function planHalves(
  graph: GraphProto,
  types: ReadonlyMap<string, DataType | "other">,
  choices: PlanChoices,
  target: Target,
  short: ShortFloat = FLOAT16,
) {
  const index = new GraphIndex(graph);
  const known: ElementTypes = new Map([
    ...[...types].flatMap(([name, type]) => (type === "other" ? [] : [[name, dataTypeCode(type)] as const])),
    ...graph.initializer.map(({ name, dataType }): [string, Code] => [name, dataType]),
  ]);
  const exact = exactInputs(graph, known, short);
  const found = halfLayers(graph, known, choices, short, exact.layers);
  const stored = found.flatMap((layer): StoredLayer[] =>
    layer.inside === null || layer.parameters === 0
      ? []
      : [{ layer: toLayer(layer, false, short), runTime: "stored", weights: [], inside: layer.inside }],
  );
  const own = found.filter(({ inside }) => inside === null);
  const layers = own.map((layer): WholeLayer => {
    const { node } = layer;
    return { ...toLayer(layer, true, short), node, descriptor: operatorOf(node, index), ...WHOLE };
  });
  const weights = own.flatMap(({ node, reason }) => {
    const descriptor = operatorOf(node, index);
    const use = reason === null && descriptor?.kind === "weighted" ? weightUse(node, descriptor, index, target) : null;
    return use && !("code" in use) ? [weightSource({ node, descriptor }, use, index)] : [];
  });
  const { ends, keptEnds } = halfEnds(index, known, found, exact.inputs, choices);
  const half: HalfPlan = {
    layers: new Set(found.flatMap(({ id, reason }) => (reason === null ? [id] : []))),
    reasons: found.flatMap(({ reason }) => reason ?? []),
    weights,
    type: short.type,
    ports: short.ports,
    ends,
    keptEnds,
    types: known,
  };
  return {
    target,
    index,
    layers,
    groups: [],
    groupOf: new Map<string, string>(),
    stored,
    writesBiasZeros: false,
    keepsCopies: false,
    half,
    bfloat: null,
    written: null,
  };
}

function toLayer({ id, node, parameters, reason }: HalfLayer, isOwn: boolean, { type }: ShortFloat): Layer {
  return {
    id,
    operator: node.opType,
    inputs: isOwn ? node.input.filter(Boolean) : [],
    outputs: isOwn ? node.output.filter(Boolean) : [],
    parameters,
    weight: null,
    precision: reason === null ? type : "float32",
    reason,
  };
}

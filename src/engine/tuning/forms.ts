import { create } from "@bufbuild/protobuf";
import { graphOf, withGraph } from "../graph/pass.ts";
import type { Range } from "../model/range.ts";
import type { RangeGroup } from "../model/summary.ts";
import { affineParameters } from "../numerics/affine.ts";
import { channelLayout } from "../numerics/channels.ts";
import { dequantizeWeights } from "../numerics/weights.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { type ModelProto, ValueInfoProtoSchema } from "../onnx/proto/onnx_pb.ts";
import { tensorProto } from "../onnx/tensor.ts";
import type { LayerPlan, QuantizationPlan } from "../quantizer/plan.ts";
import { quantizeGraph, type WritingChoices } from "../quantizer/qdq.ts";
import { type QuantizedWeight, quantizeWeight, weightChoices } from "../quantizer/weights.ts";
import { readBy } from "./units.ts";

/** A float model, what a recipe quantizes of it and how. */
export interface Subject {
  /** With and without corrected biases: the same layers at the same places. */
  readonly float: ModelProto;
  readonly corrected: ModelProto;
  /** Of `corrected`. */
  readonly plan: QuantizationPlan;
  readonly ranges: ReadonlyMap<string, Range>;
  readonly recipe: WritingChoices;
}

/** How layers run: which tensors are rounded, and which layers by 8-bit kernels. */
export interface Treatment {
  /** By position in the plan. */
  readonly layers: (position: number) => LayerPlan;
  readonly isRounded: (tensor: string) => boolean;
}

/** Cuts some layers out of a subject as models of their own, in float or quantized. Each weight is quantized once. */
export class Forms {
  readonly #subject: Subject;
  readonly #groups: ReadonlyMap<string, RangeGroup>;
  readonly #weights = new Map<string, QuantizedWeight>();
  readonly #indices: { readonly float: GraphIndex; readonly corrected: GraphIndex };

  constructor(subject: Subject) {
    const { float, corrected, plan } = subject;
    this.#subject = subject;
    this.#groups = new Map(plan.groups.map((group) => [group.id, group]));
    this.#indices = {
      float: float === corrected ? plan.index : new GraphIndex(graphOf(float)),
      corrected: plan.index,
    };
  }

  /** The layers at some positions in float; `which` biases they have. Inputs carry names only. */
  float(positions: readonly number[], outputs: readonly string[], which: "float" | "corrected" = "float"): ModelProto {
    const index = this.#indices[which];
    const node = positions.map((at) => index.graph.node[at]!);
    const made = new Set(node.flatMap(({ output }) => output));
    const read = [...new Set(node.flatMap(readBy))].filter((name) => !made.has(name));
    const named = (names: readonly string[]) => names.map((name) => create(ValueInfoProtoSchema, { name }));
    return withGraph(this.#subject[which], {
      node,
      input: named(read.filter((name) => !index.initializer(name))),
      output: named(outputs),
      initializer: read.flatMap((name) => index.initializer(name) ?? []),
      sparseInitializer: [],
      valueInfo: [],
    });
  }

  /** The layers at some positions as the exported model has them under a treatment. Rounding a rounded input changes nothing. */
  quantized(
    positions: readonly number[],
    outputs: readonly string[],
    treatment: Treatment,
    which: "float" | "corrected" = "corrected",
  ): ModelProto {
    const { plan, ranges, recipe } = this.#subject;
    const model = this.float(positions, outputs, which);
    const graph = graphOf(model);
    const groupOf = new Map<string, string>();
    for (const name of [...graph.input.map((input) => input.name), ...graph.node.flatMap(({ output }) => output)]) {
      const group = plan.groupOf.get(name);
      if (group !== undefined && treatment.isRounded(name)) groupOf.set(name, group);
    }
    const groups = [...new Set(groupOf.values())].map((id) => this.#groups.get(id)!);
    const layers = positions.map((at, i) => ({ ...treatment.layers(at), node: graph.node[i]! }));
    const slice = { target: plan.target, index: new GraphIndex(graph), layers, groups, groupOf };
    return quantizeGraph(model, slice, ranges, recipe, this.#weigh).model;
  }

  /**
   * Layers in float but for the weight of the first, which has the values that its codes stand for. They are written out,
   * since ONNX Runtime rounds activations too where a MatMul reads a DequantizeLinear.
   */
  rounded(positions: readonly number[], outputs: readonly string[]): ModelProto {
    const { plan, recipe } = this.#subject;
    const model = this.float(positions, outputs, "corrected");
    const { id, node, weightUse } = plan.layers[positions[0]!]!;
    if (!weightUse) throw new Error(`${node.name} has no weight`);
    const choices = weightChoices(recipe, id);
    const { codes, dims, axis, scales } = this.#weigh(node, weightUse, plan.index, choices, null);
    const data = dequantizeWeights(codes, channelLayout(dims, axis), scales);
    const weight = tensorProto(weightUse.name, { type: "float32", dims, data });
    return withGraph(model, {
      initializer: graphOf(model).initializer.map((tensor) => (tensor.name === weight.name ? weight : tensor)),
    });
  }

  /** A layer's weight as the exported model has it, also where its input is not rounded here; without that its bias stays. */
  readonly #weigh: typeof quantizeWeight = (node, use, index, choices, inputScale) => {
    const key = node.output[0] ?? "";
    let weight = this.#weights.get(key);
    if (!weight) {
      weight = quantizeWeight(node, use, index, choices, inputScale ?? this.#scaleOf(node.input[1 - use.input] ?? ""));
      this.#weights.set(key, weight);
    }
    return inputScale === null ? { ...weight, bias: null } : weight;
  };

  #scaleOf(tensor: string): number | null {
    const { plan, ranges, recipe } = this.#subject;
    const group = this.#groups.get(plan.groupOf.get(tensor) ?? "");
    const range = group && (group.fixed ?? ranges.get(group.id));
    return range ? affineParameters(range, recipe.activations).scale : null;
  }
}

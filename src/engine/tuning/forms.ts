import { create } from "@bufbuild/protobuf";
import { quantizeGraph } from "../emit/index.ts";
import { decodedWeight } from "../encode/decoded.ts";
import type { EncodingChoices, WeightEncoder } from "../encode/numbers.ts";
import type { EncodedWeight } from "../encode/weight.ts";
import { graphOf, withGraph } from "../graph/pass.ts";
import type { Range } from "../model/range.ts";
import type { Recipe } from "../model/recipe.ts";
import type { RangeGroup } from "../model/summary.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { type ModelProto, ValueInfoProtoSchema } from "../onnx/proto/onnx_pb.ts";
import { tensorProto } from "../onnx/tensor.ts";
import type { LayerPlan, QuantizationPlan } from "../plan/plan.ts";
import { plannedWeight } from "../plan/plannedWeight.ts";
import { readBy } from "./units.ts";

/** A float model, what a recipe quantizes of it and how. */
export interface Subject {
  /** With and without corrected biases: the same layers at the same places. */
  readonly float: ModelProto;
  readonly corrected: ModelProto;
  /** Of `corrected`. */
  readonly plan: QuantizationPlan;
  readonly ranges: ReadonlyMap<string, Range>;
  readonly recipe: EncodingChoices & Pick<Recipe, "spared">;
}

/** How layers run: which tensors are rounded, and which layers by 8-bit kernels. */
export interface Treatment {
  /** By position in the plan. */
  readonly layers: (position: number) => LayerPlan;
  readonly isRounded: (tensor: string) => boolean;
  /** Where they are others than in the subject's plan. */
  readonly groups?: ReadonlyMap<string, RangeGroup>;
}

/** Cuts some layers out of a subject as models of their own, in float or quantized. Each weight is quantized once. */
export class Forms {
  readonly #subject: Subject;
  readonly #groups: ReadonlyMap<string, RangeGroup>;
  readonly #weights = new Map<string, EncodedWeight>();
  readonly #positions: ReadonlyMap<string, number>;
  readonly #resolved: Recipe["resolved"];
  readonly #indices: { readonly float: GraphIndex; readonly corrected: GraphIndex };

  constructor(subject: Subject) {
    const { float, corrected, plan, ranges } = subject;
    this.#resolved = Object.fromEntries(ranges);
    this.#subject = subject;
    this.#positions = new Map(plan.layers.map(({ id }, position) => [id, position]));
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
    const groups = [...new Set(groupOf.values())].map((id) => treatment.groups?.get(id) ?? this.#groups.get(id)!);
    const layers = positions.map((at, i) => ({ ...treatment.layers(at), node: graph.node[i]! }));
    const slice = {
      target: plan.target,
      index: new GraphIndex(graph),
      layers,
      groups,
      groupOf,
      stored: [],
      writesBiasZeros: false,
      keepsCopies: false,
      half: null,
      bfloat: null,
      written: plan.written,
    };
    return quantizeGraph(model, slice, ranges, recipe, this.#weigh).model;
  }

  /**
   * Layers in float but for the weight of the first, which has the values that its codes stand for. They are written out,
   * since ONNX Runtime rounds activations too where a MatMul reads a DequantizeLinear.
   */
  rounded(positions: readonly number[], outputs: readonly string[]): ModelProto {
    const { plan } = this.#subject;
    const model = this.float(positions, outputs, "corrected");
    const position = positions[0]!;
    const { node, weightUse } = plan.layers[position]!;
    if (!weightUse) throw new Error(`${node.name} has no weight`);
    const encoded = this.#weightOf(position);
    const data = decodedWeight(encoded);
    const weight = tensorProto(weightUse.name, { type: "float32", dims: encoded.dims, data });
    return withGraph(model, {
      initializer: graphOf(model).initializer.map((tensor) => (tensor.name === weight.name ? weight : tensor)),
    });
  }

  /** A layer's weight as the exported model has it, also where its input is not rounded here; without that its bias stays. */
  readonly #weigh: WeightEncoder = ({ id }, _, inputScale) => {
    const weight = this.#weightOf(this.#positions.get(id)!);
    return inputScale === null ? { ...weight, bias: null } : weight;
  };

  #weightOf(position: number): EncodedWeight {
    const { plan, recipe } = this.#subject;
    const layer = plan.layers[position]!;
    const known = this.#weights.get(layer.id);
    if (known) return known;
    const weight = plannedWeight(layer, layer.weightUse!, plan, { ...recipe, resolved: this.#resolved });
    this.#weights.set(layer.id, weight);
    return weight;
  }
}

import type { Recipe } from "../../model/recipe.ts";
import { subgraphsOf } from "../../onnx/attributes.ts";
import { GraphIndex } from "../../onnx/graph.ts";
import { withFields } from "../../onnx/messages.ts";
import {
  TensorProto_DataType as Code,
  type GraphProto,
  type ModelProto,
  type NodeProto,
} from "../../onnx/proto/onnx_pb.ts";
import { fatesOf } from "../../plan/fates.ts";
import type { LayerPlan, QuantizationPlan } from "../../plan/plan.ts";
import type { OpenModel } from "../open.ts";
import { quantizeModel } from "../quantize.ts";

/** What a runtime makes of a model by its own optimizations. */
export type Optimizer = (written: ModelProto) => Promise<ModelProto>;

/** A layer that a plan says another of than a runtime makes of it. */
export interface Difference {
  readonly layer: string;
  readonly operator: string;
  readonly planned: string;
  readonly found: string;
}

type Kernel = "integer" | "float";

/** What computes on codes of ONNX's and of ONNX Runtime's own operators; all others do where what they read is codes. */
const ON_CODES = /^(QLinear\w+|QGemm|ConvInteger|MatMulInteger|MatMulIntegerToFloat|DynamicQuantize(MatMul|LSTM))$/;
/** Of them those that add in float to what they give, or that give float alone. */
const GIVES_FLOAT = /^(MatMulIntegerToFloat|DynamicQuantize(MatMul|LSTM))$/;
const CONVERTS = /^(QuantizeLinear|DequantizeLinear|DynamicQuantizeLinear|ReorderInput|ReorderOutput)$/;

/** A model whose nodes have their ids for names, so that a runtime's graph tells which are which. */
export function withNames(model: OpenModel): OpenModel {
  const graph = model.folded.graph as GraphProto;
  const index = new GraphIndex(graph);
  const node = graph.node.map((each) => withFields(each, { name: index.id(each) }));
  return { ...model, folded: withFields(model.folded, { graph: withFields(graph, { node }) }) };
}

/**
 * What a plan says of each layer that makes floats, beside the kernel that a runtime chose for it, in both ways: what is called integer and
 * is float, and what is called float and is integer. What each runtime finds is told by itself. A Cast of floats to floats and an
 * Identity are called float and left out: no kernel is theirs. Nor is one that of the conversions that a model brings.
 */
export async function plannedOtherwise(
  model: OpenModel,
  recipe: Recipe,
  optimizers: readonly Optimizer[],
): Promise<Difference[][]> {
  const { plan, model: written } = quantizeModel(model, recipe);
  const fates = new Map(fatesOf(plan, model.types).map(({ layer, fate }) => [layer, fate]));
  const makesFloat = ({ outputs }: LayerPlan) => outputs.some((name) => model.types.get(name)?.startsWith("float"));
  const isLeftOut = ({ operator, node }: LayerPlan) =>
    operator === "Identity" ||
    CONVERTS.test(operator) ||
    (operator === "Cast" && model.types.get(node.input[0] ?? "") === model.types.get(node.output[0] ?? ""));
  const compared = plan.layers.filter((layer) => makesFloat(layer) && !isLeftOut(layer));
  const graphs = await Promise.all(optimizers.map((optimize) => optimize(written)));
  return graphs.map(({ graph }) => {
    const kernels = new Kernels(plan, written.graph as GraphProto, graph as GraphProto);
    const inner = (graph as GraphProto).node.flatMap(subgraphsOf).flatMap(nodesIn);
    const found = compared.map((layer): Difference => {
      const planned = fates.get(layer.id) ?? "nothing";
      return { layer: layer.id, operator: layer.operator, planned, found: kernels.of(layer) ?? "nowhere" };
    });
    const inside = plan.stored.filter((each) => each.inside !== null && each.runTime === "integer").length;
    const others = inner.filter(({ opType }) => ON_CODES.test(opType)).length;
    return [
      ...found.filter((each) => each.planned !== each.found),
      ...(inside === others ? [] : [{ layer: "in graphs", operator: "", planned: `${inside}`, found: `${others}` }]),
    ];
  });
}

const nodesIn = ({ node }: GraphProto): NodeProto[] => [...node, ...node.flatMap(subgraphsOf).flatMap(nodesIn)];

/** The name of the node that a fused one is of: that of the first, of a product with its sum, or of what it makes. */
const originOf = (name: string) =>
  name
    .replace(/_token_\d+$/, "")
    .replace(/\/\w+Fusion\/?$/, "")
    .replace(/_nchwc$/, "");

class Kernels {
  readonly #plan: QuantizationPlan;
  readonly #layers: ReadonlyMap<NodeProto, LayerPlan>;
  readonly #byName: ReadonlyMap<string, NodeProto>;
  readonly #byResult: ReadonlyMap<string, NodeProto>;
  readonly #writtenByName: ReadonlyMap<string, NodeProto>;
  /** Tensors of 8 bits, as made and as written. */
  readonly #codes: ReadonlySet<string>;
  readonly #writtenCodes: ReadonlySet<string>;
  /** The conversions to codes that are left, but for those of what was codes of the same scale. */
  readonly #rounds: ReadonlySet<string>;

  constructor(plan: QuantizationPlan, written: GraphProto, made: GraphProto) {
    this.#plan = plan;
    this.#layers = new Map(plan.layers.map((layer) => [layer.node, layer]));
    const computing = made.node.filter(({ opType }) => !CONVERTS.test(opType));
    this.#byName = new Map(computing.map((node) => [originOf(node.name), node]));
    this.#byResult = new Map(computing.flatMap((node) => node.output.map((name) => [name, node] as const)));
    this.#writtenByName = new Map(written.node.map((node) => [node.name, node]));
    this.#codes = codesIn(made);
    this.#writtenCodes = codesIn(written);
    const scales = new Map(
      made.node.filter(({ opType }) => opType === "DequantizeLinear").map(({ output, input }) => [output[0], input[1]]),
    );
    const left = made.node.filter(
      ({ opType, input }) => opType === "QuantizeLinear" && scales.get(input[0]) !== input[1],
    );
    this.#rounds = new Set(left.map(({ name }) => originOf(name)));
  }

  /**
   * By the node of a layer's name. Where the runtime made one of several: integer where nothing is left of the rounding that was written for its result;
   * else by what makes the result; else as it was written on codes; else, of what was written into another, as the layer before, and as
   * its readers.
   */
  of(layer: LayerPlan): Kernel | null {
    const { index, groupOf } = this.#plan;
    const { id, node } = layer;
    const [result = ""] = node.output;
    const own = this.#byName.get(id);
    if (own) return this.#kernelOf(own);
    const rounding = `${result}_QuantizeLinear`;
    if (groupOf.has(result) && this.#writtenByName.has(rounding))
      return this.#rounds.has(rounding) ? "float" : "integer";
    const maker = this.#makerOf(result) ?? this.#byName.get(result);
    if (maker) return GIVES_FLOAT.test(maker.opType) ? "float" : this.#kernelOf(maker);
    const written = this.#writtenByName.get(id);
    if (written && this.#writtenCodes.has(written.output[0] ?? "")) return "integer";
    if (!written) {
      const before = node.input.map((name) => index.producer(name)).find((producer) => producer !== undefined);
      return before ? this.#ofNode(before) : null;
    }
    for (const { node: reader } of index.uses(result)) {
      const kernel = this.#ofNode(reader);
      if (kernel) return kernel;
    }
    return null;
  }

  /** What makes a tensor; of a product and its sum, the Gemm of matrices that both became, with a Reshape behind it. */
  #makerOf(tensor: string): NodeProto | undefined {
    const maker = this.#byResult.get(tensor);
    return maker?.name.startsWith("gemm_output_reshape") ? this.#byResult.get(maker.input[0] ?? "") : maker;
  }

  #ofNode(node: NodeProto): Kernel | null {
    const layer = this.#layers.get(node);
    return layer ? this.of(layer) : null;
  }

  #kernelOf(node: NodeProto): Kernel {
    return ON_CODES.test(node.opType) || this.#codes.has(dataOf(node)) ? "integer" : "float";
  }
}

const dataOf = ({ opType, input }: NodeProto): string => input[opType === "Where" ? 1 : 0] ?? "";

/** The tensors of a graph that hold codes of 8 bits. */
function codesIn(graph: GraphProto): Set<string> {
  const codes = new Set<string>();
  for (const { name, dataType } of graph.initializer) {
    if (dataType === Code.UINT8 || dataType === Code.INT8) codes.add(name);
  }
  for (const node of graph.node) {
    const { opType, input, output } = node;
    const isRounded = /^(Dynamic)?QuantizeLinear$/.test(opType) || (opType === "QGemm" && Boolean(input[7]));
    const isMade = isRounded || opType.startsWith("QLinear");
    const isMoved = !ON_CODES.test(opType) && !/^(DequantizeLinear|Cast|Shape|Size)$/.test(opType);
    if (isMade) codes.add(output[0] ?? "");
    else if (isMoved && codes.has(dataOf(node))) for (const name of output) codes.add(name);
  }
  return codes;
}

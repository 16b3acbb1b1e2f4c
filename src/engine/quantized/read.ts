import type { Notice } from "../model/job.ts";
import type { StoredActivation, StoredLayer, WrittenForm } from "../model/quantizedFile.ts";
import { intOf } from "../onnx/attributes.ts";
import { worksOnQuantized } from "../onnx/checks.ts";
import { type ElementTypes, inferElementTypes } from "../onnx/elementTypes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { RUNTIME_DOMAIN } from "../onnx/opset.ts";
import {
  TensorProto_DataType as Code,
  type GraphProto,
  type NodeProto,
  type TensorProto,
} from "../onnx/proto/onnx_pb.ts";
import { operatorOf } from "../operators/index.ts";
import { isDequantizer, isQuantizer } from "../operators/quantizing.ts";
import { biasInPairs, biasOnCodes, problemOfSteps, type ReadBias } from "./bias.ts";
import { bodiesOf } from "./bodies.ts";
import { codeOperator, operandsOf, sumsOperator } from "./codeOperators.ts";
import { describeConstant, type ReadConstant } from "./constant.ts";
import { Constants } from "./constants.ts";
import { castsToFloat } from "./floatGraph.ts";
import { PACKED_OPERATORS, packedWeight } from "./packed.ts";
import { recurrentWeights } from "./recurrent.ts";
import { bareName, floatActivation, Scales } from "./scales.ts";
import { chainOfSums, type SumsChain } from "./sums.ts";

/** Where a tensor that a layer makes has its values in the file. */
export interface MadeTensor {
  readonly activation: StoredActivation;
  /** What it may be called in the float model. */
  readonly names: readonly string[];
  /** The tensor with its float values as other layers read them; null where there are its codes alone. */
  readonly values: string | null;
  /** Its codes, scale and zero point, by name, where there are its codes alone. */
  readonly codes: readonly [codes: string, scale: string, zeroPoint: string] | null;
}

/** A layer of a quantized file with the values of its constants. */
export interface ReadLayer extends Omit<StoredLayer, "weights" | "makes"> {
  /** The graphs that it is inside, by what names of layers in them begin with, the outermost first; none in the model's own. */
  readonly within: readonly string[];
  readonly weights: readonly ReadConstant[];
  readonly makes: readonly MadeTensor[];
  /** Null without one in codes. */
  readonly bias: ReadBias | null;
  /** What its floats are as it is computed: of what it makes, or where these are none of what it reads; null where there are none. */
  readonly floats: ShortType | "float32" | null;
  /** The constants in float32 that it reads as they are, in the order of its inputs; of layers on codes those that are added to their sums. */
  readonly constants: readonly TensorProto[];
  /** What it reads that other layers make, as the file calls it, in the order of its inputs. */
  readonly inputs: readonly string[];
}

type ShortType = "float16" | "bfloat16";

export interface ReadGraph {
  readonly layers: readonly ReadLayer[];
  readonly notices: readonly Notice[];
}

/** What a person is told of a layer. */
export function describeLayer({ id, operator, written, form, weights, reads, makes }: ReadLayer): StoredLayer {
  return {
    ...{ id, operator, written, form, reads },
    weights: weights.map(describeConstant),
    makes: makes.map(({ activation }) => activation),
  };
}

/**
 * The layers of a graph that any tool quantized, functions of the model being inlined, each before those that are inside it: what is
 * not understood is in `notices`.
 */
export function readGraph(graph: GraphProto): ReadGraph {
  return new Reader(graph, [], new Map()).read();
}

const FLOATS: ReadonlyMap<number, NonNullable<ReadLayer["floats"]>> = new Map([
  [Code.FLOAT, "float32"],
  [Code.FLOAT16, "float16"],
  [Code.BFLOAT16, "bfloat16"],
]);
/** Operators that take a tensor of any type for what it is. */
const READS_ANY = new Set(["Cast", "Shape", "Size"]);

class Reader {
  readonly #index: GraphIndex;
  readonly #constants: Constants;
  readonly #scales: Scales;
  readonly #within: readonly string[];
  readonly #types: ElementTypes;
  readonly #notices: Notice[] = [];
  /** Nodes that belong to a layer before them, and what a ConvInteger or MatMulInteger has after it. */
  readonly #taken = new Set<NodeProto>();
  readonly #chains = new Map<NodeProto, SumsChain>();

  constructor(graph: GraphProto, within: readonly string[], around: ElementTypes) {
    this.#within = within;
    this.#types = inferElementTypes(graph, around);
    this.#index = new GraphIndex(graph);
    this.#constants = new Constants(this.#index);
    this.#scales = new Scales(this.#index, this.#constants);
    for (const node of graph.node) {
      const operator = sumsOperator(node);
      if (operator === null) continue;
      const chain = chainOfSums(node, this.#index, this.#constants, operator === "Conv");
      this.#chains.set(node, chain);
      for (const each of chain.nodes) this.#taken.add(each);
    }
  }

  read(): ReadGraph {
    const layers = this.#index.graph.node.flatMap((node) =>
      this.#isBetween(node) ? [] : [this.#layer(node), ...this.#inside(node)],
    );
    return { layers, notices: this.#notices };
  }

  #inside(node: NodeProto): readonly ReadLayer[] {
    return bodiesOf(node, this.#id(node), this.#index, this.#constants).flatMap(({ path, graph }) => {
      const { layers, notices } = new Reader(graph, [...this.#within, path], this.#types).read();
      this.#notices.push(...notices);
      return layers;
    });
  }

  #id(node: NodeProto): string {
    return [...this.#within.slice(-1), this.#index.id(node)].join("/");
  }

  /** Whether a node is no layer: it makes codes, or values of codes, or a constant. */
  #isBetween(node: NodeProto): boolean {
    if (isQuantizer(node) || isDequantizer(node) || node.opType === "DynamicQuantizeLinear") return true;
    if (this.#taken.has(node)) return true;
    return castsToFloat(node) || node.output.filter(Boolean).every((name) => this.#constants.isConstant(name));
  }

  #layer(node: NodeProto): ReadLayer {
    if (this.#chains.has(node)) return this.#sums(node, this.#chains.get(node)!);
    if (codeOperator(node)) return this.#onCodes(node);
    if (node.domain === RUNTIME_DOMAIN && PACKED_OPERATORS.has(node.opType)) return this.#packed(node);
    if (node.domain === RUNTIME_DOMAIN && node.opType === "DynamicQuantizeLSTM") return this.#recurrent(node);
    if (worksOnQuantized(node)) {
      this.#warn(node, `the operator ${node.opType} is not understood, so that its weights and ranges are not read`);
      return this.#made(node, node.opType, "qoperator", [], [], []);
    }
    return this.#plain(node);
  }

  #sums(node: NodeProto, chain: SumsChain): ReadLayer {
    const [read = "", weight = "", , zero = ""] = node.input;
    const operator = sumsOperator(node)!;
    const weights: ReadConstant[] = [];
    if (this.#constants.isConstant(weight)) {
      const axis = operator === "Conv" ? 0 : this.#rank(weight) - 1;
      const found =
        chain.weightScale === null
          ? "none of the factors of its sums is a constant"
          : this.#constants.operand(weight, chain.weightScale, zero, axis);
      this.#keep(node, weights, found);
    }
    const reads = weights.length > 0 || this.#constants.isConstant(weight) ? [read] : [read, weight];
    const outputs = chain.outputs.length > 0 ? chain.outputs : node.output;
    const makes = this.#makesOf(outputs.at(-1) ?? "", outputs);
    const constants = chain.nodes
      .filter(({ opType }) => opType === "Add")
      .flatMap((each) => this.#floatConstants(each));
    return { ...this.#withMade(node, operator, "dynamic", weights, reads, [makes]), constants };
  }

  #onCodes(node: NodeProto): ReadLayer {
    const known = codeOperator(node)!;
    const weights: ReadConstant[] = [];
    const reads: StoredActivation[] = [];
    const inputs: string[] = [];
    if (node.opType === "DynamicQuantizeMatMul") {
      inputs.push(node.input[0] ?? "");
      reads.push({ ...floatActivation(this.#scales.floatName(node.input[0] ?? "")), type: "uint8", isDynamic: true });
    }
    for (const [at, scaleAt, zeroAt] of operandsOf(known, node.input.length)) {
      const [codes = "", scale = "", zeroPoint = ""] = [node.input[at], node.input[scaleAt], node.input[zeroAt]];
      if (!codes) continue;
      if (this.#constants.isConstant(codes)) {
        const rank = this.#rank(codes);
        const axis = known.axis === "first" ? 0 : known.axis === "transB" ? (intOf(node, "transB") ? 0 : 1) : rank - 1;
        this.#keep(node, weights, this.#constants.operand(codes, scale, zeroPoint, axis));
        continue;
      }
      const tensor = this.#scales.of(codes)?.tensor ?? bareName(codes);
      inputs.push(codes);
      reads.push(this.#scales.activation({ tensor, scale, zeroPoint }));
    }
    const form = reads.some(({ isDynamic }) => isDynamic) ? "dynamic" : "qoperator";
    const layer = this.#made(node, known.operator, form, weights, inputs, reads);
    const [[read], [weight]] = [reads, weights];
    return read && weight ? { ...layer, bias: biasOnCodes(node, read, weight, this.#index) } : layer;
  }

  #packed(node: NodeProto): ReadLayer {
    const weights: ReadConstant[] = [];
    this.#keep(node, weights, packedWeight(node, this.#index));
    const isTable = node.opType === "GatherBlockQuantized";
    const read = node.input[isTable ? 1 : 0] ?? "";
    return this.#withMade(node, isTable ? "Gather" : "MatMul", "weights", weights, [read]);
  }

  #recurrent(node: NodeProto): ReadLayer {
    const weights: ReadConstant[] = [];
    for (const found of recurrentWeights(node, this.#index, this.#constants)) this.#keep(node, weights, found);
    const read = node.input[0] ?? "";
    const reads = [{ ...floatActivation(this.#scales.floatName(read)), type: "uint8", isDynamic: true }];
    return this.#made(node, "LSTM", "dynamic", weights, [read], reads);
  }

  #plain(node: NodeProto): ReadLayer {
    const weights: ReadConstant[] = [];
    const inputs: string[] = [];
    for (const name of node.input) {
      if (!name) continue;
      if (!this.#constants.isConstant(name)) {
        inputs.push(name);
        continue;
      }
      const found = this.#constants.find(name);
      if (found === null) continue;
      const isShort = typeof found !== "string" && found.placeOf === null;
      if (typeof found !== "string" && (found.type === "int32" || (isShort && found.dims.length < 2))) continue;
      this.#keep(node, weights, found);
    }
    const reads = inputs.map((name) => this.#scales.read(name));
    const makes = node.output.filter(Boolean).map((name) => this.#makesOf(name, [name]));
    const bias = biasInPairs(node, this.#index, this.#constants);
    const [[read], [weight]] = [reads, weights];
    const problem = bias && read && weight ? problemOfSteps(bias, read, weight) : null;
    if (problem) this.#warn(node, problem);
    const form = this.#formOf(node, weights, reads, makes);
    const constants = this.#floatConstants(node);
    return { ...this.#withMade(node, node.opType, form, weights, inputs, makes), bias, constants };
  }

  /** A layer is in integers where all that it reads is, its weight too, and so is what it makes, or it may give float. */
  #formOf(
    node: NodeProto,
    weights: readonly ReadConstant[],
    reads: readonly StoredActivation[],
    makes: readonly MadeTensor[],
  ): WrittenForm {
    const isQuantized = ({ type }: StoredActivation) => type !== null;
    const kind = operatorOf(node, this.#index)?.kind;
    const isMultiplied = kind === "weighted";
    const isCoded = reads.length > 0 && reads.every(isQuantized);
    if (isCoded && this.#scales.of(node.input[0] ?? "")) return "qoperator";
    const hasFloatWeight = isMultiplied && weights.length === 0 && reads.length < 2;
    const givesCodes = makes.some(({ activation }) => isQuantized(activation));
    if (isCoded && !hasFloatWeight && (isMultiplied || givesCodes || kind === "move")) return "qdq";
    const [weight] = weights;
    if (!weight) return "float";
    if (weight.placeOf !== null) return "weights";
    return weight.type === "bfloat16" ? "bfloat16" : "float16";
  }

  #floatConstants({ input }: NodeProto): readonly TensorProto[] {
    const constants = input.flatMap((name) => this.#index.initializer(name) ?? []);
    return constants.filter(({ dataType }) => dataType === Code.FLOAT);
  }

  #floatsOf({ opType, input, output }: NodeProto): ReadLayer["floats"] {
    if (READS_ANY.has(opType)) return null;
    const found = [...output, ...input].map((name) => FLOATS.get(this.#types.get(name) ?? 0));
    return found.find((type) => type !== undefined) ?? null;
  }

  #keep(node: NodeProto, weights: ReadConstant[], found: ReadConstant | string): void {
    if (typeof found === "string") this.#warn(node, `a constant of it is not read: ${found}`);
    else weights.push(found);
  }

  #made(
    node: NodeProto,
    operator: string,
    form: WrittenForm,
    weights: readonly ReadConstant[],
    inputs: readonly string[],
    reads: readonly StoredActivation[],
  ): ReadLayer {
    const makes = node.output.filter(Boolean).map((name) => this.#makesOf(name, [name]));
    return {
      id: this.#id(node),
      within: this.#within,
      operator,
      written: node.opType,
      form,
      weights,
      reads,
      makes,
      inputs,
      bias: null,
      floats: this.#floatsOf(node),
      constants: [],
    };
  }

  #withMade(
    node: NodeProto,
    operator: string,
    form: WrittenForm,
    weights: readonly ReadConstant[],
    inputs: readonly string[],
    makes: readonly MadeTensor[] = node.output.filter(Boolean).map((name) => this.#makesOf(name, [name])),
  ): ReadLayer {
    const reads = inputs.map((name) => this.#scales.read(name));
    return {
      id: this.#id(node),
      within: this.#within,
      operator,
      written: node.opType,
      form,
      weights,
      reads,
      makes,
      inputs,
      bias: null,
      floats: this.#floatsOf(node),
      constants: [],
    };
  }

  #makesOf(name: string, outputs: readonly string[]): MadeTensor {
    const own = this.#scales.of(name);
    const names = new Set(outputs);
    if (own) {
      const values = this.#valuesOf(name);
      for (const each of [own.tensor, ...(values ? [values] : [])]) names.add(each).add(bareName(each));
      const { scale, zeroPoint } = own;
      return {
        activation: this.#scales.activation(own),
        names: [...names],
        values,
        codes: [name, scale, zeroPoint],
      };
    }
    const quantizer = this.#index.uses(name).find(({ node, input }) => input === 0 && makesCodes(node))?.node;
    const codes = quantizer?.output[0] ?? "";
    const rounded = quantizer && this.#valuesOf(codes);
    for (const each of [name, ...(rounded ? [rounded] : [])]) names.add(each).add(bareName(each));
    const parameters = quantizer && this.#scales.of(codes);
    return {
      activation: parameters ? this.#scales.activation(parameters) : floatActivation(bareName(name)),
      names: [...names],
      values: rounded ?? name,
      codes: null,
    };
  }

  /** What a DequantizeLinear makes of codes, by name. */
  #valuesOf(codes: string): string | null {
    const maker = this.#index.uses(codes).find(({ node, input }) => input === 0 && isDequantizer(node))?.node;
    return maker?.output[0] ?? null;
  }

  #rank(name: string): number {
    return this.#index.initializer(name)?.dims.length ?? 0;
  }

  #warn(node: NodeProto, what: string): void {
    const subject = this.#id(node);
    this.#notices.push({ kind: "warning", subject, message: `Of ${subject} ${what}.` });
  }
}

function makesCodes(node: NodeProto): boolean {
  return isQuantizer(node) || node.opType === "DynamicQuantizeLinear";
}

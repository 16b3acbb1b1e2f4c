import { type ElementTypes, inferElementTypes, TYPE_ATTRIBUTES } from "../onnx/elementTypes.ts";
import { withFields } from "../onnx/messages.ts";
import { renameTensors } from "../onnx/names.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import {
  type AttributeProto,
  TensorProto_DataType as Code,
  type FunctionProto,
  type GraphProto,
  type NodeProto,
  type SparseTensorProto,
  type TensorProto,
  type TypeProto,
  type ValueInfoProto,
} from "../onnx/proto/onnx_pb.ts";
import { type Losses, raisedTensor } from "./raisedTensor.ts";

/** What is made float32, by what people call it. */
export const FLOAT_NAMES: ReadonlyMap<Code, string> = new Map([
  [Code.FLOAT16, "float16"],
  [Code.BFLOAT16, "bfloat16"],
  [Code.DOUBLE, "float64"],
]);

/** Makes graphs compute in float32, and counts what it does. */
export class FloatRaiser {
  /** Tensors, and types of what layers make, that were raised, by what they were. */
  readonly constants = new Map<Code, number>();
  readonly types = new Map<Code, number>();
  /** Casts that changed nothing any more. */
  casts = 0;
  losses: Losses = { overflowed: 0, vanished: 0, integers: 0 };
  /** The float64 tensors that are raised. */
  readonly #doubles: ReadonlySet<string>;
  readonly #seen = new Set<TensorProto>();

  constructor(doubles: ReadonlySet<string>) {
    this.#doubles = doubles;
  }

  get hasRaised(): boolean {
    return this.constants.size + this.types.size > 0;
  }

  /** `outer` are the types, before raising, of the graphs around it. */
  graph(graph: GraphProto, outer: ElementTypes): GraphProto {
    const types = inferElementTypes(graph, outer);
    const node = graph.node.map((each) => this.#node(each, types));
    const raised = withFields(graph, {
      node,
      initializer: graph.initializer.map((tensor) =>
        this.#tensor(tensor, this.#isRaised(tensor.dataType, tensor.name)),
      ),
      sparseInitializer: graph.sparseInitializer.map((sparse) =>
        this.#sparse(sparse, sparse.values !== undefined && this.#isRaised(sparse.values.dataType, sparse.values.name)),
      ),
      input: graph.input.map((info) => this.#info(info)),
      output: graph.output.map((info) => this.#info(info)),
      valueInfo: graph.valueInfo.map((info) => this.#info(info)),
    });
    const isFloat = (name: string) => {
      const type = types.get(name);
      return type === Code.FLOAT || (type !== undefined && this.#isRaised(type, name));
    };
    return this.#withoutCasts(raised, isFloat);
  }

  function(given: FunctionProto): FunctionProto {
    const node = given.node.map((each) => this.#node(each, new Map()));
    return withFields(given, {
      node,
      valueInfo: given.valueInfo.map((info) => this.#info(info)),
      attributeProto: given.attributeProto.map((attribute) =>
        this.#attribute(attribute, true, TYPE_ATTRIBUTES.has(attribute.name)),
      ),
    });
  }

  #isRaised(type: Code, name: string): boolean {
    return type === Code.FLOAT16 || type === Code.BFLOAT16 || (type === Code.DOUBLE && this.#doubles.has(name));
  }

  #node(node: NodeProto, types: ElementTypes): NodeProto {
    if (node.attribute.length === 0) return node;
    const isDouble = [...node.input, ...node.output].some((name) => this.#doubles.has(name));
    const isOwn = isDefaultDomain(node.domain);
    const attribute = node.attribute.map((each) => {
      const says = TYPE_ATTRIBUTES.has(each.name) && (isOwn || !node.domain.startsWith("com.microsoft"));
      const raised = this.#attribute(each, isDouble, says);
      if (!each.g && each.graphs.length === 0) return raised;
      return withFields(raised, {
        g: each.g && this.graph(each.g, types),
        graphs: each.graphs.map((graph) => this.graph(graph, types)),
      });
    });
    return withFields(node, { attribute });
  }

  #attribute(attribute: AttributeProto, isDouble: boolean, saysType: boolean): AttributeProto {
    const { i, t, tp, tensors, sparseTensor } = attribute;
    const wanted = (type: Code) => (type === Code.DOUBLE ? isDouble : this.#isRaised(type, ""));
    if (saysType && FLOAT_NAMES.has(Number(i)) && wanted(Number(i))) {
      this.#count(this.types, Number(i));
      return withFields(attribute, { i: BigInt(Code.FLOAT) });
    }
    if (!t && !tp && tensors.length === 0 && !sparseTensor) return attribute;
    return withFields(attribute, {
      t: t && this.#tensor(t, wanted(t.dataType)),
      tensors: tensors.map((each) => this.#tensor(each, wanted(each.dataType))),
      sparseTensor: sparseTensor && this.#sparse(sparseTensor, wanted(sparseTensor.values?.dataType ?? Code.UNDEFINED)),
      tp: tp && this.#type(tp, wanted),
    });
  }

  #tensor(tensor: TensorProto, isWanted: boolean): TensorProto {
    if (!isWanted) return tensor;
    const { tensor: raised, losses } = raisedTensor(tensor);
    if (this.#seen.has(tensor)) return raised;
    this.#seen.add(tensor);
    this.#count(this.constants, tensor.dataType);
    this.losses = {
      overflowed: this.losses.overflowed + losses.overflowed,
      vanished: this.losses.vanished + losses.vanished,
      integers: this.losses.integers + losses.integers,
    };
    return raised;
  }

  #sparse(sparse: SparseTensorProto, isWanted: boolean): SparseTensorProto {
    return sparse.values && isWanted ? withFields(sparse, { values: this.#tensor(sparse.values, true) }) : sparse;
  }

  #info(info: ValueInfoProto): ValueInfoProto {
    const type = info.type && this.#type(info.type, (element) => this.#isRaised(element, info.name));
    return type === info.type ? info : withFields(info, { type });
  }

  /** A type with the elements of its tensors raised, in sequences and optional values too; itself where there are none. */
  #type(type: TypeProto, isRaised: (element: Code) => boolean): TypeProto {
    const { value } = type;
    switch (value.case) {
      case "tensorType":
      case "sparseTensorType": {
        const { elemType } = value.value;
        if (!isRaised(elemType)) return type;
        this.#count(this.types, elemType);
        const raised = withFields(value.value, { elemType: Code.FLOAT });
        return withFields(type, { value: { case: value.case, value: raised } as typeof value });
      }
      case "sequenceType":
      case "optionalType": {
        const { elemType } = value.value;
        const raised = elemType && this.#type(elemType, isRaised);
        if (raised === elemType) return type;
        return withFields(type, {
          value: { case: value.case, value: withFields(value.value, { elemType: raised }) } as typeof value,
        });
      }
      default:
        return type;
    }
  }

  /** The graph without Casts from float32 to float32; one between an output and what is no tensor of a node here stays. */
  #withoutCasts(graph: GraphProto, isFloat: (name: string) => boolean): GraphProto {
    const outputs = new Set(graph.output.map(({ name }) => name));
    const made = new Set(graph.node.flatMap(({ output }) => output));
    const sources = new Map<string, string>();
    const called = new Map<string, string>();
    const node = graph.node.filter((each) => {
      const [input = "", output = ""] = [each.input[0], each.output[0]];
      if (!isCast(each) || !isFloat(input) || !isFloat(output)) return true;
      const source = sources.get(input) ?? input;
      if (!outputs.has(output)) sources.set(output, source);
      else if (made.has(source) && !outputs.has(source) && !called.has(source)) called.set(source, output);
      else return true;
      return false;
    });
    const removed = graph.node.length - node.length;
    if (removed === 0) return graph;
    this.casts += removed;
    const renames = new Map(called);
    for (const [output, source] of sources) renames.set(output, called.get(source) ?? source);
    return withFields(graph, {
      node: node.map((each) => renameTensors(each, renames)),
      valueInfo: graph.valueInfo.filter(({ name }) => !renames.has(name)),
    });
  }

  #count(counts: Map<Code, number>, type: Code): void {
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
}

function isCast({ opType, domain }: NodeProto): boolean {
  return isDefaultDomain(domain) && (opType === "Cast" || opType === "CastLike");
}

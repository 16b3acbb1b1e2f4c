import { InputError } from "../model/job.ts";
import { makeNode } from "../onnx/attributes.ts";
import { withFields } from "../onnx/messages.ts";
import { freshName } from "../onnx/names.ts";
import type { AttributeProto, FunctionProto, GraphProto, NodeProto, ValueInfoProto } from "../onnx/proto/onnx_pb.ts";

/** Names in use, of tensors and of nodes. */
export interface NamesInUse {
  readonly tensors: Set<string>;
  readonly nodes: Set<string>;
}

type Scope = ReadonlyMap<string, string>;

/**
 * The nodes of a function as one call of it computes them: its inputs and outputs are the call's, what it makes within is
 * called `stem`/name, and attributes that refer to the function's hold what the call gives, or the default.
 * @throws InputError where a name is read that nothing in the function makes.
 */
export function callBody(call: NodeProto, called: FunctionProto, stem: string, names: NamesInUse): NodeProto[] {
  return new CallWriter(call, called, stem, names).write();
}

class CallWriter {
  readonly #call: NodeProto;
  readonly #called: FunctionProto;
  readonly #stem: string;
  readonly #names: NamesInUse;

  constructor(call: NodeProto, called: FunctionProto, stem: string, names: NamesInUse) {
    this.#call = call;
    this.#called = called;
    this.#stem = stem;
    this.#names = names;
  }

  write(): NodeProto[] {
    const { input, output, node } = this.#called;
    const scope = new Map(input.map((name, i) => [name, this.#call.input[i] ?? ""]));
    const copied: [name: string, output: string][] = [];
    for (const [i, name] of output.entries()) {
      const wanted = this.#call.output[i];
      if (!wanted) continue;
      if (scope.has(name)) copied.push([name, wanted]);
      else scope.set(name, wanted);
    }
    const made = new Set(node.flatMap((each) => each.output));
    const missing = output.find((name) => !made.has(name) && !input.includes(name));
    if (missing !== undefined) throw this.#unmade(missing);
    for (const name of made) if (name && !scope.has(name)) scope.set(name, this.#fresh(name));
    const body = node.map((each) => this.#node(each, scope));
    return [...body, ...copied.map(([name, wanted]) => makeNode("Identity", [this.#read(name, scope)], [wanted]))];
  }

  #node(node: NodeProto, scope: Scope): NodeProto {
    const length = node.input.findLastIndex((name) => name && scope.get(name) !== "") + 1;
    return withFields(node, {
      name: node.name && freshName(this.#names.nodes, `${this.#stem}/${node.name}`),
      input: node.input.slice(0, length).map((name) => this.#read(name, scope)),
      output: node.output.map((name) => scope.get(name) ?? ""),
      attribute: node.attribute.flatMap((attribute) => this.#attribute(attribute, scope)),
    });
  }

  #attribute(attribute: AttributeProto, scope: Scope): AttributeProto[] {
    const { name, refAttrName, g, graphs } = attribute;
    if (!refAttrName) {
      if (!g && graphs.length === 0) return [attribute];
      const inner = graphs.map((graph) => this.#graph(graph, scope));
      return [withFields(attribute, { g: g && this.#graph(g, scope), graphs: inner })];
    }
    const named = (each: AttributeProto) => each.name === refAttrName;
    const given = this.#call.attribute.find(named);
    if (given) return [withFields(given, { name })];
    const initial = this.#called.attributeProto.find(named);
    return initial ? this.#attribute(withFields(initial, { name }), new Map()) : [];
  }

  #graph(graph: GraphProto, outer: Scope): GraphProto {
    const scope = new Map(outer);
    const sparse = graph.sparseInitializer.flatMap(({ values }) => values ?? []);
    const own = [...graph.input, ...graph.initializer, ...sparse].map(({ name }) => name);
    for (const name of new Set([...own, ...graph.node.flatMap(({ output }) => output)])) {
      if (name) scope.set(name, this.#fresh(name));
    }
    const renamed = <T extends ValueInfoProto | GraphProto["initializer"][number]>(item: T): T =>
      withFields<ValueInfoProto>(item as ValueInfoProto, { name: this.#read(item.name, scope) }) as T;
    return withFields(graph, {
      input: graph.input.map(renamed),
      output: graph.output.map(renamed),
      initializer: graph.initializer.map(renamed),
      sparseInitializer: graph.sparseInitializer.map((each) =>
        withFields(each, { values: each.values && renamed(each.values) }),
      ),
      valueInfo: graph.valueInfo.filter(({ name }) => scope.has(name)).map(renamed),
      node: graph.node.map((node) => this.#node(node, scope)),
    });
  }

  #read(name: string, scope: Scope): string {
    const known = name && scope.get(name);
    if (known === undefined) throw this.#unmade(name);
    return known;
  }

  #unmade(name: string): InputError {
    const { domain, name: called } = this.#called;
    return new InputError(
      `The function ${domain}.${called} needs "${name}", which nothing in it makes; export the model again.`,
    );
  }

  #fresh(name: string): string {
    return freshName(this.#names.tensors, `${this.#stem}/${name}`);
  }
}

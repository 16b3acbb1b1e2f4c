import { create } from "@bufbuild/protobuf";
import { InputError } from "../model/job.ts";
import { capturedBy } from "../onnx/graph.ts";
import { withFields } from "../onnx/messages.ts";
import { freshName, renameInGraph, tensorNames } from "../onnx/names.ts";
import { allNodes, INT4_OPSET, isDefaultDomain, opsetOf } from "../onnx/opset.ts";
import { inTopologicalOrder } from "../onnx/order.ts";
import {
  type FunctionProto,
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  type NodeProto,
  type OperatorSetIdProto,
  type TensorProto,
  ValueInfoProtoSchema,
} from "../onnx/proto/onnx_pb.ts";
import { constantsToInitializers } from "./constants.ts";
import { callBody, type NamesInUse } from "./functionBody.ts";
import { convertOpset } from "./opset.ts";
import { graphOf, type PassResult } from "./pass.ts";

/** The opsets that models are raised to (graph/opset.ts). */
const KNOWN_OPSETS = [13, INT4_OPSET];

/**
 * Puts the body of each function that the model defines in the place of its calls, in subgraphs too. What is written for another
 * opset than the model's is raised with it to one where both are known.
 * @throws InputError where a function calls itself, is defined twice, or reads what it does not make, or where a call or an
 * operator set does not fit.
 */
export function inlineFunctions(model: ModelProto): PassResult {
  if (model.functions.length === 0) return { model, changes: [] };
  const inliner = new Inliner(model);
  const inlined = inliner.write();
  const { count } = inliner;
  return {
    model: inlined,
    changes: count === 0 ? [] : [{ count, noun: "function call", what: "inlined", generation: 2 }],
  };
}

type Called = Pick<FunctionProto, "domain" | "name" | "overload">;

const keyOf = ({ domain, name, overload }: Called) =>
  JSON.stringify([isDefaultDomain(domain) ? "" : domain, name, overload]);

class Inliner {
  count = 0;
  readonly #model: ModelProto;
  readonly #functions = new Map<string, FunctionProto>();
  readonly #names: NamesInUse;
  readonly #stems = new Set<string>();
  readonly #initializers: TensorProto[] = [];
  /** The opset that bodies of another are raised to. */
  readonly #opset: number;
  readonly #imports: Map<string, OperatorSetIdProto>;

  constructor(model: ModelProto) {
    const called = calledIn(model);
    const needed = called.map((each) => opsetOfFunction(each, opsetOf(model)));
    const isMixed = needed.some((opset) => opset !== opsetOf(model));
    this.#opset = isMixed ? commonOpset(called, Math.max(opsetOf(model), ...needed)) : opsetOf(model);
    this.#model = isMixed ? convertOpset(model, this.#opset) : model;
    for (const each of called) this.#functions.set(keyOf(each), each);
    const graph = graphOf(this.#model);
    this.#names = { tensors: tensorNames(graph), nodes: new Set([...allNodes(graph)].map(({ name }) => name)) };
    this.#imports = new Map(this.#model.opsetImport.map((each) => [domainOf(each), each]));
  }

  write(): ModelProto {
    const graph = this.#graph(graphOf(this.#model), []);
    const used = new Set([...allNodes(graph)].map(domainOf));
    const own = new Set(this.#model.functions.map(domainOf));
    const opsetImport = [...this.#imports.values()].filter((each) => {
      const domain = domainOf(each);
      return domain === "" || used.has(domain) || !own.has(domain);
    });
    const initializer = [...graph.initializer, ...this.#initializers];
    return withFields(this.#model, { graph: withFields(graph, { initializer }), functions: [], opsetImport });
  }

  #graph(graph: GraphProto, stack: readonly string[]): GraphProto {
    return withFields(graph, { node: graph.node.flatMap((node) => this.#node(node, stack)) });
  }

  #node(node: NodeProto, stack: readonly string[]): NodeProto[] {
    const attribute = node.attribute.map((each) =>
      each.g || each.graphs.length > 0
        ? withFields(each, {
            g: each.g && this.#graph(each.g, stack),
            graphs: each.graphs.map((graph) => this.#graph(graph, stack)),
          })
        : each,
    );
    const whole = withFields(node, { attribute });
    const called = this.#functions.get(calledKey(node));
    if (!called) return [whole];
    const key = keyOf(called);
    if (stack.includes(key)) throw refusal(called, "calls itself, which ends nowhere; export the model without it");
    assertTakes(called, node);
    this.#importFor(called);
    this.count++;
    const stem = freshName(this.#stems, node.name || called.name);
    const body = this.#raised(callBody(whole, called, stem, this.#names), called, node.output);
    return body.flatMap((inner) => this.#node(inner, [...stack, key]));
  }

  /** The nodes of a body written for the opset of the model; constants that they need become the model's. */
  #raised(body: NodeProto[], called: FunctionProto, outputs: readonly string[]): readonly NodeProto[] {
    if (opsetOfFunction(called, this.#opset) === this.#opset) return body;
    const made = new Set(body.flatMap(({ output }) => output));
    const read = new Set(body.flatMap((node) => [...node.input.filter(Boolean), ...capturedBy(node)]));
    const port = (name: string) => create(ValueInfoProtoSchema, { name });
    const input = [...read].filter((name) => !made.has(name)).map(port);
    const graph = create(GraphProtoSchema, { node: body, input, output: outputs.filter(Boolean).map(port) });
    const { opsetImport } = called;
    const { model } = constantsToInitializers(withFields(this.#model, { graph, opsetImport, functions: [] }));
    const raised = graphOf(convertOpset(model, this.#opset));
    const before = tensorNames(graph);
    const added = [...tensorNames(raised)].filter((name) => !before.has(name));
    const renames = new Map(added.map((name) => [name, freshName(this.#names.tensors, name)]));
    const renamed = inTopologicalOrder(renameInGraph(raised, renames));
    this.#initializers.push(...renamed.initializer);
    return renamed.node;
  }

  /** @throws InputError where a function needs another version of a domain's operators than the rest of the model. */
  #importFor(called: FunctionProto): void {
    for (const each of called.opsetImport) {
      const domain = domainOf(each);
      const known = this.#imports.get(domain);
      if (!known) this.#imports.set(domain, each);
      const isOwn = [...this.#functions.values()].some((own) => domainOf(own) === domain);
      if (domain === "" || isOwn || !known || known.version === each.version) continue;
      throw refusal(
        called,
        `is written for version ${each.version} of ${domain} and the rest of the model for ${known.version}; export the model with one version`,
      );
    }
  }
}

function domainOf({ domain }: { readonly domain: string }): string {
  return isDefaultDomain(domain) ? "" : domain;
}

function calledKey({ domain, opType, overload }: NodeProto): string {
  return keyOf({ domain, name: opType, overload });
}

/** The functions that the model's graph comes to call. */
function calledIn(model: ModelProto): FunctionProto[] {
  const known = new Map<string, FunctionProto[]>();
  for (const each of model.functions) known.set(keyOf(each), [...(known.get(keyOf(each)) ?? []), each]);
  const found = new Map<string, FunctionProto>();
  const look = (graph: GraphProto) => {
    for (const node of allNodes(graph)) {
      const key = calledKey(node);
      const [called, twice] = known.get(key) ?? [];
      if (!called || found.has(key)) continue;
      if (twice)
        throw refusal(called, "is defined twice, and which of the two is meant nothing says; export the model again");
      found.set(key, called);
      look(create(GraphProtoSchema, { node: called.node }));
    }
  };
  look(graphOf(model));
  return [...found.values()];
}

function opsetOfFunction({ opsetImport }: FunctionProto, otherwise: number): number {
  return Number(opsetImport.find(({ domain }) => isDefaultDomain(domain))?.version ?? otherwise);
}

function commonOpset(called: readonly FunctionProto[], least: number): number {
  const opset = KNOWN_OPSETS.find((known) => known >= least);
  const isStandard = called.find(({ domain }) => isDefaultDomain(domain));
  if (opset !== undefined && !isStandard) return opset;
  const other = isStandard ?? called.find((each) => opsetOfFunction(each, 0) !== 0) ?? called[0];
  throw refusal(
    other as FunctionProto,
    "is written for another opset than the rest of the model; export the model with one opset for all of it",
  );
}

function assertTakes(called: FunctionProto, { input, output }: NodeProto): void {
  const [given, wanted] = [input.findLastIndex(Boolean) + 1, output.findLastIndex(Boolean) + 1];
  if (given <= called.input.length && wanted <= called.output.length) return;
  throw refusal(
    called,
    `has ${called.input.length} inputs and ${called.output.length} outputs and is called with ${given} and ${wanted}; export the model again`,
  );
}

function refusal({ domain, name }: FunctionProto, why: string): InputError {
  return new InputError(`The function ${domain ? `${domain}.${name}` : name} ${why}.`);
}

import type { Notice } from "../model/job.ts";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { withFields } from "../onnx/messages.ts";
import { freshName, renameInGraph, tensorNames } from "../onnx/names.ts";
import { inTopologicalOrder } from "../onnx/order.ts";
import {
  TensorProto_DataType as Code,
  type GraphProto,
  type ModelProto,
  type ValueInfoProto,
} from "../onnx/proto/onnx_pb.ts";
import { plural } from "../values/figures.ts";
import { doublesOfLayers } from "./doubles.ts";
import { FLOAT_NAMES, FloatRaiser } from "./floatRaiser.ts";
import { type Change, graphOf, type PassResult } from "./pass.ts";

export interface RaisedFloats extends PassResult {
  readonly notices: readonly Notice[];
}

/**
 * The model with all that is float16 or bfloat16 in float32, in subgraphs and local functions too, and with float64 in float32
 * where layers with weights compute in it; float64 beside them, as shapes are computed in, stays. Casts that then change
 * nothing are gone. Inputs and outputs keep their types, with a Cast to or from float32 at each; those of bfloat16, which cannot
 * be fed, become float32. The same model object where there is nothing to raise.
 * @throws InputError when a tensor does not hold what its shape asks for, or the graph is none.
 */
export function raiseFloats(model: ModelProto): RaisedFloats {
  const graph = inTopologicalOrder(graphOf(model));
  const raiser = new FloatRaiser(doublesOfLayers(graph));
  const inner = raiser.graph(graph, new Map());
  const functions = model.functions.map((each) => raiser.function(each));
  if (!raiser.hasRaised) return { model, changes: [], notices: [] };
  const { graph: whole, ports } = withPorts(inner, graph);
  return {
    model: withFields(model, { graph: whole, functions }),
    changes: changesOf(raiser),
    notices: [...raisedNotice(raiser), ...lossNotices(raiser), ...portNotices(ports)],
  };
}

/** The graph with inputs and outputs of the types that they had, but for bfloat16; `ports` are those that had that. */
function withPorts(
  raised: GraphProto,
  before: GraphProto,
): { readonly graph: GraphProto; readonly ports: readonly string[] } {
  const names = tensorNames(raised);
  const index = new GraphIndex(raised);
  const inputs = new Map(index.inputs.map((info) => [info.name, info]));
  const renames = new Map<string, string>();
  const typeBefore = new Map([...before.input, ...before.output].map((info) => [info.name, elementTypeOf(info)]));
  const isKept = (info: ValueInfoProto) => {
    const type = typeBefore.get(info.name);
    return (type === Code.FLOAT16 || type === Code.DOUBLE) && elementTypeOf(info) === Code.FLOAT;
  };
  const passed = new Set(raised.output.map(({ name }) => name).filter((name) => inputs.has(name)));
  const kept = {
    input: index.inputs.filter(isKept),
    output: raised.output.filter((info) => isKept(info) && !passed.has(info.name)),
  };
  for (const { name } of [...kept.input, ...kept.output]) renames.set(name, freshName(names, `${name}.float32`));
  const inside = renameInGraph(raised, renames);
  const original = new Map([...before.input, ...before.output].map((info) => [info.name, info]));
  const restored = (now: ValueInfoProto) =>
    renames.has(now.name) || (passed.has(now.name) && isKept(now)) ? (original.get(now.name) ?? now) : now;
  const cast = (from: string, to: string, type: Code) =>
    makeNode("Cast", [from], [to], { attributes: [intAttribute("to", type)] });
  return {
    graph: withFields(inside, {
      input: raised.input.map(restored),
      output: raised.output.map(restored),
      node: [
        ...kept.input.map(({ name }) => cast(name, renames.get(name)!, Code.FLOAT)),
        ...inside.node,
        ...kept.output.map(({ name }) => cast(renames.get(name)!, name, typeBefore.get(name)!)),
      ],
    }),
    ports: [...typeBefore].filter(([, type]) => type === Code.BFLOAT16).map(([name]) => name),
  };
}

function elementTypeOf({ type }: ValueInfoProto): Code {
  return type?.value.case === "tensorType" ? type.value.value.elemType : Code.UNDEFINED;
}

function changesOf({ constants, types, casts }: FloatRaiser): Change[] {
  const made = (counts: ReadonlyMap<Code, number>, noun: string) =>
    [...counts].map(([type, count]) => ({
      count,
      noun: `${FLOAT_NAMES.get(type)} ${noun}`,
      what: wordsFor(type),
      generation: 2,
    }));
  const removed = { count: casts, noun: "Cast layer", what: "between float32 and float32 removed" };
  const told = made(constants, "constant");
  return [...(told.length > 0 ? told : made(types, "tensor type")), ...(casts > 0 ? [removed] : [])];
}

function wordsFor(type: Code): string {
  return type === Code.DOUBLE ? "rounded to float32" : "raised to float32";
}

function raisedNotice({ types, constants }: FloatRaiser): Notice[] {
  const found = [...FLOAT_NAMES].filter(([type]) => types.has(type) || constants.has(type)).map(([, name]) => name);
  const subject = found.join(" and ");
  const message = `The model holds ${subject}, which is float32 here: it is run and quantized so, figures are against it in float32, and what stays in float is float32 in what is written.`;
  return [{ kind: "warning", subject, message }];
}

function lossNotices({ losses: { overflowed, vanished, integers } }: FloatRaiser): Notice[] {
  const told = [
    overflowed > 0 ? `${plural(overflowed, "value")} infinite` : "",
    vanished > 0 ? `${plural(vanished, "value")} 0` : "",
    integers > 0 ? `${plural(integers, "integer")} above 2^24 another integer` : "",
  ].filter(Boolean);
  if (told.length === 0) return [];
  const message = `float32 does not hold all float64 constants of the model: it makes ${told.join(", ")}; compare what the model gives in float32 with what you expect before you rely on it.`;
  return [{ kind: "warning", subject: "float64", message }];
}

function portNotices(ports: readonly string[]): Notice[] {
  return ports.map((name) => ({
    kind: "info",
    subject: name,
    message: `${name} is bfloat16, which ONNX Runtime's packages neither feed nor read; it is float32 here and in what is written.`,
  }));
}

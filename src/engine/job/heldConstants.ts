import { heldTensor } from "../data/constant.ts";
import { conditionsOf } from "../graph/heldInputs.ts";
import type { Prepared } from "../graph/prepare.ts";
import type { Notice } from "../model/job.ts";
import type { GivenInputs } from "../model/recipe.ts";
import { own } from "../model/record.ts";
import type { Port, TensorMap } from "../model/tensor.ts";
import { subgraphsOf } from "../onnx/attributes.ts";
import { allNodes, isDefaultDomain } from "../onnx/opset.ts";
import type { ModelProto, NodeProto } from "../onnx/proto/onnx_pb.ts";
import { OPERATORS } from "../operators/index.ts";
import { dimsText, elementCount } from "../values/dims.ts";
import { withShapes } from "./inputs.ts";

/**
 * The held inputs that may count as constants when a model is prepared: flags, integers and lone numbers of a fixed shape.
 * Throws InputError where a value or a shape is not for its input.
 */
export function constantInputs(ports: readonly Port[], inputs: GivenInputs): TensorMap {
  const held = withShapes(ports, inputs.shapes).flatMap((port): [string, ReturnType<typeof heldTensor>][] => {
    const value = own(inputs.values, port.name);
    return value !== undefined && isConstant(port) ? [[port.name, heldTensor({ port, value })]] : [];
  });
  return new Map(held);
}

/** The shapes of inputs that are known, as the model has them or as they are given. Throws InputError as withShapes does. */
export function knownShapes(ports: readonly Port[], { shapes }: GivenInputs): ReadonlyMap<string, readonly number[]> {
  const fixed = withShapes(ports, shapes).filter(
    ({ dims, unshaped }) => !unshaped && dims.every((dim) => typeof dim === "number"),
  );
  return new Map(fixed.map(({ name, dims }) => [name, dims.map(Number)]));
}

function isConstant({ type, dims }: Port): boolean {
  if (type === "other" || !dims.every((dim) => typeof dim === "number")) return false;
  return /int|bool/.test(type) || elementCount(dims) === 1;
}

/** Said of each If with weights inside that a value of inputs which are not held decides: held, they have its layers quantized. */
export function undecided(model: ModelProto, ports: readonly Port[], inputs: GivenInputs): Notice[] {
  const shaped = withShapes(ports, inputs.shapes);
  const free = new Set(
    shaped.filter((port) => own(inputs.values, port.name) === undefined && isConstant(port)).map(({ name }) => name),
  );
  const conditions = conditionsOf(
    model,
    ports.map(({ name }) => name),
  );
  return conditions.flatMap(({ node, sources }) => {
    const isFree = sources.size > 0 && [...sources].every((name) => free.has(name));
    if (!isFree || !holdsWeights(node)) return [];
    const names = [...sources].join(" and ");
    const message = `The layers inside ${node.name || `the If that makes ${node.output[0]}`} run in float, since ${names} ${sources.size === 1 ? "decides" : "decide"} at each run which of them do; hold ${sources.size === 1 ? "this input" : "these inputs"} at a value to have those quantized that it takes.`;
    return [{ kind: "info" as const, subject: names, message }];
  });
}

function holdsWeights(node: NodeProto): boolean {
  return subgraphsOf(node)
    .flatMap((graph) => [...allNodes(graph)])
    .some(({ opType, domain }) => isDefaultDomain(domain) && OPERATORS.get(opType)?.kind === "weighted");
}

/** What is said of held inputs whose values, and of inputs whose given shapes, decided which layers there are. */
export function decidedBy(
  { decided, shaped }: Pick<Prepared, "decided" | "shaped">,
  { values, shapes }: GivenInputs,
): { readonly notes: readonly string[]; readonly notices: readonly Notice[] } {
  const given = shaped.filter((name) => own(shapes, name));
  const names = [...decided, ...given];
  if (names.length === 0) return { notes: [], notices: [] };
  const known = [
    ...decided.map((name) => `${name} = ${own(values, name)}`),
    ...given.map((name) => `${name} of shape ${dimsText(own(shapes, name)!)}`),
  ];
  const note = `prepared for ${known.join(" and ")} alone`;
  const held = decided.length === 0 ? "" : " still takes the input and answers for that value whatever it is fed";
  const fixed = given.length === 0 ? "" : " takes no other shape";
  const what = [held, fixed].filter(Boolean).join(", and");
  const message = `The model was ${note}: in the place of each If layer that this decides stands the branch taken. What is written${what}.`;
  return { notes: [note], notices: [{ kind: "warning", subject: names.join(", "), message }] };
}

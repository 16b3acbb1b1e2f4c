import type { Notice } from "../model/job.ts";
import type { TensorMap } from "../model/tensor.ts";
import { worksOnQuantized } from "../onnx/checks.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { allNodes, isDefaultDomain, opsetOf } from "../onnx/opset.ts";
import { inTopologicalOrder } from "../onnx/order.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { listed, plural } from "../values/figures.ts";
import { foldBatchNormalization } from "./batchnorm.ts";
import { castsLike } from "./castLike.ts";
import { dropEmptyOutputs, dropUnread, hideInitializers } from "./cleanup.ts";
import { computeConstants, largeConstants } from "./computeConstants.ts";
import { constantsToInitializers, foldConstants } from "./constants.ts";
import { evenMatrices } from "./evenMatrices.ts";
import { fixShapes, type Shapes } from "./fixShapes.ts";
import { foldBodies } from "./foldBodies.ts";
import { foldQuantized } from "./foldQuantized.ts";
import { conditionsOf, holdInputs } from "./heldInputs.ts";
import { removeIdentities } from "./identity.ts";
import { inlineFunctions } from "./inlineFunctions.ts";
import { inlineConstantIfs } from "./inlineIf.ts";
import { convertOpset } from "./opset.ts";
import { type Change, type Evaluate, graphOf, type PassResult, withGraph } from "./pass.ts";
import { plainGemms } from "./plainGemm.ts";
import { raiseFloats } from "./raiseFloats.ts";
import { shareConstants } from "./shareConstants.ts";
import { foldStaticShapes } from "./staticShapes.ts";

/** What becomes of parts that are quantized already: those that are whole in integers stay so, or all is made float again. */
export type QuantizedParts = "keep" | "fold";

export interface Prepared {
  /** What is quantized. */
  readonly folded: ModelProto;
  /** The same before BatchNormalization is folded and Identity removed: it has every activation of the original. */
  readonly observed: ModelProto;
  /** What was done: "27 BatchNormalization layers folded into Conv". */
  readonly notes: readonly string[];
  /**
   * The latest generation of the passes that changed this model, 1 where none of those that came later did: what was learned
   * for the model under another is of other weights or layers.
   */
  readonly generation: number;
  readonly notices: readonly Notice[];
  /** The held inputs whose values decided an If, so that both forms answer for these values alone. */
  readonly decided: readonly string[];
  /** The inputs whose shapes decided one, so that both forms take these shapes alone. */
  readonly shaped: readonly string[];
}

/**
 * Float-to-float preparation: functions of the model inlined, all floats made float32 (raiseFloats.ts), what is quantized made
 * float again where it is not kept (foldQuantized.ts), constants folded, opset raised to `opset`, Ifs with a known condition
 * inlined, Identity removed, Gemm brought to its plain form, matrices of one MatMul to one size, BatchNormalization folded. Inputs
 * that are `held` at a value count as constants where that decides an If, and so do the shapes of inputs that are known. The model given is not changed, weights that stay are not
 * copied, and every activation of `folded` is in `observed` under the same name. `evaluate` runs models that need no inputs.
 * @throws InputError when an operator cannot be converted or the graph is not one.
 */
export async function prepareModel(
  model: ModelProto,
  evaluate: Evaluate,
  opset: number,
  {
    held = new Map(),
    shapes = new Map(),
    quantized = "keep",
  }: { readonly held?: TensorMap; readonly shapes?: Shapes; readonly quantized?: QuantizedParts } = {},
): Promise<Prepared> {
  const changes: Change[] = [];
  const step = (result: PassResult) => {
    changes.push(...result.changes);
    return result.model;
  };
  let current = step(inlineFunctions(model));
  current = dropEmptyOutputs(withGraph(current, { node: inTopologicalOrder(graphOf(current)).node }));
  current = step(hideInitializers(current));
  const raised = raiseFloats(current);
  current = step(raised);
  current = step(constantsToInitializers(current));
  const folding = foldQuantized(current, quantized === "fold");
  current = step(folding);
  current = step(castsLike(convertOpset(current, opset)));
  const free = new Map([...shapes].filter(([name]) => !held.has(name)));
  const { model: known, changes: made, decided } = await foldDecided(current, evaluate, held, free);
  changes.push(...made);
  current = step(evenMatrices(step(plainGemms(step(shareConstants(known))))));
  const observed = dropUnread(current);
  const plain = step(plainGemms(step(foldBatchNormalization(step(removeIdentities(observed, "activations"))))));
  const folded = dropUnread(plain);

  const opsets = opsetOf(model) === opsetOf(folded) ? [] : [`opset ${opsetOf(model)} converted to ${opsetOf(folded)}`];
  return {
    folded,
    observed,
    notes: [...opsets, ...summarize(changes)],
    generation: Math.max(1, ...changes.map(({ generation = 1 }) => generation)),
    notices: [
      ...raised.notices,
      ...(folding.notices.length > 0 ? folding.notices : leftQuantized(folded)),
      ...unfoldedNotices(folded),
      ...largeConstants(folded),
    ],
    decided: decided.filter((name) => held.has(name)),
    shaped: decided.filter((name) => free.has(name)),
  };
}

/** Folds what is constant, and what follows from as few of the held inputs and known shapes as decide as many Ifs as all of them. */
async function foldDecided(
  model: ModelProto,
  evaluate: Evaluate,
  held: TensorMap,
  shapes: Shapes,
): Promise<PassResult & Pick<Prepared, "decided">> {
  const plain = await foldKnown(model, evaluate);
  const withHeld = async (names: readonly string[]): Promise<PassResult> => {
    const named = <T>(map: ReadonlyMap<string, T>) => new Map([...map].filter(([name]) => names.includes(name)));
    const fixed = fixShapes(plain.model, named(shapes));
    const known = await foldKnown(holdInputs(fixed.model, named(held)), evaluate);
    return { model: known.model, changes: [...fixed.changes, ...known.changes] };
  };
  const known = [...held.keys(), ...shapes.keys()];
  const sources = new Set(conditionsOf(plain.model, known).flatMap((condition) => [...condition.sources]));
  // The shape of what is made of one input may be that of others, too.
  const isShaped = [...sources].some((name) => shapes.has(name));
  let decided = known.filter((name) => sources.has(name) || (isShaped && shapes.has(name)));
  let best = decided.length > 0 ? await withHeld(decided) : plain;
  if (decided.length === 0 || countIfs(best.model) === countIfs(plain.model)) return { ...plain, decided: [] };
  for (const name of decided) {
    const others = decided.filter((other) => other !== name);
    const without = others.length > 0 ? await withHeld(others) : null;
    if (without === null || countIfs(without.model) > countIfs(best.model)) continue;
    decided = others;
    best = without;
  }
  const since = best.changes.map((change): Change => ({ ...change, generation: 2 }));
  return { model: best.model, changes: [...plain.changes, ...since], decided };
}

async function foldKnown(model: ModelProto, evaluate: Evaluate): Promise<PassResult> {
  const changes: Change[] = [];
  const step = (result: PassResult) => {
    changes.push(...result.changes);
    return result.model;
  };
  let current = model;
  let before: ModelProto;
  do {
    before = current;
    current = step(constantsToInitializers(current));
    current = step(removeIdentities(current, "constants"));
    current = step(await foldConstants(current, evaluate));
    current = step(await computeConstants(current, evaluate));
    current = step(await foldStaticShapes(current, evaluate));
    current = step(inlineConstantIfs(current));
    current = step(await foldBodies(current, evaluate));
  } while (current !== before);
  return { model: current, changes };
}

function countIfs(model: ModelProto): number {
  return [...allNodes(graphOf(model))].filter(({ opType, domain }) => opType === "If" && isDefaultDomain(domain))
    .length;
}

function summarize(changes: readonly Change[]): string[] {
  const totals = new Map<string, Change>();
  for (const change of changes) {
    const key = `${change.noun} ${change.what}`;
    totals.set(key, { ...change, count: change.count + (totals.get(key)?.count ?? 0) });
  }
  return [...totals.values()].map(({ count, noun, what }) => `${count} ${noun}${count === 1 ? "" : "s"} ${what}`);
}

/** What works on quantized tensors that nothing folds back. */
function leftQuantized(folded: ModelProto): Notice[] {
  const nodes = [...allNodes(graphOf(folded))].filter(worksOnQuantized);
  if (nodes.length === 0) return [];
  const operators = listed([...new Set(nodes.map(({ opType }) => opType))]);
  const stay =
    nodes.length === 1
      ? "works on quantized tensors and stays as it is"
      : "work on quantized tensors and stay as they are";
  const message = `The model is quantized in part: ${plural(nodes.length, "node")} (${operators}) ${stay}; figures are against the model as it came; open it beside its float model to see what is quantized.`;
  return [{ kind: "warning", subject: "quantized operators", message }];
}

function unfoldedNotices(folded: ModelProto): Notice[] {
  const index = new GraphIndex(graphOf(folded));
  return index.graph.node
    .filter(({ opType }) => opType === "BatchNormalization")
    .map((node) => ({
      kind: "info",
      subject: index.id(node),
      message: "No layer before it can take this BatchNormalization in, so it stays a layer of its own.",
    }));
}

import { quantizeGraph } from "../../emit/index.ts";
import { Variations } from "../../evaluation/variation.ts";
import { type OpenModel, planModel, runnable } from "../../job/open.ts";
import { quantizationJob, quantizeModel } from "../../job/quantize.ts";
import type { Dataset } from "../../model/dataset.ts";
import type { Recipe } from "../../model/recipe.ts";
import type { Runtime } from "../../model/runtime.ts";
import type { OutputErrors, Sensitivity } from "../../model/sensitivity.ts";
import type { TensorMap } from "../../model/tensor.ts";
import { encodeModel } from "../../onnx/encode.ts";
import type { ModelProto } from "../../onnx/proto/onnx_pb.ts";
import { assertValid } from "../../onnx/testing/checker.ts";
import { OutputErrorSum } from "../outputErrors.ts";
import { unitsOf } from "../units.ts";

export interface BruteForce {
  readonly all: OutputErrors;
  /** What is null is what no plan gives: a layer without weights is not quantized alone. */
  readonly layers: ReadonlyMap<
    string,
    Readonly<Record<"weights" | "activations" | "alone" | "without", OutputErrors | null>>
  >;
  /** Models written, loaded and run for `layers`. */
  readonly variants: number;
}

/** The layers of a measurement again, each variant a model of its own that is written, loaded and run. */
export async function bruteForce(
  model: OpenModel,
  recipe: Recipe,
  dataset: Dataset,
  samples: number,
  measured: Sensitivity,
  runtime: Runtime,
): Promise<BruteForce> {
  const plan = planModel(model, recipe);
  const feeds: TensorMap[] = [];
  for (let i = 0; i < Math.min(samples, dataset.length); i++) feeds.push((await dataset.get(i)).feeds);
  const { threads } = measured.executor;
  const float = await runtime.createSession(runnable(model.original), { threads });
  const expected: TensorMap[] = [];
  for (const each of feeds) expected.push(await float.run(each));
  const variations = new Variations();
  for (const outputs of expected) variations.add(outputs);
  await float.dispose();
  let variants = 0;
  const judge = async (quantized: ModelProto): Promise<OutputErrors> => {
    assertValid(encodeModel(quantized), "a variant");
    const session = await runtime.createSession(runnable(quantized), { threads });
    const sum = new OutputErrorSum();
    for (const [i, outputs] of expected.entries()) {
      sum.add({ outputs, label: dataset.labels?.at(i) ?? null, source: "" }, await session.run(feeds[i]!));
    }
    await session.dispose();
    variants++;
    return sum.result(variations);
  };
  const leaving = (layers: readonly string[], biases = recipe.biases) =>
    withRanges(model, { ...recipe, float: { ...recipe.float, layers }, biases }, plan.groupOf);
  const units = unitsOf(plan);
  const all = plan.layers.map(({ id }) => id);
  const layers = new Map<string, Record<"weights" | "activations" | "alone" | "without", OutputErrors | null>>();
  for (const { layer, weights } of measured.layers) {
    const unit = units.find(({ id }) => id === layer)!;
    const own = new Set(unit.positions.map((at) => plan.layers[at]!.id));
    const biases = recipe.biases && Object.fromEntries(Object.entries(recipe.biases).filter(([id]) => own.has(id)));
    const alone = leaving(
      all.filter((id) => !own.has(id)),
      biases,
    );
    const isPlanned = planModel(model, alone).groups.length > 0;
    layers.set(layer, {
      weights: isPlanned && weights ? await judge(weightsOnly(model, alone)) : null,
      activations: isPlanned && weights ? await judge(activationsOnly(model, alone)) : null,
      alone: isPlanned ? await judge(quantizeModel(model, alone).model) : null,
      without: await judge(quantizeModel(model, leaving([...recipe.float.layers, ...own])).model),
    });
  }
  const count = variants;
  return { all: await judge(quantizeModel(model, recipe).model), layers, variants: count };
}

function weightsOnly(model: OpenModel, recipe: Recipe): ModelProto {
  const { corrected, plan, ranges } = quantizationJob(model, recipe);
  return quantizeGraph(corrected, { ...plan, groups: [], groupOf: new Map() }, ranges, recipe).model;
}

function activationsOnly(model: OpenModel, recipe: Recipe): ModelProto {
  const { float, plan, ranges } = quantizationJob(model, { ...recipe, biases: null });
  const layers = plan.layers.map((layer) => ({ ...layer, weightUse: null }));
  return quantizeGraph(float, { ...plan, layers }, ranges, recipe).model;
}

/** A recipe in which tensors that lead a group of their own have the range they share in the whole model. */
function withRanges(model: OpenModel, recipe: Recipe, groupOf: ReadonlyMap<string, string>): Recipe {
  const groups = planModel(model, recipe).groups;
  const own = groups.map(({ id }) => [id, recipe.resolved?.[groupOf.get(id) ?? ""] ?? recipe.resolved?.[id]]);
  return { ...recipe, resolved: Object.fromEntries(own.filter(([, range]) => range)) as Recipe["resolved"] };
}

import { dataShaped, dataShapedOutputs } from "../graph/dataShaped.ts";
import { graphOf } from "../graph/pass.ts";
import { exposeOutputs } from "../graph/shapes.ts";
import { inPairs } from "../model/format.ts";
import type { Notice } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import type { ModelFile, Session } from "../model/runtime.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import type { OpenModel } from "./open.ts";
import { type Quantized, quantizeModel } from "./quantize.ts";

/** The outputs of a model of which data decides how many rows they have. */
export function outputsShapedByData({ reference }: Pick<OpenModel, "reference">): ReadonlySet<string> {
  return dataShapedOutputs(reference);
}

/**
 * What is compared in place of outputs where none is floats of a size that holds for every quantized model: the last float32
 * tensors before them that are, such as the boxes and scores that NonMaxSuppression reads, or what an ArgMax does.
 */
export function standInsOf({ folded, reference, types }: OpenModel): readonly string[] {
  const graph = graphOf(folded);
  const index = new GraphIndex(graph);
  const tensors = dataShaped(graph);
  const isFloat = (name: string) => types.get(name)?.startsWith("float") === true;
  if (graph.output.some(({ name }) => isFloat(name) && index.producer(name) && !tensors.has(name))) return [];
  const known = new GraphIndex(graphOf(reference));
  const found = new Set<string>();
  const seen = new Set<string>();
  const waiting = graph.output.map((output) => output.name);
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    const maker = index.producer(name);
    if (!maker || seen.has(name)) continue;
    seen.add(name);
    if (types.get(name) === "float32" && !tensors.has(name) && known.has(name)) found.add(name);
    else waiting.push(...maker.input.filter(Boolean));
  }
  return [...found];
}

/** Says what is compared in the place of outputs; nothing where these are. */
export function standInNotices(standIns: readonly string[]): Notice[] {
  if (standIns.length === 0) return [];
  const message = `No output of the model has floats of a size that holds for every quantized model, so what these are made of is compared in their place: ${standIns.join(", ")}.`;
  return [{ kind: "info", subject: "outputs", message }];
}

/** The float model with what is compared among its outputs. */
export function referenceFile(model: OpenModel, standIns: readonly string[]): ModelFile {
  return toModelFile(exposeOutputs(model.reference, standIns));
}

/**
 * The same of a quantized model, whose tensors may have other names: `named` makes a session of it give those of the float model.
 * Where stand-ins are compared, it is in a format that shows them.
 */
export function quantizedFile(
  open: OpenModel,
  recipe: Recipe,
  quantized: Quantized,
  standIns: readonly string[],
): { readonly file: ModelFile; readonly named: (session: Session) => Session } {
  const shown = standIns.length === 0 ? recipe : inPairs(recipe);
  const { model, rounded } = shown === recipe ? quantized : quantizeModel(open, shown);
  const names = new Map(standIns.map((name) => [rounded.get(name) ?? name, name]));
  const file = toModelFile(exposeOutputs(model, [...names.keys()]));
  return { file, named: (session) => (names.size === 0 ? session : renaming(session, names)) };
}

function renaming(session: Session, names: ReadonlyMap<string, string>): Session {
  return {
    inputs: session.inputs,
    outputs: session.outputs,
    get lastRunTime() {
      return session.lastRunTime;
    },
    async run(feeds, fetches) {
      const outputs = await session.run(feeds, fetches);
      return new Map([...outputs].map(([name, tensor]) => [names.get(name) ?? name, tensor]));
    },
    dispose: () => session.dispose(),
  };
}

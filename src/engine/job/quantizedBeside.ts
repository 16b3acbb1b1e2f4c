import { withFloatEnds } from "../emit/floatEnds.ts";
import { runnableOpset } from "../graph/opset.ts";
import { exposeOutputs } from "../graph/shapes.ts";
import type { Dataset } from "../model/dataset.ts";
import type { Evaluation } from "../model/evaluation.ts";
import { InputError, type JobContext, type Notice } from "../model/job.ts";
import type { BesideGraph, NodeDetail } from "../model/modelGraph.ts";
import type { FileWalk, QuantizedBeside, Unmatched } from "../model/quantizedFile.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Runtime } from "../model/runtime.ts";
import type { ErrorWalk } from "../model/sensitivity.ts";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import { withFields } from "../onnx/messages.ts";
import { freshName, tensorNames } from "../onnx/names.ts";
import { TensorProto_DataType as Code, type ModelProto, type NodeProto } from "../onnx/proto/onnx_pb.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import type { QuantizationPlan } from "../plan/plan.ts";
import type { Matched } from "../quantized/match.ts";
import { unitsOf } from "../tuning/units.ts";
import { walkErrors, walkStops } from "../tuning/walk.ts";
import { evaluateModels } from "./evaluate.ts";
import { NodeDetails } from "./nodeDetail.ts";
import { defaultRecipe, type OpenModel, planModel, runnable } from "./open.ts";
import type { OpenQuantized } from "./readQuantized.ts";
import { matchQuantized, recoverRecipe } from "./recoverRecipe.ts";
import { computesBfloats } from "./runsHere.ts";
import { firstReadable } from "./samples.ts";
import { loadQuantized, quickestSession } from "./session.ts";
import { outputsShapedByData } from "./standIns.ts";
import { clippingBeside } from "./storedClipping.ts";
import { besideGraph } from "./writtenGraph.ts";

/** What a quantized file is beside a float model, and what is needed to run them side by side. */
export class Beside {
  readonly #model: OpenModel;
  readonly #quantized: OpenQuantized;
  readonly #matched: Matched;

  /** Throws InputError when the two have other inputs or outputs. */
  constructor(model: OpenModel, quantized: OpenQuantized) {
    assertPorts(model, quantized);
    this.#model = model;
    this.#quantized = quantized;
    this.#matched = matchQuantized(model, quantized);
  }

  describe(): QuantizedBeside {
    const { tensors: _, ...matching } = this.#matched;
    const recovery = recoverRecipe(this.#model, this.#quantized, this.#matched);
    const notices = [...this.#otherSource(), ...matching.notices];
    return { file: this.#quantized.file, matching: { ...matching, notices }, recovery };
  }

  /** Said where the file says that it was made from another model. */
  #otherSource(): Notice[] {
    const { name, origin } = this.#quantized.file;
    const { fileName, sha256 } = this.#model;
    if (!origin || origin.source === sha256) return [];
    const message = `"${name}" says that it was made from another model than ${fileName}: from one with the SHA-256 ${origin.source}, and this one has ${sha256}; choose that one.`;
    return [{ kind: "warning", subject: name, message }];
  }

  /** The file's own graph, which of its nodes are which layers. */
  graph(): BesideGraph {
    return besideGraph(this.#quantized, this.#matched);
  }

  /** What a node of that graph is; null for none of its own. */
  node(id: string): NodeDetail | null {
    return new NodeDetails(this.#quantized.model.graph!, this.#model.shapes).of(id);
  }

  /**
   * Float against the file, on a range of a dataset; `limit` is the drop of top-1 allowed, a share. What its clip ranges cut off is counted by `recipe`
   * where the file says that it was made by it, else by its own scales.
   */
  async evaluate(
    data: Dataset,
    range: { readonly skip: number; readonly samples: number; readonly limit: number },
    machine: string,
    recipe: Recipe,
    runtime: Runtime,
    context: JobContext,
  ): Promise<Evaluation> {
    const model = this.#model;
    const { bytes } = this.#quantized.file;
    const { clipping, notices } = clippingBeside(model, this.#quantized, this.#matched, recipe);
    const request = {
      float: { file: runnable(model.reference), bytes: model.bytes },
      quantized: { file: toModelFile(this.#runnable), bytes, computesBfloats: this.#computesBfloats },
      ...range,
      machine,
      dataShaped: outputsShapedByData(model),
      clipping,
    };
    const evaluation = await evaluateModels(request, data, runtime, context);
    return { ...evaluation, notices: [...evaluation.notices, ...notices] };
  }

  /**
   * Float against the file at every layer's output that both have, on the first samples; layers that both have and whose output is not
   * compared are told. Throws InputError when they share none, or no sample can be read.
   */
  async walk(data: Dataset, samples: number, runtime: Runtime, context: JobContext): Promise<FileWalk> {
    const model = this.#model;
    const { tensors } = this.#matched;
    const plan = planModel(model, defaultRecipe(model));
    const stops = walkStops(plan, model.types)
      .filter(({ tensor }) => tensors.has(tensor))
      .map((stop) => ({ ...stop, reads: stop.reads.filter((name) => tensors.has(name)) }));
    if (stops.length === 0) {
      throw new InputError(
        `No layer of "${this.#quantized.file.name}" makes what one of ${model.fileName} makes, so there is nothing to compare layer by layer; evaluate the outputs.`,
      );
    }
    context.report({ task: "Starting ONNX Runtime", done: 0, total: samples, unit: "samples" });
    const own = [...new Set(stops.flatMap(({ tensor, reads }) => [tensor, ...reads]))];
    const { model: shown, names } = this.#showing(own);
    const sample = await firstReadable(data, 0, samples);
    const float = toModelFile(runnableOpset(exposeOutputs(model.folded, own)));
    const { session, threads } = await quickestSession(runtime, float, sample, `"${model.fileName}"`);
    try {
      const quantized = await loadQuantized(runtime, toModelFile(shown), { threads }, this.#computesBfloats);
      try {
        const nameOf = (name: string) => names.get(name) ?? name;
        const walked = await walkErrors(stops, nameOf, { float: session, quantized }, data, samples, context);
        return { ...walked, unwalked: this.#unwalked(walked, plan) };
      } finally {
        await quantized.dispose();
      }
    } finally {
      await session.dispose();
    }
  }

  /** What both have and no step of a walk tells of. */
  #unwalked({ steps }: ErrorWalk, plan: QuantizationPlan): Unmatched[] {
    const walked = new Set(steps.map(({ layer }) => layer));
    const units = new Map(
      unitsOf(plan).flatMap((unit) => unit.positions.map((at) => [plan.layers[at]!.id, unit] as const)),
    );
    const stored = new Map(this.#quantized.layers.map((layer) => [layer.id, layer]));
    return this.#matched.matches.flatMap((match) => {
      const unit = units.get(match.float);
      if (unit && walked.has(unit.id)) return [];
      const { operator, within } = stored.get(match.stored)!;
      const around = within.at(-1);
      const why = around
        ? `it is in the graph ${around}, inside another node, which gives none of its values out`
        : this.#whyNotCompared(unit?.makes ?? []);
      return [{ layer: match.float, operator, why }];
    });
  }

  #whyNotCompared(makes: readonly string[]): string {
    const floats = makes.filter((name) => this.#model.types.get(name) === "float32");
    if (floats.length === 0) return "it makes no float32 values";
    if (!floats.some((name) => this.#matched.tensors.has(name))) return "the file has no tensor for what it makes";
    return "the data decides how many values it makes, or the file makes another number of them";
  }

  get #computesBfloats(): boolean {
    return computesBfloats(this.#quantized.model);
  }

  get #runnable(): ModelProto {
    return runnableOpset(withFloatEnds(this.#quantized.model));
  }

  /** The file with the float32 values of these tensors as outputs, and how they are called there. */
  #showing(own: readonly string[]): { readonly model: ModelProto; readonly names: ReadonlyMap<string, string> } {
    const model = this.#runnable;
    const graph = model.graph!;
    const taken = tensorNames(graph);
    const names = new Map<string, string>();
    const added: NodeProto[] = [];
    for (const tensor of own) {
      const { values, codes } = this.#matched.tensors.get(tensor)!;
      let from = values ?? "";
      if (codes && values === null) {
        from = freshName(taken, `${tensor}_values`);
        added.push(makeNode("DequantizeLinear", codes, [from], { name: from }));
      }
      const name = freshName(taken, `${tensor}_shown`);
      const attributes = [intAttribute("to", Code.FLOAT)];
      added.push(makeNode("Cast", [from], [name], { name, attributes }));
      names.set(tensor, name);
    }
    const whole = withFields(model, { graph: withFields(graph, { node: [...graph.node, ...added] }) });
    return { model: exposeOutputs(whole, [...names.values()]), names };
  }
}

/** A file with other inputs or outputs was made from another model. */
function assertPorts({ reference, fileName }: OpenModel, { file }: OpenQuantized): void {
  const names = (ports: readonly { readonly name: string }[]) => ports.map(({ name }) => name);
  const graph = reference.graph!;
  const constants = new Set(graph.initializer.map(({ name }) => name));
  const own = [
    { what: "input", has: names(graph.input).filter((name) => !constants.has(name)), other: names(file.inputs) },
    { what: "output", has: names(graph.output), other: names(file.outputs) },
  ];
  for (const { what, has, other } of own) {
    const missing = has.find((name) => !other.includes(name));
    if (missing === undefined) continue;
    throw new InputError(
      `"${file.name}" has no ${what} ${missing}, which ${fileName} has: it was made from another model; give the float model that it was made from.`,
    );
  }
}

import { ClipCounts, type CountedTensor } from "../evaluation/clipCounts.ts";
import { countOutside } from "../graph/countOutside.ts";
import type { Evaluation } from "../model/evaluation.ts";
import { takesRanges } from "../model/format.ts";
import { type Range, schemeOf } from "../model/range.ts";
import type { Recipe } from "../model/recipe.ts";
import { own } from "../model/record.ts";
import type { ModelFile, Runtime, Session } from "../model/runtime.ts";
import type { ModelSummary } from "../model/summary.ts";
import type { TensorMap } from "../model/tensor.ts";
import { affineParameters, clipRange, codedRange, keptRange } from "../numerics/affine.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import { equalizedModel, type OpenModel, summarizeModel } from "./open.ts";
import { reasonOf } from "./session.ts";

/** The float model as it is calibrated, giving how much clip ranges cut off and nothing else. */
export interface Clipping {
  readonly file: ModelFile;
  readonly tensors: readonly CountedTensor[];
}

/** A clip range as it is told, and what rounds to a code of it without being cut off: all beyond that is counted. */
export interface ClipBounds {
  readonly range: Range;
  readonly kept: Range;
}

/** Null where the recipe has no clip range. */
export function clippingOf(model: OpenModel, recipe: Recipe): Clipping | null {
  if (!takesRanges(recipe)) return null;
  const { groups, activations } = summarizeModel(model, recipe);
  const { observed, types } = equalizedModel(model, recipe);
  const bounds = new Map(
    groups.flatMap((group) => {
      const { id, fixed } = group;
      const range = fixed ?? own(recipe.resolved ?? {}, id);
      const scheme = schemeOf(group, recipe.activations);
      if (!range || types.get(id) !== "float32") return [];
      const affine = affineParameters(range, scheme);
      const kept = keptRange(codedRange(affine, scheme), affine.scale);
      return [[id, { range: clipRange(range, scheme), kept }] as const];
    }),
  );
  return countingOf(observed, bounds, { groups, activations });
}

/** The model with counters of what these ranges cut off; null without one. */
export function countingOf(
  observed: ModelProto,
  bounds: ReadonlyMap<string, ClipBounds>,
  { groups, activations }: Pick<ModelSummary, "groups" | "activations">,
): Clipping | null {
  const flat = new Map(groups.map(({ id, flatBelow }) => [id, flatBelow]));
  if (bounds.size === 0) return null;
  const producers = new Map(activations.map(({ name, producer }) => [name, producer]));
  const counting = countOutside(observed, new Map([...bounds].map(([id, { kept }]) => [id, told(kept, flat.get(id))])));
  const tensors = [...bounds].map(([tensor, { range }]): CountedTensor => {
    return { tensor, producer: producers.get(tensor) ?? null, range, ...counting.counts.get(tensor)! };
  });
  return { file: toModelFile(counting.model), tensors };
}

/** A range without the end below which what reads the values tells none apart: what is cut off there loses nothing. */
function told({ low, high }: Range, flatBelow: number | undefined): Range {
  return { low: flatBelow !== undefined && low <= flatBelow ? Number.NEGATIVE_INFINITY : low, high };
}

/** Counts on a session of its own, beside those of an evaluation. What fails there leaves the evaluation as it is, and is told. */
export class ClipWatch {
  readonly #session: Session | null;
  readonly #counts: ClipCounts | null;
  #failure: unknown;

  private constructor(session: Session | null, counts: ClipCounts | null, failure: unknown) {
    this.#session = session;
    this.#counts = counts;
    this.#failure = failure;
  }

  static async open({ file, tensors }: Clipping, runtime: Runtime, threads: number): Promise<ClipWatch> {
    try {
      const session = await runtime.createSession(file, { threads, arena: false });
      return new ClipWatch(session, new ClipCounts(session, tensors), null);
    } catch (error) {
      return new ClipWatch(null, null, error);
    }
  }

  /** Whether nothing is counted any more. */
  get hasFailed(): boolean {
    return this.#failure !== null;
  }

  async add(feeds: TensorMap): Promise<void> {
    if (this.hasFailed) return;
    try {
      await this.#counts?.add(feeds);
    } catch (error) {
      this.#failure = error;
    }
  }

  /** The evaluation with what was counted. */
  into(evaluation: Evaluation): Evaluation {
    if (!this.hasFailed) return { ...evaluation, clipped: this.#counts!.result() };
    const message = `What the clip ranges cut off on these samples was not counted, since the float model does not run with counters: ${reasonOf(this.#failure)}.`;
    return { ...evaluation, notices: [...evaluation.notices, { kind: "info", subject: "clip ranges", message }] };
  }

  async dispose(): Promise<void> {
    await this.#session?.dispose();
  }
}

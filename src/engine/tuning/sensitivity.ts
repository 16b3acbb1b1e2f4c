import { Variations } from "../evaluation/variation.ts";
import { widened } from "../evaluation/widened.ts";
import type { Dataset, Sample, SampleLabel } from "../model/dataset.ts";
import { InputError, type JobContext } from "../model/job.ts";
import type { Session } from "../model/runtime.ts";
import type { LayerSensitivity, Sensitivity } from "../model/sensitivity.ts";
import type { LayerHalves } from "../model/sensitivityShard.ts";
import type { Tensor, TensorMap } from "../model/tensor.ts";
import { splitHalfReliability } from "../numerics/ranking.ts";
import { type Expectation, OutputErrorSum } from "./outputErrors.ts";
import type { SensitivityModel } from "./sensitivityModel.ts";
import type { SegmentMode } from "./switchedModel.ts";
import type { Variant, VariantKind } from "./variants.ts";

export interface MeasureRequest {
  readonly samples: number;
  /** Whether to end before all samples are measured once they rank the layers reliably. */
  readonly untilSettled: boolean;
  /** Gives the outputs to compare with; null where the switched model's own float form does. */
  readonly reference: Session | null;
  /** Bytes that tensors and weights kept may take. */
  readonly bound: number;
  readonly executor: Sensitivity["executor"];
  /** `performance.now()` when the job began. */
  readonly start: number;
}

/**
 * A ranking of this reliability is expected to have a rank correlation of sqrt(0.96) = 0.98 with that of any number of
 * samples more.
 */
const RELIABLE = 0.96;
const LEAST_SAMPLES = 4;
/** Then `alone` is measured on so many times as many samples as the rest: two halves may agree by chance. */
const RANKED_ON = 1.5;

/** How often results are given while the first sample is measured, milliseconds. */
const PARTIAL_MS = 500;

type Base = Variant["base"];

/**
 * Measures every variant on the first samples of a dataset, one sample after the other; memory is one sample's tensors.
 * Ends early where that is asked for and the ranking is reliable. `onResult` gets the layers known so far during the first sample, and
 * all of them after each. Samples that cannot be read are left
 * out. Throws InputError when none can be read, the model has no float32 output, or none of its outputs means anything in the
 * float model.
 */
export async function measureSensitivity(
  model: SensitivityModel,
  session: Session,
  dataset: Dataset,
  request: MeasureRequest,
  context: JobContext,
  onResult: (partial: Sensitivity) => void,
): Promise<Measured> {
  return new Measurement(model, session, request, dataset, context, onResult).run();
}

/** A measurement, and what its reliability is found from; null where there are too few samples. */
export interface Measured {
  readonly sensitivity: Sensitivity;
  readonly halves: readonly LayerHalves[] | null;
}

/** How well two halves of the samples agree on a ranking, 1 where they do in full; null where they say nothing of it. */
export function reliabilityOf(halves: readonly LayerHalves[]): number | null {
  const reliability = splitHalfReliability(halves.map(({ even, odd }) => [even, odd] as const));
  return Number.isNaN(reliability) ? null : reliability;
}

class Measurement {
  readonly #model: SensitivityModel;
  readonly #session: Session;
  readonly #request: MeasureRequest;
  readonly #dataset: Dataset;
  readonly #context: JobContext;
  readonly #onResult: (partial: Sensitivity) => void;
  readonly #wanted: number;
  readonly #float = new Variations();
  readonly #all = new OutputErrorSum();
  readonly #sums: readonly OutputErrorSum[];
  /** Of the samples with an even and with an odd number, by variant; filled where a layer is alone in 8 bits. */
  readonly #halves: readonly (readonly [OutputErrorSum, OutputErrorSum])[];
  /** Segments whose tensors are kept, so that a run may start after them: all, until they are found too large. */
  #kept: number;
  #keptBytes = 0;
  #samples = 0;
  /** Samples that `alone` was measured on: those of all variants, and more once they rank the layers reliably. */
  #ranked = 0;
  #settled = false;
  #given = performance.now();

  constructor(
    model: SensitivityModel,
    session: Session,
    request: MeasureRequest,
    dataset: Dataset,
    context: JobContext,
    onResult: (partial: Sensitivity) => void,
  ) {
    this.#model = model;
    this.#session = session;
    this.#request = request;
    this.#dataset = dataset;
    this.#context = context;
    this.#onResult = onResult;
    this.#wanted = Math.min(request.samples, dataset.length);
    this.#sums = model.variants.map(() => new OutputErrorSum());
    this.#halves = model.variants.map(() => [new OutputErrorSum(), new OutputErrorSum()] as const);
    this.#kept = model.segments.length;
  }

  async run(): Promise<Measured> {
    let failure: InputError | null = null;
    for (let index = 0; index < this.#wanted; index++) {
      this.#context.signal.throwIfAborted();
      let sample: Sample;
      try {
        sample = await this.#dataset.get(index);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        failure ??= error;
        continue;
      }
      const label = this.#dataset.labels?.at(index) ?? null;
      if (this.#settled) await this.#rank(sample, label);
      else await this.#measure(sample, label);
      const result = this.#result();
      this.#give(result);
      if (this.#settled && this.#ranked >= this.#samples * RANKED_ON) break;
      this.#settled ||= this.#request.untilSettled && (result.reliability ?? 0) >= RELIABLE;
    }
    if (this.#samples === 0) {
      throw new InputError(
        `Not one of ${this.#wanted} samples could be read; ${failure?.message ?? "add other data."}`,
      );
    }
    if (this.#float.allSilent) {
      throw new InputError(`Sensitivity has nothing to go by. ${this.#float.notices()[0]!.message}`);
    }
    return { sensitivity: this.#result(), halves: this.#halvesByLayer() };
  }

  async #measure({ feeds, source }: Sample, label: SampleLabel): Promise<void> {
    const { variants } = this.#model;
    const float = await this.#baseRun("float", feeds);
    const quantized = await this.#baseRun("quantized", feeds);
    const outputs = this.#request.reference
      ? widened(await this.#request.reference.run(feeds))
      : this.#outputsOf(float);
    const expectation: Expectation = { outputs, label, source };
    this.#float.add(outputs);
    this.#all.add(expectation, this.#outputsOf(quantized));
    this.#keep(float, quantized);
    this.#samples++;
    this.#ranked++;
    for (const [at, variant] of variants.entries()) {
      this.#context.signal.throwIfAborted();
      this.#report(at);
      if (this.#isSpared(variant)) continue;
      const base = variant.base === "float" ? float : quantized;
      const made = await this.#variantRun(variant, feeds, base);
      this.#sums[at]!.add(expectation, made);
      if (variant.kind === "alone") this.#halves[at]![this.#samples % 2 === 0 ? 0 : 1].add(expectation, made);
      if (this.#samples === 1 && performance.now() - this.#given > PARTIAL_MS) {
        this.#give(this.#result((other) => other <= at));
      }
    }
  }

  /** What weights and activations cost apart explains a ranking that others make: every second sample does. */
  #isSpared({ kind }: Variant): boolean {
    const isApart = kind === "weights" || kind === "activations";
    return this.#request.untilSettled && isApart && this.#samples % 2 === 0;
  }

  /** Measures what layers are ranked by, and nothing else. */
  async #rank({ feeds, source }: Sample, label: SampleLabel): Promise<void> {
    const float = await this.#baseRun("float", feeds);
    const outputs = this.#request.reference
      ? widened(await this.#request.reference.run(feeds))
      : this.#outputsOf(float);
    this.#float.add(outputs);
    this.#ranked++;
    for (const [at, variant] of this.#model.variants.entries()) {
      this.#context.signal.throwIfAborted();
      if (variant.kind !== "alone") continue;
      this.#sums[at]!.add({ outputs, label, source }, await this.#variantRun(variant, feeds, float));
    }
  }

  /** A whole run in one base, with every tensor that runs may start from. */
  #baseRun(base: Base, feeds: TensorMap): Promise<TensorMap> {
    const { switched, segments } = this.#model;
    const modes = segments.map(() => base);
    const fetches = segments.flatMap(({ makes }, at) =>
      makes.filter((name) => at < this.#kept || this.#model.outputs.has(name)),
    );
    return this.#session.run(new Map([...feeds, ...switched.feeds(modes, () => base, new Map())]), fetches);
  }

  /** The outputs under a variant: what lies before the first segment that differs is the base's own. */
  async #variantRun({ base, changes }: Variant, feeds: TensorMap, known: TensorMap): Promise<TensorMap> {
    const { switched, segments, formIn, outputs } = this.#model;
    const changed = [...changes.keys()];
    const first = segments.findIndex(({ from, to }) => changed.some((unit) => unit >= from && unit < to));
    const start = first < 0 ? segments.length : Math.min(first, this.#kept);
    const modes = segments.map(({ from, to }, at): SegmentMode => {
      if (at < start) return "passed";
      return changed.some((unit) => unit >= from && unit < to) ? "mixed" : base;
    });
    const before = new Map(
      segments.slice(0, start).flatMap(({ makes }) => makes.map((name): [string, Tensor] => [name, known.get(name)!])),
    );
    const fetches = segments.slice(start).flatMap(({ makes }) => makes.filter((name) => outputs.has(name)));
    const given = [...before].filter(([name]) => outputs.has(name));
    if (fetches.length === 0) return widened(new Map(given));
    const switches = switched.feeds(modes, (unit) => changes.get(unit) ?? formIn(base, unit), before);
    return widened(new Map([...given, ...(await this.#session.run(new Map([...feeds, ...switches]), fetches))]));
  }

  #outputsOf(results: TensorMap): TensorMap {
    return widened(new Map([...results].filter(([name]) => this.#model.outputs.has(name))));
  }

  /** Finds how many segments' tensors fit the bound, and how many bytes they take. */
  #keep(...bases: readonly TensorMap[]): void {
    let bytes = this.#model.copiedBytes;
    this.#keptBytes = bytes;
    for (const [at, { makes }] of this.#model.segments.slice(0, this.#kept).entries()) {
      for (const name of makes) for (const base of bases) bytes += base.get(name)?.data.byteLength ?? 0;
      if (bytes > this.#request.bound) {
        this.#kept = at;
        return;
      }
      this.#keptBytes = bytes;
    }
  }

  #report(variant: number): void {
    const { variants } = this.#model;
    const done = (this.#samples - 1) * variants.length + variant;
    const total = variants.length * this.#wanted;
    this.#context.report({ task: "Measuring sensitivity", done, total, unit: "runs" });
  }

  /**
   * Of the layers with weights: the others lose far less, and would make any ranking look reliable. Null where halves of equal size have
   * fewer than two samples each, or no output says anything yet.
   */
  #halvesByLayer(): readonly LayerHalves[] | null {
    if (this.#samples < LEAST_SAMPLES || this.#samples % 2 === 1 || this.#float.allSilent) return null;
    const { units, variants } = this.#model;
    const weighted = new Set(variants.flatMap(({ kind, unit }) => (kind === "weights" ? [unit] : [])));
    return variants.flatMap(({ kind, unit }, at) => {
      if (kind !== "alone" || !weighted.has(unit)) return [];
      const [even, odd] = this.#halves[at]!.map((half) => half.result(this.#float).sqnr) as [number, number];
      return [{ layer: units[unit]!.id, even, odd }];
    });
  }

  /** Without the layers measured so far where these turn out to mean nothing. */
  #give(result: Sensitivity): void {
    this.#onResult(this.#float.allSilent ? { ...result, layers: [] } : result);
    this.#given = performance.now();
  }

  #result(isKnown: (variant: number) => boolean = () => true): Sensitivity {
    const { units, variants } = this.#model;
    const byUnit = new Map<number, Map<VariantKind, number>>();
    for (const [at, { unit, kind }] of variants.entries()) {
      const kinds = byUnit.get(unit) ?? new Map<VariantKind, number>();
      byUnit.set(unit, kinds.set(kind, at));
    }
    const layers: LayerSensitivity[] = [];
    for (const [unit, kinds] of byUnit) {
      if (![...kinds.values()].every(isKnown)) continue;
      const errors = (kind: VariantKind) => {
        const at = kinds.get(kind);
        return at === undefined ? null : this.#sums[at]!.result(this.#float);
      };
      const alone = errors("alone")!;
      layers.push({
        layer: units[unit]!.id,
        weights: errors("weights"),
        activations: errors("activations") ?? alone,
        alone,
        without: errors("without")!,
      });
    }
    const { bound, executor, start } = this.#request;
    const halves = this.#halvesByLayer();
    return {
      samples: this.#samples,
      ranked: this.#ranked,
      wanted: this.#wanted,
      labelled: this.#all.labelled,
      reliability: halves && reliabilityOf(halves),
      all: this.#all.result(this.#float),
      layers,
      kept: { bytes: this.#keptBytes, bound },
      executor,
      seconds: (performance.now() - start) / 1000,
      notices: this.#float.notices(),
    };
  }
}

import { type ChosenRange, methodRange, rangeOf, seenOf } from "../encode/ranges.ts";
import { weightChoices } from "../encode/weight.ts";
import { CAUSES, type Finding } from "../model/diagnosis.ts";
import { type Range, schemeOf } from "../model/range.ts";
import type { Recipe } from "../model/recipe.ts";
import { own } from "../model/record.ts";
import type { Sensitivity } from "../model/sensitivity.ts";
import type { Statistics, TensorStatistics } from "../model/statistics.ts";
import type { RangeGroup } from "../model/summary.ts";
import { affineParameters } from "../numerics/affine.ts";
import { clipFigures } from "../numerics/figures.ts";
import type { TensorProto } from "../onnx/proto/onnx_pb.ts";
import type { LayerPlan, QuantizationPlan } from "../plan/plan.ts";
import { withRemedy } from "../recipe/remedies.ts";
import { onWide, refusalOf } from "../targets/target.ts";
import type { Health } from "./culprits.ts";
import { activationSymptoms, type Symptom } from "./diagnosisActivations.ts";
import { coarseFindings } from "./diagnosisCoarse.ts";
import { sensitiveFindings } from "./diagnosisSensitivity.ts";
import { batchSpread, outlierChannels } from "./diagnosisSpread.ts";
import { weightSymptoms } from "./diagnosisWeights.ts";

export interface DiagnosisRequest {
  readonly plan: QuantizationPlan;
  readonly recipe: Recipe;
  /** Groups without statistics are passed over. */
  readonly statistics: Statistics;
  /** Measured under this very recipe; null where nothing was. */
  readonly sensitivity: Sensitivity | null;
  /** The plan with one layer more in float. */
  readonly planWithout: (layer: string) => QuantizationPlan;
  /** The plan with one tensor more in float. */
  readonly planWithoutTensor: (tensor: string) => QuantizationPlan;
}

interface Remembered {
  readonly key: string;
  readonly symptoms: readonly Symptom[];
  /** Of the weight with every live channel counting the same, or of a group's values, dB; null where no figure is. */
  readonly sqnr: number | null;
}

/** What one tensor suffers, whose it is, and its SQNR. */
interface Examined {
  readonly layer: string;
  readonly of: keyof Health;
  readonly known: Remembered;
}

/** What is wrong, worst first, and how well each layer's own tensors are kept. */
export interface Diagnosed {
  readonly findings: readonly Finding[];
  readonly health: ReadonlyMap<string, Health>;
}

/**
 * Finds probable causes for what a recipe costs a model, from what is at hand: statistics, weights and, if there is one,
 * a measured sensitivity. Remembers what it worked out about each tensor, so that a change of one range is quick.
 */
export class Diagnosis {
  readonly #ranges = new WeakMap<TensorStatistics, Map<string, Range>>();
  readonly #activations = new WeakMap<TensorStatistics, Remembered>();
  readonly #weights = new WeakMap<TensorProto, Map<string, Remembered>>();

  /**
   * Findings, the greatest loss first, of equal ones by graph order. What a group's values suffer is said of the layer
   * that computes them, before activation functions fused to it, and of "input NAME" where they come from outside.
   * `health` has the SQNR of each layer's weight and values. Yields after each tensor, so that a caller may let others have their turn.
   */
  *diagnose(request: DiagnosisRequest): Generator<undefined, Diagnosed> {
    const { plan, recipe, sensitivity } = request;
    const findings: Finding[] = [];
    const health = new Map<string, Health>();
    for (const tensors of [this.#ofGroups(request), this.#ofWeights(request)]) {
      for (const { layer, of, known } of tensors) {
        findings.push(...known.symptoms.map((symptom) => ({ layer, ...symptom })));
        const before = health.get(layer) ?? { weights: null, activations: null };
        if (known.sqnr !== null) health.set(layer, { ...before, [of]: Math.min(before[of] ?? Infinity, known.sqnr) });
        yield;
      }
    }
    findings.push(...this.#ofParts(request));
    if (sensitivity) {
      const explained = new Set(findings.filter(({ remedy }) => remedy !== null).map(({ layer }) => layer));
      findings.push(...sensitiveFindings(plan, sensitivity, explained));
    }
    const places = new Map(plan.layers.map(({ id }, place) => [id, place]));
    const place = ({ layer }: Finding) => places.get(layer) ?? -1;
    const taken = findings.map((finding) => withTaken(finding, plan, recipe));
    taken.sort((a, b) => b.loss - a.loss || place(a) - place(b) || CAUSES.indexOf(a.cause) - CAUSES.indexOf(b.cause));
    return { findings: taken, health };
  }

  #ofParts({ plan, recipe, statistics, planWithoutTensor }: DiagnosisRequest): Finding[] {
    const groups = new Map(plan.groups.map((group) => [group.id, group]));
    const scaleOf = (id: string): number | null => {
      const group = groups.get(id);
      const seen = group && seenOf(group, statistics);
      const scheme = group && schemeOf(group, recipe.activations);
      return seen && scheme ? affineParameters(this.#chosen(group, seen, recipe).range, scheme).scale : null;
    };
    return coarseFindings({ plan, statistics, scaleOf, makerOf: makersIn(plan), planWithoutTensor });
  }

  *#ofGroups(request: DiagnosisRequest): Generator<Examined> {
    const { plan, recipe } = request;
    const layers = new Map(plan.layers.map((layer) => [layer.node, layer]));
    const maker = makersIn(plan);
    for (const group of plan.groups) {
      const statistics = seenOf(group, request.statistics);
      if (!statistics) continue;
      const chosen = this.#chosen(group, statistics, recipe);
      const layer = maker(group.id);
      const freeing = (by: LayerPlan | null | undefined): string | null =>
        by && by.precision !== "float32" && !request.planWithout(by.id).groupOf.has(group.id) ? by.id : null;
      const { corrections, weights } = recipe;
      const key = JSON.stringify([
        group,
        recipe.activations,
        chosen,
        recipe.method,
        recipe.float,
        corrections,
        weights.granularity,
      ]);
      let known = this.#activations.get(statistics);
      if (known?.key !== key) {
        const readers = plan.index.consumers(group.id);
        const common = { group, statistics, recipe, chosen };
        const spread = outlierChannels({
          ...common,
          index: plan.index,
          floatReader: () => (readers.length === 1 ? freeing(layers.get(readers[0]!)) : null),
        });
        const others = activationSymptoms({ ...common, byMethod: this.#byMethod, floatLayer: () => freeing(layer) });
        const sqnr = isTelling(statistics)
          ? clipFigures(statistics, schemeOf(group, recipe.activations), chosen.range).sqnr
          : null;
        known = { key, symptoms: spread ? [spread, ...others] : others, sqnr };
        this.#activations.set(statistics, known);
      }
      yield { layer: layer?.id ?? `input ${group.id}`, of: "activations", known };
    }
  }

  *#ofWeights({ plan, recipe, statistics }: DiagnosisRequest): Generator<Examined> {
    const { index } = plan;
    const groups = new Map(plan.groups.map((group) => [group.id, group]));
    for (const layer of plan.layers) {
      const use = layer.weightUse;
      const proto = use && index.initializer(use.name);
      if (!use || !proto) continue;
      const group = groups.get(plan.groupOf.get(layer.node.input[1 - use.input] ?? "") ?? "");
      const seen = group && seenOf(group, statistics);
      const range = group && seen ? this.#chosen(group, seen, recipe).range : null;
      const scheme = schemeOf(layer, recipe.activations);
      const inputScale = range && affineParameters(range, scheme).scale;
      const choices = weightChoices(recipe, layer.wide ? onWide(plan.target) : plan.target, layer.id);
      const key = JSON.stringify([choices, inputScale]);
      const ofProto = this.#weights.get(proto) ?? new Map<string, Remembered>();
      this.#weights.set(proto, ofProto);
      let known = ofProto.get(layer.id);
      if (known?.key !== key) {
        const subject = { layer, use, index, choices, inputScale };
        const spread = batchSpread(subject);
        const { symptoms, sqnr } = weightSymptoms(subject);
        known = { key, symptoms: [...(spread ? [spread] : []), ...symptoms], sqnr };
        ofProto.set(layer.id, known);
      }
      yield { layer: layer.id, of: "weights", known };
    }
  }

  /** The range as the recipe was resolved, or as it would be. */
  #chosen(group: RangeGroup, statistics: TensorStatistics, recipe: Recipe): ChosenRange {
    const resolved = recipe.resolved && own(recipe.resolved, group.id);
    if (!resolved || group.fixed) return rangeOf(group, statistics, recipe, this.#byMethod);
    const { source } = rangeOf(group, statistics, recipe, () => resolved);
    return { range: resolved, source };
  }

  readonly #byMethod: typeof methodRange = (method, group, statistics, scheme) => {
    const known = this.#ranges.get(statistics) ?? new Map<string, Range>();
    this.#ranges.set(statistics, known);
    const key = JSON.stringify([method, scheme, group.bounds, group.least, group.whole]);
    const range = known.get(key) ?? methodRange(method, group, statistics, scheme);
    known.set(key, range);
    return range;
  };
}

/** Whether statistics are of values that differ, and can be told from others. */
function isTelling({ finite, min, max }: TensorStatistics): boolean {
  return finite > 0 && min !== max;
}

/** Without a remedy that the target does not take. */
function withTaken(finding: Finding, { target }: QuantizationPlan, recipe: Recipe): Finding {
  const { remedy } = finding;
  return remedy && refusalOf(target, withRemedy(recipe, remedy.edit)) !== null ? { ...finding, remedy: null } : finding;
}

/** The layer that computes a tensor, before activation functions fused to it. */
function makersIn({ layers, index }: QuantizationPlan): (tensor: string) => LayerPlan | null {
  const byNode = new Map(layers.map((layer) => [layer.node, layer]));
  return (tensor) => {
    for (let at = tensor; ; ) {
      const node = index.producer(at);
      const layer = node && byNode.get(node);
      if (!layer?.follower) return layer ?? null;
      const { follower } = layer;
      const read = follower.kind === "sum" ? [follower.taken] : layer.node.input;
      const before = read.find((name) => index.producer(name) !== undefined);
      if (before === undefined) return layer;
      at = before;
    }
  };
}

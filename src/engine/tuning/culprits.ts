import type { Culprit, Culprits, Suggestion } from "../model/culprit.ts";
import type { Finding } from "../model/diagnosis.ts";
import type { ErrorWalk, LayerSensitivity, Sensitivity, WalkStep } from "../model/sensitivity.ts";
import { plural } from "../values/figures.ts";
import { decibel } from "../values/units.ts";
import { HEALTHY_SQNR, LARGEST_LOSS, MUCH_LOST, POOR_SQNR, SENSITIVE_REGAIN } from "./diagnosisThresholds.ts";

/** SQNR of a layer's own tensors, dB; null where it is not known, or nothing is rounded. */
export interface Health {
  /** Of its weight, every live channel counting the same. */
  readonly weights: number | null;
  /** Of the values that it makes, estimated. */
  readonly activations: number | null;
}

export interface CulpritRequest {
  /** Ids of the layers of which anything is quantized, in graph order. */
  readonly layers: readonly string[];
  /** What is wrong with tensors, worst first. */
  readonly findings: readonly Finding[];
  readonly health: ReadonlyMap<string, Health>;
  /** Measured under this very recipe; null where they were not. */
  readonly sensitivity: Sensitivity | null;
  readonly walk: ErrorWalk | null;
  /** What can be changed for all layers at once, as the recipe, the target and the model allow it; those that change most at first. */
  readonly forAll: readonly Suggestion[];
}

type Evidence = Pick<Culprit, "alone" | "regained" | "entering" | "weights" | "activations">;

/**
 * The one ranking of layers by what they cost: all evidence joined, worst first. A layer is in it that has a finding with a
 * loss, without which outputs of less than 40 dB regain 1 dB or more, that alone leaves them less than 20 dB, or at whose output 3 dB or more are
 * lost of what it reads.
 *
 * The rank goes by the power of one error relative to its signal, 10^(-SQNR / 10): such powers add up where layers err
 * independently, decibels do not. It is that of the outputs with the layer alone quantized where that was measured; else what enters
 * at its output in the exported model, 10^(-SQNR of what it makes / 10) less that of the worst it reads, measured; else that at its
 * weight and at the values it makes, estimated. Measured comes before estimated; ties keep the order of the graph.
 */
export function culpritsOf(request: CulpritRequest): Culprits {
  const { layers, findings, health, sensitivity, walk, forAll } = request;
  const measured = new Map(sensitivity?.layers.map((layer) => [layer.layer, layer]));
  const walked = new Map(walk?.steps.map((step) => [step.layer, step]));
  const isHealthy = (sensitivity?.all.sqnr ?? -Infinity) >= HEALTHY_SQNR;
  const costs = findings.filter(({ cause, loss }) => loss > 0 && !(isHealthy && cause === "sensitive"));
  const owners = [...new Set([...costs.map(({ layer }) => layer), ...layers, ...measured.keys()])];
  const places = new Map(layers.map((layer, place) => [layer, place]));
  const list = owners
    .map((layer): Culprit | null => {
      const own = costs.filter((finding) => finding.layer === layer);
      const evidence = evidenceOf(measured.get(layer), walked.get(layer), health.get(layer), sensitivity);
      if (own.length === 0 && !standsOut(evidence, isHealthy)) return null;
      const telling = own.find(({ remedy }) => remedy !== null) ?? own[0];
      return {
        layer,
        ...powerOf(evidence, walked.get(layer), own),
        ...evidence,
        ...(telling
          ? { cause: telling.cause, sentence: telling.sentence, figure: telling.figure }
          : { cause: null, ...unexplained(evidence, measured.get(layer), sensitivity, walk) }),
        remedy: telling?.remedy ?? remedyOf(layer, evidence, measured.get(layer), forAll),
      };
    })
    .filter((culprit) => culprit !== null)
    .sort(
      (a, b) =>
        ORDER[a.by] - ORDER[b.by] || b.power - a.power || (places.get(a.layer) ?? -1) - (places.get(b.layer) ?? -1),
    );
  return {
    list,
    forAll,
    samples: { sensitivity: sensitivity?.ranked ?? null, walk: walk?.samples ?? null },
  };
}

const ORDER: Readonly<Record<Culprit["by"], number>> = { alone: 0, entering: 1, estimated: 2 };

/** The lower SQNR of a layer's weight and of the values that it makes, dB; null where neither is known. */
export function worseOf({ weights, activations }: Health): number | null {
  if (weights === null || activations === null) return weights ?? activations;
  return Math.min(weights, activations);
}

function evidenceOf(
  layer: LayerSensitivity | undefined,
  step: WalkStep | undefined,
  health: Health | undefined,
  sensitivity: Sensitivity | null,
): Evidence {
  return {
    alone: layer ? known(layer.alone.sqnr) : null,
    regained: layer && sensitivity ? known(layer.without.sqnr - sensitivity.all.sqnr) : null,
    entering: step?.inputSqnr === undefined || step.inputSqnr === null ? null : known(step.inputSqnr - step.sqnr),
    weights: known(health?.weights ?? null),
    activations: known(health?.activations ?? null),
  };
}

/** What can be written down: an infinite gain ends at the largest loss, and what has no error tells nothing. */
function known(decibels: number | null): number | null {
  if (decibels === null || Number.isNaN(decibels) || decibels === Infinity) return null;
  return Math.max(decibels, -LARGEST_LOSS);
}

function standsOut({ alone, regained, entering }: Evidence, isHealthy: boolean): boolean {
  return (
    (alone ?? Infinity) < POOR_SQNR ||
    (!isHealthy && (regained ?? -Infinity) >= SENSITIVE_REGAIN) ||
    (alone === null && (entering ?? -Infinity) >= MUCH_LOST)
  );
}

function powerOf(
  evidence: Evidence,
  step: WalkStep | undefined,
  own: readonly Finding[],
): Pick<Culprit, "power" | "by"> {
  const power = (decibels: number) => 10 ** (-decibels / 10);
  if (evidence.alone !== null) return { power: power(evidence.alone), by: "alone" };
  if (step && evidence.entering !== null) {
    return { power: Math.max(0, power(step.sqnr) - power(step.inputSqnr!)), by: "entering" };
  }
  const worse = worseOf(evidence);
  const lost = own.reduce((most, { loss }) => Math.max(most, loss), 0);
  return { power: worse === null ? power(LARGEST_LOSS - lost) : power(worse), by: "estimated" };
}

function unexplained(
  evidence: Evidence,
  measured: LayerSensitivity | undefined,
  sensitivity: Sensitivity | null,
  walk: ErrorWalk | null,
) {
  const { alone, regained, entering, weights, activations } = evidence;
  const figures = [
    ...(alone === null
      ? []
      : [`outputs ${decibel(alone)} with it alone quantized (measured on ${plural(sensitivity!.ranked, "sample")})`]),
    ...(regained === null ? [] : [`they regain ${decibel(regained)} with it in float`]),
    ...(entering === null || !walk
      ? []
      : [`${decibel(entering)} lost at its output (measured on ${plural(walk.samples, "sample")})`]),
    ...(weights === null ? [] : [`SQNR of its weight ${decibel(weights)}`]),
    ...(activations === null ? [] : [`of its values ${decibel(activations)} (estimated)`]),
  ];
  const part = !measured ? "It" : isByWeights(measured) ? "Its weight" : "Rounding what it reads and makes";
  return { sentence: `${part} costs more than the figures of its own tensors explain.`, figure: figures.join(", ") };
}

/** Whether the weights alone cost the outputs as much as the activations alone, or more. */
function isByWeights({ weights, activations }: LayerSensitivity): boolean {
  return weights !== null && weights.sqnr <= activations.sqnr;
}

const OF_WEIGHTS: ReadonlySet<Suggestion["edit"]["kind"]> = new Set(["granularity", "equalization", "rounding"]);

/** What is recommended where no finding has a remedy: what mends the worse of weights and activations for all layers, else float. */
function remedyOf(
  layer: string,
  { alone, regained }: Evidence,
  measured: LayerSensitivity | undefined,
  forAll: readonly Suggestion[],
): Suggestion | null {
  if (!measured) return null;
  const ofWeights = forAll.find(({ edit: { kind } }) => OF_WEIGHTS.has(kind));
  if (isByWeights(measured) && ofWeights) return ofWeights;
  const isWorth = (regained ?? 0) >= SENSITIVE_REGAIN || (alone ?? Infinity) < POOR_SQNR;
  if (!isWorth) return null;
  if (regained === null || !(regained > 0)) {
    return {
      edit: { kind: "float", layer },
      sentence: "Leave it in float, with those above it: alone that regains nothing (measured).",
    };
  }
  return {
    edit: { kind: "float", layer },
    sentence: `Leave it in float: +${decibel(regained)} at the outputs (measured).`,
  };
}

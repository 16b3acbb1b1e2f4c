import type { Notice } from "../model/job.ts";
import { type ActivationScheme, type Affine, type Range, schemeOf, widened } from "../model/range.ts";
import type { Recipe } from "../model/recipe.ts";
import type { RangeGroup } from "../model/summary.ts";
import { affineParameters } from "../numerics/affine.ts";
import { type CodeLimits, codeLimits, isWide, weightBits } from "../values/codes.ts";
import { plural } from "../values/figures.ts";
import { BFLOAT, HALF } from "../values/halfFloats.ts";
import { roundHalfEven } from "../values/round.ts";
import { type EncodedConstant, encodeConstant } from "./constant.ts";
import { type FineBias, fineBias } from "./fineBias.ts";
import { encodeHalves } from "./halves.ts";
import { type EncodedWeight, encodeWeight, type Multiplier, type WeightSource, weightChoices } from "./weight.ts";

/** What of a layer becomes numbers. */
export interface LayerSource {
  readonly id: string;
  /** Whether it computes in 16 bits where others have 8. */
  readonly isWide: boolean;
  readonly weight: WeightSource | null;
  /** The group of what the weight is multiplied with; null where that stays in float. */
  readonly inputGroup: string | null;
  /** A clamp of its own, and the group that it is rounded in. */
  readonly clamp: (Range & { readonly group: string }) | null;
  /** The bias of a layer, of which a float one is to be computed: its values, or as many zeros as there are channels. */
  readonly floatBias: Float32Array | number | null;
}

/** What is encoded, in the order of the graph. */
export interface EncodeRequest {
  readonly multiplier: Multiplier;
  /** Of layers in 16 bits where others have 8. */
  readonly wideMultiplier: Multiplier;
  readonly groups: readonly Pick<RangeGroup, "id" | "fixed" | "wide">[];
  readonly layers: readonly LayerSource[];
  /** Constant operands of 8-bit layers, by name. */
  readonly constants: ReadonlyMap<string, () => Float32Array>;
  /** Those of layers in 16 bits where others have 8. */
  readonly wideConstants: ReadonlyMap<string, () => Float32Array>;
  /** Weights that become floats of 16 bits. */
  readonly halves?: readonly WeightSource[];
}

/** The part of a recipe that decides what numbers a plan comes to. */
export type EncodingChoices = Pick<Recipe, "format" | "activations" | "weights" | "rounding" | "codes">;

/** What a plan comes to: codes, scales, zero points and biases, as numbers. */
export interface Numbers {
  readonly activations: ActivationScheme;
  /** Scale and zero point of each range group, as it is made. */
  readonly affine: ReadonlyMap<string, Affine>;
  /** The same in 8 bits of a group that is made in 16, and the other way about; empty where all layers have as many. */
  readonly converted: ReadonlyMap<string, Affine>;
  /** By layer. */
  readonly weights: ReadonlyMap<string, EncodedWeight>;
  /** What gives the bits of weights in floats of 16 bits, by name. */
  readonly halves: ReadonlyMap<string, () => Uint16Array>;
  readonly fineBiases: ReadonlyMap<string, FineBias>;
  /** Layers that clamp to bounds which quantize to the extreme codes, so that saturating does the same. */
  readonly implied: ReadonlySet<string>;
  /** What the other clamps let through, in codes of the group that they are rounded in, by layer. */
  readonly clamps: ReadonlyMap<string, CodeLimits>;
  /** By tensor; constants that are not finite are not in it. */
  readonly constants: ReadonlyMap<string, EncodedConstant>;
  readonly wideConstants: ReadonlyMap<string, EncodedConstant>;
  readonly notices: readonly Notice[];
}

/** Encodes a layer's weight; what the same layer came to before may be given again. */
export type WeightEncoder = (layer: LayerSource, weight: WeightSource, inputScale: number | null) => EncodedWeight;

/**
 * Works out the numbers of a plan. `ranges` holds a finite range for every group that has none fixed. The same arguments
 * give the same numbers. Throws InputError as encodeWeight does.
 */
export function encode(
  { multiplier, wideMultiplier, groups, layers, constants, wideConstants, halves = [] }: EncodeRequest,
  ranges: ReadonlyMap<string, Range>,
  choices: EncodingChoices,
  weigh: WeightEncoder = (layer, weight, inputScale) =>
    encodeWeight(weight, weightChoices(choices, layer.isWide ? wideMultiplier : multiplier, layer.id), inputScale),
): Numbers {
  const { activations } = choices;
  const notices: Notice[] = [];
  const isMixed = layers.some(({ isWide }) => isWide) || groups.some(({ wide }) => wide !== undefined);
  const wider = isMixed ? widened(activations) : null;
  const affine = new Map<string, Affine>();
  const converted = new Map<string, Affine>();
  for (const { id, fixed, wide } of groups) {
    const range = fixed ?? ranges.get(id);
    if (!range) throw new Error(`There is no range for ${id}.`);
    const { degenerate, ...parameters } = affineParameters(range, schemeOf({ wide }, activations));
    affine.set(id, parameters);
    if (wider) {
      const { scale, zeroPoint } = affineParameters(range, wide ? activations : wider);
      converted.set(id, { scale, zeroPoint });
    }
    if (degenerate) notices.push(degenerateNotice(id, parameters));
  }
  const byId = new Map(groups.map((group) => [group.id, group]));
  const weights = new Map<string, EncodedWeight>();
  const type = choices.format === "bfloat16" ? BFLOAT : HALF;
  const fineBiases = new Map<string, FineBias>();
  const implied = new Set<string>();
  const clamps = new Map<string, CodeLimits>();
  for (const layer of layers) {
    const { id, weight, inputGroup, clamp, floatBias } = layer;
    const known = clamp && affine.get(clamp.group);
    if (known) {
      const scheme = schemeOf(byId.get(clamp.group)!, activations);
      const limits = clampedCodes(clamp, known, scheme);
      if (limits.every((limit, end) => limit === codeLimits(scheme.type)[end])) implied.add(id);
      else clamps.set(id, limits);
    }
    const finely = () => floatBias !== null && fineBiases.set(id, fineBias(floatBias, choices.weights.scales));
    if (!weight) {
      finely();
      continue;
    }
    const isConverted = inputGroup !== null && layer.isWide !== (byId.get(inputGroup)?.wide !== undefined);
    const encoded = weigh(layer, weight, (isConverted ? converted : affine).get(inputGroup ?? "")?.scale ?? null);
    weights.set(id, encoded);
    // Such weights are multiplied as float, without a bias in codes, and a runtime that quantizes biases itself rounds it to their coarse steps.
    const isFloat = weightBits(encoded.type) < 8 || layer.isWide || isWide(activations.type);
    if (encoded.bias === null && isFloat && encoded.type !== "float8") finely();
    notices.push(...channelNotices(id, encoded));
  }
  const encoded = (values: EncodeRequest["constants"], scheme: ActivationScheme) =>
    new Map(
      [...values].flatMap(([name, valuesOf]) => {
        const constant = encodeConstant(valuesOf(), scheme);
        return constant ? [[name, constant] as const] : [];
      }),
    );
  return {
    activations,
    affine,
    converted,
    weights,
    halves: new Map(halves.map((weight) => [weight.name, () => encodeHalves(weight, type)])),
    fineBiases,
    implied,
    clamps,
    constants: encoded(constants, activations),
    wideConstants: wider ? encoded(wideConstants, wider) : new Map(),
    notices,
  };
}

/** The codes between two bounds: all of them where saturating does the same. */
function clampedCodes({ low, high }: Range, affine: Affine, { type }: ActivationScheme): CodeLimits {
  const [lowest, highest] = codeLimits(type);
  const code = (bound: number) =>
    Math.min(Math.max(roundHalfEven(bound / affine.scale) + affine.zeroPoint, lowest), highest);
  return [code(low), code(high)];
}

function degenerateNotice(subject: string, { scale }: Affine): Notice {
  const message = `${subject} was seen with no values but zero or next to it; its scale is ${scale}.`;
  return { kind: "warning", subject, message };
}

function channelNotices(subject: string, { dead, axis, raised }: EncodedWeight): Notice[] {
  const notices: Notice[] = [];
  if (dead.length > 0) {
    const which =
      axis === null ? "is" : `has ${plural(dead.length, "channel")} that ${dead.length === 1 ? "is" : "are"}`;
    const message = `The weight of ${subject} ${which} all zero or next to it.`;
    notices.push({ kind: "warning", subject, message });
  }
  if (raised > 0) {
    const message = `${plural(raised, "weight scale")} of ${subject} ${raised === 1 ? "was" : "were"} raised so that its bias fits 32 bits.`;
    notices.push({ kind: "info", subject, message });
  }
  return notices;
}

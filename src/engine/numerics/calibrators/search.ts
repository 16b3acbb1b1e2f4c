import type { ActivationScheme, Affine, Range } from "../../model/range.ts";
import { codeLimits, isWide } from "../../values/codes.ts";
import { affineParameters, allowedScale, SCALE_FLOOR } from "../affine.ts";
import type { Density } from "../density.ts";
import { octaves } from "../octaves.ts";
import { type QuantizationSums, quantizationSums } from "../quantizationError.ts";

interface Grid {
  /** Codes between the zero points tried, and scales tried in an octave. */
  readonly zeroStep: number;
  readonly perOctave: number;
  /** Steps either side of the best point so far. */
  readonly zeroReach: number;
  readonly scaleReach: number;
}

const COARSE = { zeroStep: 16, perOctave: 4 };
/** With few values the loss is rugged: the zero point alone settles how densely scales can be tried in time. */
const FINER: readonly Grid[] = [
  { zeroStep: 4, perOctave: 16, zeroReach: 4, scaleReach: 4 },
  { zeroStep: 1, perOctave: 128, zeroReach: 4, scaleReach: 12 },
  { zeroStep: 1, perOctave: 1024, zeroReach: 1, scaleReach: 8 },
];
const FINER_SCALES: readonly Grid[] = [
  { zeroStep: 0, perOctave: 256, zeroReach: 0, scaleReach: 128 },
  { zeroStep: 0, perOctave: 2048, zeroReach: 0, scaleReach: 8 },
];
/** Of powers of two each was tried; around the best of them the zero points are. */
const ZERO_POINTS: readonly Grid[] = [4, 1].map((zeroStep) => ({
  zeroStep,
  perOctave: 1,
  zeroReach: 4,
  scaleReach: 1,
}));
/** How far below the widest scale the search looks, in octaves. */
const DEPTH = 14;
/** A zero point's scales are given up once this many times worse than its best. */
const HOPELESS = 8;
/** Coarse points refined; neighbours as a rule, now and then another valley. */
const STARTS = 2;
/** What rounding a scale to float32 can add to it. */
const FLOAT32_ROUNDING = 1 + 2 ** -23;

interface Candidate extends Affine {
  readonly loss: number;
}

/**
 * The range whose quantizer has the least `loss`, over all scales and, in an asymmetric scheme, zero points: a coarse
 * grid, refined around its best points; where scales are powers of two, over these alone. Min-max and the scales that end exactly at an extreme are always tried.
 * Returns min-max itself when the values vanish, and of 16 bits, which have codes enough for all that was seen.
 */
export function searchRange(
  density: Density,
  scheme: ActivationScheme,
  loss: (sums: QuantizationSums) => number,
): Range {
  const seen: Range = { low: density.min, high: density.max };
  const minmax = affineParameters(seen, scheme);
  if (minmax.degenerate || isWide(scheme.type)) return seen;
  const [lowest, highest] = codeLimits(scheme.type);

  const candidate = (scale: number, zeroPoint: number): Candidate => {
    const widest = allowedScale(widestScale(density, scheme, zeroPoint), scheme.scales);
    if (scale > FLOAT32_ROUNDING * widest || scale < SCALE_FLOOR) return { scale, zeroPoint, loss: Infinity };
    const quantizer = { scale, below: zeroPoint - lowest, above: highest - zeroPoint };
    return { scale, zeroPoint, loss: loss(quantizationSums(density, quantizer)) };
  };
  const better = (a: Candidate, b: Candidate) => (b.loss < a.loss ? b : a);

  const isFree = scheme.scales === undefined;
  const perOctave = isFree ? COARSE.perOctave : 1;
  const points = [candidate(minmax.scale, minmax.zeroPoint)];
  const zeroPoints = coarseZeroPoints(density, scheme, minmax.zeroPoint);
  for (const zeroPoint of zeroPoints) {
    const widest = allowedScale(widestScale(density, scheme, zeroPoint), scheme.scales);
    let least = Infinity;
    for (let step = 0; step <= DEPTH * perOctave; step++) {
      const point = candidate(widest * octaves(-step / perOctave), zeroPoint);
      points.push(point);
      least = Math.min(least, point.loss);
      if (point.loss > HOPELESS * least) break;
    }
  }

  const refine = (start: Candidate): Candidate => {
    let best = start;
    for (const grid of isFree ? (zeroPoints.length === 1 ? FINER_SCALES : FINER) : ZERO_POINTS) {
      const centre = best;
      for (const zeroPoint of neighbours(centre.zeroPoint, grid, scheme)) {
        for (let step = -grid.scaleReach; step <= grid.scaleReach; step++) {
          best = better(best, candidate(centre.scale * octaves(step / grid.perOctave), zeroPoint));
        }
      }
    }
    const ending = (isFree ? endingScales(density, scheme, best.zeroPoint) : []).map((scale) =>
      candidate(scale, best.zeroPoint),
    );
    return ending.reduce(better, best);
  };
  const starts = points.sort((a, b) => a.loss - b.loss).slice(0, STARTS);
  return representedRange(starts.map(refine).reduce(better), scheme);
}

/** Zero points worth a first look: only the end one when all values have one sign. */
function coarseZeroPoints(density: Density, scheme: ActivationScheme, minmax: number): number[] {
  if (scheme.symmetric || density.min >= 0 || density.max <= 0) return [minmax];
  const [lowest, highest] = codeLimits(scheme.type);
  const zeroPoints = [minmax];
  for (let zeroPoint = lowest; zeroPoint <= highest; zeroPoint += COARSE.zeroStep) zeroPoints.push(zeroPoint);
  return zeroPoints;
}

function neighbours(zeroPoint: number, grid: Grid, scheme: ActivationScheme): number[] {
  const [lowest, highest] = codeLimits(scheme.type);
  const near: number[] = [];
  for (let step = -grid.zeroReach; step <= grid.zeroReach; step++) {
    const at = zeroPoint + step * grid.zeroStep;
    if (at >= lowest && at <= highest) near.push(at);
  }
  return near;
}

/** The scales at which the range ends exactly at the minimum, or at the maximum. */
function endingScales(density: Density, scheme: ActivationScheme, zeroPoint: number): number[] {
  const unit = representedRange({ scale: 1, zeroPoint }, scheme);
  return [density.min / unit.low, density.max / unit.high].filter((scale) => scale > 0 && scale < Infinity);
}

/** Beyond it the range would exceed the values seen at both ends. */
function widestScale(density: Density, scheme: ActivationScheme, zeroPoint: number): number {
  return Math.max(...endingScales(density, scheme, zeroPoint));
}

/** The range that gives these parameters back. */
function representedRange({ scale, zeroPoint }: Affine, scheme: ActivationScheme): Range {
  const [lowest, highest] = codeLimits(scheme.type);
  if (scheme.symmetric) {
    const steps = scheme.type === "int8" ? 127 : 127.5;
    return { low: -steps * scale, high: steps * scale };
  }
  return { low: (lowest - zeroPoint) * scale + 0, high: (highest - zeroPoint) * scale };
}

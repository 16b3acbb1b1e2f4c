import type { BlocksToFit, Fitter } from "../model/fitting.ts";
import { WorkerDied } from "../model/runtime.ts";
import { isAsymmetric, type WeightType, weightCodes } from "../values/codes.ts";
import { type BlockScales, fitBlocks, squared } from "./blockScales.ts";
import { type BlockLayout, blocksAlong, scaleCount } from "./blocks.ts";

/** Values of a part, about: a thread is at one for some 30 ms. */
const TOGETHER = 2 ** 20;
/** Parts that a thread has at once, so that it need not wait for the next. */
const AHEAD = 2;

/** Whole blocks that lie one after the other, and so do their scales. */
interface Part {
  readonly from: number;
  readonly count: number;
  readonly layout: BlockLayout;
  /** Where along the axis they begin. */
  readonly first: number;
  readonly scalesFrom: number;
}

/**
 * What `leastErrorBlocks` finds, to the bit, on the thread that calls and on others beside it; what one that dies had is done here. `read` fills
 * an array with values from a place on. Rejects with AbortError once `signal` is aborted.
 */
export async function leastErrorBlocksBeside(
  read: (target: Float32Array, from: number) => void,
  layout: BlockLayout,
  { type, importance }: { readonly type: WeightType; readonly importance: Float32Array | null },
  fitters: readonly Fitter[],
  signal: AbortSignal,
): Promise<BlockScales> {
  const squares = squared(importance);
  const scales = new Float32Array(scaleCount(layout));
  const zeroPoints = isAsymmetric(type) ? weightCodes(type, scales.length) : null;
  const dead: number[] = [];
  const parts = partsOf(layout);
  const lost: Part[] = [];
  const toFit = ({ from, layout: own, first }: Part, values: Float32Array): BlocksToFit => {
    read(values, from);
    const counts = squares && (own.length === layout.length ? squares : squares.slice(first, first + own.length));
    return { values, layout: own, type, importance: counts };
  };
  const put = ({ scalesFrom }: Part, found: BlockScales) => {
    scales.set(found.scales, scalesFrom);
    if (found.zeroPoints) zeroPoints?.set(found.zeroPoints, scalesFrom);
    for (const block of found.dead) dead.push(scalesFrom + block);
  };
  const next = () => (signal.aborted ? undefined : parts.next().value);
  const beside = async (fitter: Fitter) => {
    for (let part = next(); part; part = next()) {
      try {
        put(part, await fitter.fit(toFit(part, new Float32Array(part.count))));
      } catch (error) {
        if (!(error instanceof WorkerDied)) throw error;
        lost.push(part);
        return;
      }
    }
  };
  let room = new Float32Array(0);
  const fitHere = (part: Part) => {
    if (room.length < part.count) room = new Float32Array(part.count);
    put(part, fitBlocks(toFit(part, room.subarray(0, part.count))));
  };
  const here = async () => {
    for (let part = next(); part; part = next()) {
      fitHere(part);
      await new Promise((resolve) => setTimeout(resolve));
    }
  };
  const queues = fitters.flatMap((fitter) => Array.from({ length: AHEAD }, () => beside(fitter)));
  await Promise.all([...queues, here()]);
  signal.throwIfAborted();
  for (const part of lost) fitHere(part);
  return { scales, zeroPoints, dead: dead.sort((a, b) => a - b) };
}

/** Of whole rows where several fit, else of blocks along the axis. */
function* partsOf(layout: BlockLayout): Generator<Part, undefined> {
  const { outer, length, inner, size } = layout;
  const row = length * inner;
  const scalesOfRow = blocksAlong(layout) * inner;
  if (row <= TOGETHER) {
    const rows = Math.floor(TOGETHER / row);
    for (let o = 0; o < outer; o += rows) {
      const count = Math.min(rows, outer - o);
      const own = { ...layout, outer: count };
      yield { from: o * row, count: count * row, layout: own, first: 0, scalesFrom: o * scalesOfRow };
    }
    return;
  }
  const along = size * Math.max(1, Math.floor(TOGETHER / (size * inner)));
  for (let o = 0; o < outer; o++) {
    for (let k = 0; k < length; k += along) {
      const count = Math.min(along, length - k);
      const own = { outer: 1, length: count, inner, size };
      const scalesFrom = o * scalesOfRow + (k / size) * inner;
      yield { from: (o * length + k) * inner, count: count * inner, layout: own, first: k, scalesFrom };
    }
  }
}

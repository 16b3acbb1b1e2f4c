import type { Region } from "../plan/regions.ts";

/** Regions that are decided together. */
export interface Share {
  readonly layers: readonly string[];
  /** What joining the integer layers around them saves, in nanoseconds; less than 0 where it costs. */
  readonly saving: number;
  readonly givesOutput: boolean;
}

/** What was measured with some shares joined and the others in float: each output's error energy over its own. */
export interface Measured {
  readonly joined: ReadonlySet<Share>;
  readonly noise: readonly number[];
}

/** On few samples single shares are ranked; on many it is judged what holds. */
export type Measure = (joined: ReadonlySet<Share>, on: "few" | "many") => Promise<readonly number[]>;

/** How much of the worst output's SQNR may be given for fewer conversions, in dB: less than the .3 that show. */
export const TOLERANCE_DB = 0.2;

/** Regions beyond so many are decided with their neighbours, so that what is measured stays bounded. */
const MOST_INNER = 9;

/** How many sets are tried once the shares are known, each with fewer joined. */
const ATTEMPTS = 3;

/** How often it is measured at most. */
export const MOST_MEASURED = 3 + 1 + MOST_INNER + ATTEMPTS;

/** Evenly many regions a share, in order; those that give outputs apart. */
export function sharesOf(regions: readonly Region[], savingOf: (layers: readonly string[]) => number): Share[] {
  const inner = regions.filter(({ givesOutput }) => !givesOutput);
  const last = regions.filter(({ givesOutput }) => givesOutput);
  const share = (of: readonly Region[], givesOutput: boolean): Share => {
    const layers = of.flatMap((region) => region.layers);
    return { layers, saving: savingOf(layers), givesOutput };
  };
  const count = Math.min(MOST_INNER, inner.length);
  const cut = (at: number) => Math.floor((at * inner.length) / count);
  return [
    ...Array.from({ length: count }, (_, at) => share(inner.slice(cut(at), cut(at + 1)), false)),
    ...(last.length > 0 ? [share(last, true)] : []),
  ];
}

/**
 * Decides which shares join. Measured first: all joined, none, and all but those that give outputs, after which nothing is in
 * integers, and whose extremes samples need not show: these join for the sake of what is measured alone. Where the cheapest by
 * the table holds, it is chosen; else each share that saves time is measured alone, and as many join as keep the worst output
 * within the tolerance of the best, those that cost it least first. What is chosen was measured on many samples.
 */
export async function chooseJoined(
  shares: readonly Share[],
  measure: Measure,
): Promise<{ readonly chosen: Measured; readonly all: Measured; readonly none: Measured }> {
  const tried: Measured[] = [];
  const attempt = async (joined: readonly Share[]): Promise<Measured> => {
    const set = new Set(joined);
    const known = tried.find(
      (measured) => measured.joined.size === set.size && joined.every((one) => measured.joined.has(one)),
    );
    if (known) return known;
    const measured = { joined: set, noise: await measure(set, "many") };
    tried.push(measured);
    return measured;
  };
  const inner = shares.filter(({ givesOutput }) => !givesOutput);
  const saving = inner.filter((share) => share.saving > 0);
  const all = await attempt(shares);
  const none = await attempt([]);
  await attempt(inner);
  const bound = Math.min(...tried.map(({ noise }) => worst(noise))) * 10 ** (TOLERANCE_DB / 10);
  const holds = ({ noise }: Measured) => worst(noise) <= bound;

  const isCheapest = ({ joined }: Measured) =>
    joined.size === saving.length && saving.every((share) => joined.has(share));
  if (!tried.some((measured) => isCheapest(measured) && holds(measured))) {
    const order = await cheapFirst(saving, none.noise, bound, measure);
    for (let left = ATTEMPTS, count = order.length; left > 0 && count > 0; left--, count = Math.floor(count / 2)) {
      if (holds(await attempt(order.slice(0, count)))) break;
    }
  }
  const best = tried.filter(holds).sort((a, b) => saved(b) - saved(a))[0] as Measured;
  return { chosen: best, all, none };
}

/** As many shares as can be expected to hold together, those first that add least noise for what they save. */
async function cheapFirst(
  shares: readonly Share[],
  noise: readonly number[],
  bound: number,
  measure: Measure,
): Promise<Share[]> {
  if (shares.length === 0) return [];
  const base = await measure(new Set(), "few");
  const alone: { readonly share: Share; readonly adds: readonly number[] }[] = [];
  for (const share of shares) {
    const measured = await measure(new Set([share]), "few");
    alone.push({ share, adds: measured.map((value, at) => difference(value, base[at] ?? 0)) });
  }
  const price = ({ share, adds }: (typeof alone)[number]) => worst(adds) / share.saving;
  const chosen: Share[] = [];
  let expected = noise;
  for (const { share, adds } of alone.sort((a, b) => price(a) - price(b))) {
    const next = expected.map((value, at) => value + (adds[at] ?? 0));
    if (worst(next) > bound) continue;
    chosen.push(share);
    expected = next;
  }
  return chosen;
}

/** None where one is infinite: the few samples tell nothing of that output then. */
function difference(value: number, base: number): number {
  return Number.isFinite(value) && Number.isFinite(base) ? value - base : 0;
}

/** Shares that give outputs save nothing that counts: they are in float unless that does not hold. */
function saved({ joined }: Measured): number {
  return [...joined].reduce((sum, { saving, givesOutput }) => sum + (givesOutput ? Math.min(-1, saving) : saving), 0);
}

function worst(noise: readonly number[]): number {
  return Math.max(0, ...noise);
}

/** A layer with weights, and its share of all multiplications by weights. */
export interface Multiplying {
  readonly layer: string;
  readonly share: number;
}

/** Error energy over the signal's own of the worst output, and of the worst of what decides: the same, or what goes into a last Softmax. */
export interface Noise {
  readonly output: number;
  readonly deciding: number;
}

/** Layers in float, and what was measured with them so. */
export interface Relieved extends Noise {
  readonly layers: readonly string[];
  readonly share: number;
}

/** Of a worst output below it, dB, biases not corrected, layers with weights may stay in float. */
export const POOR_DB = 16;

/** Layers are left in float until the worst output has it, dB. */
const GOOD_DB = 20;

/** Of all multiplications by weights, what is left in float at most, and what is tried before. */
export const LARGEST_SHARE = 0.1;
const SHARES = [LARGEST_SHARE / 8, LARGEST_SHARE / 4, LARGEST_SHARE / 2, LARGEST_SHARE];

/** Neighbours that go back to integers together, at most, and what that may cost the worst output, dB. */
const PARTS = 8;
const TOLERANCE_DB = 0.2;

/** What layers in float must regain to be left so, dB. */
const LEAST_GAIN_DB = 1;

/** How often it is measured at most. */
export const MOST_RELIEVED = SHARES.length + PARTS;

/**
 * The layers with weights, in the order of the graph, whose stay in float regains most for what it takes: those that multiply
 * least come first (depthwise convolutions, gates, the first layer of few channels), as many as bring the worst output to 20 dB or
 * are a tenth of all multiplications; of these, neighbours go back to integers where that costs next to nothing. Null where 1 dB is not regained.
 */
export async function chooseCostly(
  layers: readonly Multiplying[],
  deciding: number,
  measure: (inFloat: readonly string[]) => Promise<Noise>,
): Promise<Relieved | null> {
  const tried: Relieved[] = [];
  for (const limit of SHARES) {
    const taken = cheapest(layers, limit);
    if (taken.length === 0 || taken.length === tried.at(-1)?.layers.length) continue;
    const found = await relieved(taken, measure);
    tried.push(found);
    if (found.output <= power(-GOOD_DB)) break;
  }
  let best = tried.reduce<Relieved | null>(
    (least, each) => (least && least.deciding <= each.deciding ? least : each),
    null,
  );
  if (!best || best.deciding > deciding * power(-LEAST_GAIN_DB)) return null;
  const bound = best.deciding * power(TOLERANCE_DB);
  const names = new Set(best.layers);
  const chosen = layers.filter(({ layer }) => names.has(layer));
  const parts = inParts(chosen).sort((a, b) => shareOf(b) - shareOf(a));
  for (const part of parts) {
    const left: readonly Multiplying[] = chosen.filter(
      (each) => best?.layers.includes(each.layer) && !part.includes(each),
    );
    if (left.length === 0) break;
    const without = await relieved(left, measure);
    if (without.deciding <= bound) best = without;
  }
  return best;
}

function power(decibels: number): number {
  return 10 ** (decibels / 10);
}

function shareOf(layers: readonly Multiplying[]): number {
  return layers.reduce((sum, { share }) => sum + share, 0);
}

async function relieved(
  layers: readonly Multiplying[],
  measure: (inFloat: readonly string[]) => Promise<Noise>,
): Promise<Relieved> {
  const names = layers.map(({ layer }) => layer);
  return { layers: names, share: shareOf(layers), ...(await measure(names)) };
}

/** Those that multiply least, as many as come to a share together, in the order given. */
function cheapest(layers: readonly Multiplying[], limit: number): readonly Multiplying[] {
  const taken = new Set<Multiplying>();
  let sum = 0;
  for (const each of layers.toSorted((a, b) => a.share - b.share)) {
    sum += each.share;
    if (sum > limit) break;
    taken.add(each);
  }
  return layers.filter((each) => taken.has(each));
}

function inParts(layers: readonly Multiplying[]): Multiplying[][] {
  const count = Math.min(PARTS, layers.length);
  const cut = (at: number) => Math.floor((at * layers.length) / count);
  return Array.from({ length: count }, (_, at) => layers.slice(cut(at), cut(at + 1)));
}

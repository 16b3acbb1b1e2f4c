/** Parts of a tensor differ in size where no channel lies within this factor between them. */
const APART = 16;
/** Smaller than all others and of fewer channels than this share, they are channels that hardly say anything, not a part. */
const LEAST_SHARE = 1 / 32;

/** The least and greatest finite value of a channel. */
export interface ChannelExtent {
  readonly low: number;
  readonly high: number;
}

/**
 * The channels of a tensor by size, those of the smallest values first: the largest magnitudes of two parts differ by more than
 * 16x, and none lies between. Neighbours whose values all lie within [0, 1] count as probabilities, of one size. Channels that say
 * nothing are of the part before them. Null where there is one part only.
 */
export function partsBySize(channels: readonly ChannelExtent[]): (readonly number[])[] | null {
  const sizes = sizesOf(channels);
  const parts: number[][] = [];
  let last = 0;
  const bySize = [...sizes.keys()].filter((channel) => sizes[channel]! > 0).sort((a, b) => sizes[a]! - sizes[b]!);
  for (const channel of bySize) {
    if (parts.length === 0 || sizes[channel]! > APART * last) parts.push([]);
    parts.at(-1)!.push(channel);
    last = sizes[channel]!;
  }
  while (parts.length > 0 && parts[0]!.length < LEAST_SHARE * channels.length) parts.shift();
  if (parts.length < 2) return null;
  const partOf = new Map(parts.flatMap((part, number) => part.map((channel) => [channel, number] as const)));
  const whole: number[][] = parts.map(() => []);
  let before = partOf.values().next().value!;
  for (const channel of sizes.keys()) {
    before = partOf.get(channel) ?? before;
    whole[before]!.push(channel);
  }
  return whole;
}

function sizesOf(channels: readonly ChannelExtent[]): number[] {
  const sizes = channels.map(({ low, high }) => Math.max(-low, high, 0));
  const isProbability = channels.map(({ low, high }) => low >= 0 && high <= 1);
  for (let start = 0; start < sizes.length; start++) {
    let end = start;
    while (isProbability[end]) end++;
    const largest = sizes.slice(start, end).reduce((most, size) => Math.max(most, size), 0);
    for (; start < end; start++) if (sizes[start]! > 0) sizes[start] = largest;
  }
  return sizes;
}

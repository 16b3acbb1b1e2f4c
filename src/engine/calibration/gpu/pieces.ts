/** A part of a tensor that one binding holds: `length` values of each of `samples` samples, one after the other. */
export interface Piece {
  /** Of the binding, in bytes of the tensor's buffer. */
  readonly offset: number;
  readonly size: number;
  /** Values of the binding before the first one. */
  readonly start: number;
  readonly length: number;
  /** Position among the samples joined. */
  readonly sample: number;
  readonly samples: number;
}

export interface BindingLimits {
  /** The longest binding, and what its offset is a multiple of, in bytes. */
  readonly bindingBytes: number;
  readonly alignment: number;
}

const WORD = 4;

/** Cuts `samples` joined samples of `length` float32 values each into pieces that bindings hold: one, where it can be. */
export function cut(length: number, samples: number, { bindingBytes, alignment }: BindingLimits): Piece[] {
  const size = length * samples * WORD;
  if (size <= bindingBytes) return [{ offset: 0, size, start: 0, length, sample: 0, samples }];
  const pieces: Piece[] = [];
  for (let sample = 0; sample < samples; sample++) {
    const end = (sample + 1) * length * WORD;
    for (let position = sample * length * WORD; position < end; ) {
      const offset = position - (position % alignment);
      const next = Math.min(end, offset + bindingBytes - (bindingBytes % WORD));
      const start = (position - offset) / WORD;
      pieces.push({
        offset,
        size: next - offset,
        start,
        length: (next - position) / WORD,
        sample,
        samples: 1,
      });
      position = next;
    }
  }
  return pieces;
}

/** What pieces hold of the joined samples that are taken, by their position. */
export function piecesOf(pieces: readonly Piece[], isTaken: (sample: number) => boolean): Piece[] {
  return pieces.flatMap((piece) => {
    const each = Array.from({ length: piece.samples }, (_, i) => piece.sample + i);
    const taken = each.filter(isTaken);
    if (taken.length === each.length) return [piece];
    const startOf = (sample: number) => piece.start + (sample - piece.sample) * piece.length;
    return taken.map((sample) => ({ ...piece, start: startOf(sample), sample, samples: 1 }));
  });
}

/** Divides names into groups whose tensors together take at most `bound` bytes, in order; a larger one is alone. */
export function groupsWithin(names: readonly string[], bytesOf: (name: string) => number, bound: number): string[][] {
  const groups: string[][] = [];
  let held = Infinity;
  for (const name of names) {
    const bytes = bytesOf(name);
    if (held + bytes > bound) {
      groups.push([]);
      held = 0;
    }
    groups.at(-1)?.push(name);
    held += bytes;
  }
  return groups;
}

/** A point of a chart of worth against size. */
export interface Worth {
  readonly bytes: number;
  readonly value: number;
}

/** The points that no other beats: none is at least as small and worth more, or smaller and worth as much. By size. */
export function frontierOf<P extends Worth>(points: readonly P[]): P[] {
  const bySize = [...points].sort((a, b) => a.bytes - b.bytes || b.value - a.value);
  const frontier: P[] = [];
  for (const point of bySize) {
    if (point.value > (frontier.at(-1)?.value ?? -Infinity)) frontier.push(point);
  }
  return frontier;
}

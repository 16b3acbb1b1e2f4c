type Edge = readonly [from: number, to: number];

export interface Drawn {
  readonly name: string;
  readonly boxes: number;
  readonly edges: readonly Edge[];
}

/** Made-up graphs of about `boxes` boxes each: what models look like, and what none does. */
export function madeUpGraphs(boxes: number): readonly Drawn[] {
  return [chain(boxes), residual(boxes), transformer(boxes), random(boxes)];
}

function chain(boxes: number): Drawn {
  return { name: "chain", boxes, edges: Array.from({ length: boxes - 1 }, (_, box) => [box, box + 1] as const) };
}

/** Blocks of Conv, Relu, Conv, Relu, Conv and an Add with what the block reads, every fourth with a Conv on that way. */
function residual(boxes: number): Drawn {
  const graph = new Growing();
  let stream = graph.box();
  for (let block = 0; graph.boxes < boxes; block++) {
    const way = graph.chain(stream, 5);
    const past = block % 4 === 0 ? graph.box(stream) : stream;
    stream = graph.box(graph.box(way, past));
  }
  return { name: "residual", ...graph };
}

/** Layers of attention (three ways, heads, a mask that all read) and a gated part, each with its normalization in pieces. */
function transformer(boxes: number): Drawn {
  const graph = new Growing();
  let stream = graph.box();
  const mask = graph.chain(graph.box(), 6);
  const angles = graph.chain(graph.box(), 3);
  const normalized = (read: number) => {
    const scale = graph.chain(read, 5);
    return graph.box(graph.box(read, scale));
  };
  const turned = (read: number) => {
    const half = graph.chain(read, 4);
    return graph.box(graph.box(read, angles), graph.box(half, angles));
  };
  while (graph.boxes < boxes) {
    const normal = normalized(stream);
    const [query, key, value] = [1, 2, 3].map(() => graph.chain(normal, 3)) as [number, number, number];
    const scores = graph.chain(graph.box(turned(query), graph.chain(turned(key), 2)), 1);
    const mixed = graph.box(graph.chain(graph.box(scores, mask), 1), value);
    const attended = graph.box(stream, graph.chain(mixed, 3));
    const again = normalized(attended);
    const gate = graph.chain(again, 1);
    const gated = graph.box(graph.box(gate, graph.box(gate)), graph.box(again));
    stream = graph.box(attended, graph.chain(gated, 1));
  }
  return { name: "transformer", ...graph };
}

/** Every box reads two that come before it, most of them near. */
function random(boxes: number): Drawn {
  const graph = new Growing();
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  graph.box();
  while (graph.boxes < boxes) {
    const near = () => Math.floor(graph.boxes * (1 - next() ** 6));
    const reads = new Set([near(), near()].map((box) => Math.min(box, graph.boxes - 1)));
    graph.box(...reads);
  }
  return { name: "random", ...graph };
}

class Growing {
  boxes = 0;
  readonly edges: Edge[] = [];

  /** A box more, which reads these. */
  box(...reads: readonly number[]): number {
    for (const read of new Set(reads)) this.edges.push([read, this.boxes]);
    return this.boxes++;
  }

  /** So many more, one after the other; the last. */
  chain(from: number, length: number): number {
    let last = from;
    for (let step = 0; step < length; step++) last = this.box(last);
    return last;
  }
}

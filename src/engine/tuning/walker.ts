import { graphOf } from "../graph/pass.ts";
import { frontierAt, sliceModel } from "../graph/slice.ts";
import { release } from "../model/release.ts";
import type { Session } from "../model/runtime.ts";
import type { Tensor, TensorMap } from "../model/tensor.ts";
import { GraphIndex } from "../onnx/graph.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import type { DataType } from "../values/elementTypes.ts";

/** Bytes that the tensors between two layers may come to, of all samples and of two walkers together. */
export const KEPT_BYTES = 256 * 2 ** 20;

/** What is kept of all samples without asking whether that is worth it. */
const LITTLE_BYTES = 8 * 2 ** 20;
/** How many tensors in a row are made without keeping what follows them, where that is more than is kept: pieces run again instead. */
const MOST_REPEATED = 3;

const GONE: Map<string, Tensor> = new Map();

export interface WalkerParts {
  readonly typeOf: (tensor: string) => DataType;
  readonly open: (model: ModelProto) => Promise<Session>;
}

/** Where every run breaks, and what is done there to the tensor it is named after. */
interface Stop {
  readonly tensor: string;
  readonly at: number;
  readonly change: (tensor: Tensor) => void;
}

/** A part of the graph up to where a run breaks or ends. */
interface Piece {
  readonly session: Session;
  readonly fed: ReadonlySet<string>;
  /** What the rest of the graph reads. */
  readonly next: ReadonlySet<string>;
  readonly stops: readonly Stop[];
}

/**
 * Runs a graph from one tensor to a later one, sample by sample. What the rest of it still reads is kept for each sample where
 * that is no more than was kept before, or worth it; else what lies between is run again.
 */
export class Walker {
  #model: ModelProto;
  #index: GraphIndex;
  readonly #parts: WalkerParts;
  readonly #room: number;
  /** What the graph is fed is not the walker's own. */
  readonly #inputs: ReadonlySet<string>;
  #kept: Map<string, Tensor>[];
  #at = 0;
  /** Those behind which nothing is kept. */
  #stops: Stop[] = [];
  #repeated = 0;
  #passed = 0;

  /** `feeds`: what the graph is fed, sample by sample. `room`: bytes that may be kept. */
  constructor(model: ModelProto, feeds: readonly TensorMap[], parts: WalkerParts, room = KEPT_BYTES / 2) {
    this.#model = model;
    this.#index = new GraphIndex(graphOf(model));
    this.#parts = parts;
    this.#room = room;
    this.#inputs = new Set(feeds.flatMap((each) => [...each.keys()]));
    this.#kept = feeds.map((each) => new Map(each));
  }

  /** Bytes of what the rest of the graph reads after the tensor streamed last, of the samples streamed. */
  get passedBytes(): number {
    return this.#passed;
  }

  /** How many samples there are. */
  get samples(): number {
    return this.#kept.length;
  }

  /** Goes on in the same graph with other weights in what is still to run. */
  become(model: ModelProto): void {
    this.#model = model;
    this.#index = new GraphIndex(graphOf(model));
  }

  keep(samples: number): void {
    this.#kept.length = Math.min(this.#kept.length, samples);
  }

  /** Changes the tensor streamed last, in every sample, before anything reads it; what runs again breaks there. */
  change(tensor: string, change: (tensor: Tensor) => void): void {
    const at = this.#end(tensor);
    if (at > this.#at) this.#stops.push({ tensor, at, change });
    else for (const kept of this.#kept) if (kept.has(tensor)) change(kept.get(tensor) as Tensor);
  }

  /**
   * Runs on to the node that makes a tensor, and gives the tensor for one sample after the other, each good until the next is
   * asked for. Where less than all are asked for, the walker goes on with `keep` of as many.
   */
  async *stream(tensor: string, signal: AbortSignal): AsyncGenerator<Tensor> {
    const ends = [...new Set([...this.#stops.map(({ at }) => at), this.#end(tensor)])].sort((a, b) => a - b);
    const to = Math.max(this.#at, ends.at(-1) as number);
    const next = new Set(frontierAt(this.#index, to));
    const kept: Map<string, Tensor>[] = [];
    let keeps = false;
    this.#passed = 0;
    const pieces = to === this.#at ? [] : await this.#open(tensor, ends);
    try {
      for (const [sample, before] of this.#kept.entries()) {
        signal.throwIfAborted();
        const all = await this.#run(before, pieces);
        const rest = new Map([...all].filter(([name]) => next.has(name)));
        const bytes = bytesOf(rest);
        if (sample === 0) keeps = pieces.length === 0 || this.#isWorthKeeping(bytes * this.#kept.length);
        this.#passed += bytes;
        if (keeps) {
          kept.push(rest);
          // Without it two layers' tensors of all samples would be there at once.
          this.#kept[sample] = GONE;
        }
        yield all.get(tensor) as Tensor;
        this.#release(new Map([...before, ...all]), keeps ? rest : before);
      }
    } finally {
      await Promise.all(pieces.map(({ session }) => session.dispose()));
      if (keeps) {
        this.#kept = kept;
        this.#at = to;
        this.#stops = [];
        this.#repeated = 0;
      } else this.#repeated++;
    }
  }

  #isWorthKeeping(bytes: number): boolean {
    if (bytes > this.#room) return false;
    const before = this.#kept.reduce((sum, each) => sum + bytesOf(each), 0);
    return bytes <= Math.max(LITTLE_BYTES, before) || this.#repeated >= MOST_REPEATED;
  }

  /** Position after the node that makes a tensor; 0 for an input of the graph. */
  #end(tensor: string): number {
    return this.#index.graph.node.findIndex(({ output }) => output.includes(tensor)) + 1;
  }

  async #open(tensor: string, ends: readonly number[]): Promise<Piece[]> {
    const pieces: Piece[] = [];
    const held = new Set(this.#kept[0]?.keys());
    let from = this.#at;
    try {
      for (const at of ends) {
        const stops = this.#stops.filter((stop) => stop.at === at);
        const next = new Set(frontierAt(this.#index, at));
        const wanted = at === ends.at(-1) ? [tensor] : stops.map((stop) => stop.tensor);
        const outputs = [...new Set([...next, ...wanted])].filter((name) => !held.has(name));
        for (const name of outputs) held.add(name);
        const slice = sliceModel(this.#model, this.#index, [from, at], outputs, this.#parts.typeOf);
        const fed = new Set(slice.graph?.input.map(({ name }) => name));
        pieces.push({ session: await this.#parts.open(slice), fed, next, stops });
        from = at;
      }
    } catch (error) {
      await Promise.all(pieces.map(({ session }) => session.dispose()));
      throw error;
    }
    return pieces;
  }

  /** What there is of a sample once the last piece ran. */
  async #run(before: TensorMap, pieces: readonly Piece[]): Promise<TensorMap> {
    let all = before;
    for (const { session, fed, next, stops } of pieces) {
      const made = await session.run(new Map([...all].filter(([name]) => fed.has(name))));
      const now = new Map([...all, ...made]);
      for (const { tensor, change } of stops) change(now.get(tensor) as Tensor);
      if (stops.length === 0) return now;
      all = new Map([...now].filter(([name]) => next.has(name)));
      this.#release(now, new Map([...before, ...all]));
    }
    return all;
  }

  /** Gives the memory of what is no longer read back. */
  #release(tensors: TensorMap, still: TensorMap): void {
    const gone = [...tensors].filter(([name, tensor]) => !this.#inputs.has(name) && still.get(name) !== tensor);
    release(gone.map(([, tensor]) => tensor));
  }
}

/** Two tensors of each sample, made one after the other. */
export async function* pairsOf(
  first: AsyncGenerator<Tensor>,
  second: AsyncGenerator<Tensor>,
): AsyncGenerator<readonly [Tensor, Tensor]> {
  try {
    for (;;) {
      const [one, other] = [await first.next(), await second.next()];
      if (one.done || other.done) return;
      yield [one.value, other.value];
    }
  } finally {
    await first.return(undefined);
    await second.return(undefined);
  }
}

/** Bytes that tensors take. */
export function bytesOf(tensors: TensorMap): number {
  return [...tensors.values()].reduce((bytes, { data }) => bytes + data.byteLength, 0);
}

export async function drain(pairs: AsyncGenerator<unknown>): Promise<void> {
  while (!(await pairs.next()).done);
}

import { graphOf } from "../graph/pass.ts";
import { frontierAt, sliceModel } from "../graph/slice.ts";
import type { Session } from "../model/runtime.ts";
import type { Tensor, TensorMap } from "../model/tensor.ts";
import { GraphIndex } from "../onnx/graph.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import type { DataType } from "../values/elementTypes.ts";

/** Bytes that the tensors between two layers may take, of all samples and of two walkers together. */
export const KEPT_BYTES = 256 * 2 ** 20;

const GONE: Map<string, Tensor> = new Map();

export interface WalkerParts {
  readonly typeOf: (tensor: string) => DataType;
  /** What the graph is fed, sample by sample. */
  readonly feeds: readonly TensorMap[];
  readonly open: (model: ModelProto) => Promise<Session>;
}

interface Step {
  readonly results: Tensor;
  /** What the rest of the graph still reads. */
  readonly next: Map<string, Tensor>;
}

/** Runs a graph in pieces, from one tensor to a later one, with what the rest of it still reads kept for each sample. */
export class Walker {
  #model: ModelProto;
  #index: GraphIndex;
  readonly #parts: WalkerParts;
  readonly #room: number;
  #kept: Map<string, Tensor>[];
  #at = 0;

  /** `room`: bytes that may be kept. */
  constructor(model: ModelProto, parts: WalkerParts, room = KEPT_BYTES / 2) {
    this.#model = model;
    this.#index = new GraphIndex(graphOf(model));
    this.#parts = parts;
    this.#room = room;
    this.#kept = parts.feeds.map((feeds) => new Map(feeds));
  }

  /** Goes on in the same graph with other weights in what is still to run. */
  become(model: ModelProto): void {
    this.#model = model;
    this.#index = new GraphIndex(graphOf(model));
  }

  keep(samples: number): void {
    this.#kept.length = Math.min(this.#kept.length, samples);
  }

  /** Runs on to the node that makes a tensor, and gives the tensor for each sample, of as many as there is room to keep. */
  async advance(tensor: string, signal: AbortSignal): Promise<Tensor[]> {
    const results: Tensor[] = [];
    const kept: Map<string, Tensor>[] = [];
    let bytes = 0;
    for await (const step of this.#run(tensor, signal)) {
      // What this sample had before is not read again: without it two layers' tensors of all samples would be there at once.
      this.#kept[results.length] = GONE;
      results.push(step.results);
      kept.push(step.next);
      bytes += bytesOf(step.next);
      if (bytes > this.#room) break;
    }
    this.#kept = kept;
    this.#at = Math.max(this.#at, this.#end(tensor));
    return results;
  }

  /**
   * Runs on to the node that makes a tensor, and gives the tensor for one sample after the other, for all of them: where
   * there is no room to keep what follows, it will be computed again from what was kept last.
   */
  async *stream(tensor: string, signal: AbortSignal): AsyncGenerator<Tensor> {
    let kept: Map<string, Tensor>[] | null = [];
    let bytes = 0;
    for await (const { results, next } of this.#run(tensor, signal)) {
      bytes += bytesOf(next);
      if (bytes > this.#room) kept = null;
      kept?.push(next);
      yield results;
    }
    if (!kept) return;
    this.#kept = kept;
    this.#at = Math.max(this.#at, this.#end(tensor));
  }

  /** Position after the node that makes a tensor; 0 for an input of the graph. */
  #end(tensor: string): number {
    return this.#index.graph.node.findIndex(({ output }) => output.includes(tensor)) + 1;
  }

  async *#run(tensor: string, signal: AbortSignal): AsyncGenerator<Step> {
    const to = Math.max(this.#at, this.#end(tensor));
    const next = new Set(frontierAt(this.#index, to));
    const rest = (all: TensorMap) => new Map([...all].filter(([name]) => next.has(name)));
    if (to === this.#at) {
      for (const kept of this.#kept) yield { results: kept.get(tensor) as Tensor, next: rest(kept) };
      return;
    }
    const held = new Set(this.#kept[0]?.keys());
    const outputs = [...new Set([...next, tensor])].filter((name) => !held.has(name));
    const slice = sliceModel(this.#model, this.#index, [this.#at, to], outputs, this.#parts.typeOf);
    const fed = new Set(slice.graph?.input.map(({ name }) => name));
    const session = await this.#parts.open(slice);
    try {
      for (const kept of this.#kept) {
        signal.throwIfAborted();
        const made = await session.run(new Map([...kept].filter(([name]) => fed.has(name))));
        const all = new Map([...kept, ...made]);
        yield { results: all.get(tensor) as Tensor, next: rest(all) };
      }
    } finally {
      await session.dispose();
    }
  }
}

/** Bytes that tensors take. */
export function bytesOf(tensors: TensorMap): number {
  return [...tensors.values()].reduce((bytes, { data }) => bytes + data.byteLength, 0);
}

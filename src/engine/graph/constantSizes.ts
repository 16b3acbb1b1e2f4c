import type { Tensor } from "../model/tensor.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { dataTypeOf, dimsOf, tensorOf } from "../onnx/tensor.ts";
import { GROWTH_LIMIT } from "./exact.ts";
import { bytesOf, type Known, outputSize, type Size, sizeOfTensor } from "./sizes.ts";

/** What is computed on the way to a constant may take so many bytes, or as many as all constants of the model. */
const WORKING_BYTES = 64 * 1024 * 1024;
/** All that is computed at once may take so many times as many. */
const AT_ONCE = 8;

/** What is known of a graph's constants before any is computed, and what follows for those that are made of them. */
export class ConstantSizes implements Known {
  readonly #index: GraphIndex;
  readonly #sizes = new Map<string, Size>();
  /** Bytes of the initialisers behind each tensor. */
  readonly #sources = new Map<string, number>();
  readonly #computed: ReadonlyMap<string, Tensor>;
  /** How many bytes one result may take. */
  readonly #limit: number;
  #left: number;

  /** `computed` are constants that are known beside the graph's initialisers, more of which may come. */
  constructor(index: GraphIndex, computed: ReadonlyMap<string, Tensor> = new Map()) {
    this.#index = index;
    this.#computed = computed;
    let total = 0;
    for (const tensor of index.graph.initializer) {
      const type = dataTypeOf(tensor.dataType);
      if (type === "other") continue;
      const size = sizeOfTensor({ type, dims: dimsOf(tensor) });
      this.#sizes.set(tensor.name, size);
      this.#sources.set(tensor.name, bytesOf(size));
      total += bytesOf(size);
    }
    this.#limit = Math.max(WORKING_BYTES, total);
    this.#left = AT_ONCE * this.#limit;
  }

  readonly size = (tensor: string): Size | undefined => {
    const computed = this.#computed.get(tensor);
    return computed ? sizeOfTensor(computed) : this.#sizes.get(tensor);
  };

  readonly value = (tensor: string): Tensor | undefined => {
    const constant = this.#sizes.has(tensor) ? this.#index.initializer(tensor) : undefined;
    return constant ? tensorOf(constant) : this.#computed.get(tensor);
  };

  /** Whether all that a node reads is constant, as far as it is known yet. */
  readsConstants({ input }: NodeProto): boolean {
    const read = input.filter(Boolean);
    return read.length > 0 && read.every((name) => this.#sources.has(name));
  }

  /** Whether a result is more than may be computed. */
  exceeds(size: Size): boolean {
    return bytesOf(size) > this.#limit;
  }

  /** Takes a node among those that are computed, where it is known that its result is not too large. */
  take(node: NodeProto): Size | null {
    const size = outputSize(node, this);
    if (!size || this.exceeds(size) || bytesOf(size) > this.#left) return null;
    this.#left -= bytesOf(size);
    const bytes = node.input.reduce((sum, name) => sum + (this.#sources.get(name) ?? 0), 0);
    for (const name of node.output.filter(Boolean)) {
      this.#sizes.set(name, size);
      this.#sources.set(name, bytes);
    }
    return size;
  }

  /** Whether a tensor of so many bytes blows up the file: more than it is made of, and not a little. */
  grows(tensor: string, bytes: number): boolean {
    return bytes > GROWTH_LIMIT && bytes > (this.#sources.get(tensor) ?? 0);
  }
}

import type { Layer } from "./summary.ts";
import type { Port } from "./tensor.ts";

/** A node of a model that is or would be written. */
export interface WrittenNode {
  readonly id: string;
  readonly operator: string;
  /** Tensors; initialisers are among them. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** The layer of the float model that it computes; null for what quantizing adds, such as QuantizeLinear. */
  readonly layer: string | null;
}

/** The graph of the model that would be exported, or of a quantized file beside the open model. */
export interface WrittenGraph {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly WrittenNode[];
}

/** What a layer is kept or computed in. */
export type Precision = Layer["precision"];

/** The graph of a quantized file, of whatever tool, beside the model that it was made from. */
export interface BesideGraph extends WrittenGraph {
  /** By layer of the float model: the type of its weight in the file, or of what it reads where it has none; no entry where no recipe has the type. */
  readonly precisions: ReadonlyMap<string, Precision>;
}

/** Values that a model holds. */
export interface ConstantDetail {
  readonly elements: number;
  /** The first values, NaN and infinities as words; null where the type is none whose values are read. */
  readonly first: readonly string[] | null;
  /** Least and greatest of the finite values; null where there are none, or they are not read. */
  readonly range: { readonly low: number; readonly high: number } | null;
}

/** A tensor that a node reads or makes. */
export interface TensorDetail {
  readonly name: string;
  /** ONNX's element type, in lower case; null where neither the file nor the runtime says. */
  readonly type: string | null;
  /** Null where it is not known; symbols and open dimensions as in a model's inputs. */
  readonly dims: Port["dims"] | null;
  readonly constant: ConstantDetail | null;
}

/** A node as the file has it. */
export interface NodeDetail {
  readonly id: string;
  readonly operator: string;
  /** Empty for ONNX's own. */
  readonly domain: string;
  readonly attributes: readonly { readonly name: string; readonly value: string }[];
  readonly inputs: readonly TensorDetail[];
  readonly outputs: readonly TensorDetail[];
}

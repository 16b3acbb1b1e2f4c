import type { EncodedWeight } from "../encode/weight.ts";
import type { Tensor } from "../model/tensor.ts";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import { TensorProto_DataType as Code } from "../onnx/proto/onnx_pb.ts";
import type { PackedTensor } from "../onnx/tensor.ts";
import type { GraphDraft } from "./graphDraft.ts";

/**
 * Weights that are places in a table: Cast to int32, Gather and a Mul by the scales of channels, all of them constant, so that ONNX Runtime works
 * the float weights out when it loads a model. Gather takes no indices of fewer bits.
 */
export class Codebooks {
  readonly #draft: GraphDraft;
  readonly #made = new Map<string, string>();

  constructor(draft: GraphDraft) {
    this.#draft = draft;
  }

  /** The name of a weight's values; layers that share a weight and its type share them. */
  weight(name: string, { type, dims, axis, scales, codes, table }: EncodedWeight): string {
    const key = JSON.stringify([name, type, axis]);
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    if (!table) throw new Error(`${name} has no table.`);
    const draft = this.#draft;
    const data = codes as Uint8Array;
    const places: Tensor | PackedTensor = { type: type === "codebook16" ? "uint4" : "uint8", dims, data };
    const read = draft.addConstant(name, "_quantized", places);
    const cast = draft.fresh(name, "_quantized_cast");
    draft.add(makeNode("Cast", [read], [cast], { attributes: [intAttribute("to", Code.INT32)] }));
    const entries = draft.addConstant(name, "_table", { type: "float32", dims: [table.length], data: table });
    const found = draft.fresh(name, axis === null ? "_value" : "_entry");
    draft.add(makeNode("Gather", [entries, cast], [found]));
    if (axis === null) {
      this.#made.set(key, found);
      return found;
    }
    const along = dims.map((size, at) => (at === axis ? size : 1));
    const scale = draft.addConstant(name, "_scale", { type: "float32", dims: along, data: scales });
    const value = draft.fresh(name, "_value");
    draft.add(makeNode("Mul", [found, scale], [value]));
    this.#made.set(key, value);
    return value;
  }
}

import type { EncodedWeight } from "../encode/weight.ts";
import type { Tensor } from "../model/tensor.ts";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import { RUNTIME_DOMAIN } from "../onnx/opset.ts";
import type { AttributeProto, NodeProto } from "../onnx/proto/onnx_pb.ts";
import type { LayerPlan } from "../plan/plan.ts";
import type { GraphDraft } from "./graphDraft.ts";
import { type PackedBlocks, packBlocks, packNormalFloats } from "./packBlocks.ts";

/** NF4 among the tables of MatMulBnb4. */
const NF4 = 1;

/** A packed weight in the graph. */
interface Placed {
  readonly packed: PackedBlocks;
  /** Whether its codes have a dimension for blocks. */
  readonly isMatrix: boolean;
  readonly codes: string;
  readonly scales: string;
  readonly zeroPoints: string | null;
}

/**
 * Layers as operators of ONNX Runtime's own: MatMulNBits, MatMulBnb4 and GatherBlockQuantized. A table that is looked up and multiplied by
 * stands in the file once, as the matrix that is multiplied by.
 */
export class OwnOperators {
  readonly #draft: GraphDraft;
  readonly #placed: Placed[] = [];
  readonly #byLayer = new Map<string, Placed>();

  constructor(draft: GraphDraft) {
    this.#draft = draft;
  }

  /** Puts the matrix of a layer in the graph, once where several have the same. */
  placeMatrix({ id, weightUse }: LayerPlan, encoded: EncodedWeight): void {
    const packed = packBlocks(encoded);
    this.#byLayer.set(id, this.#like(packed) ?? this.#place(weightUse?.name ?? "", packed));
  }

  /** A MatMul, or a Gemm and the Add of its third input, by a matrix that was placed. */
  multiply({ id, node }: LayerPlan): void {
    const placed = this.#byLayer.get(id);
    if (!placed) throw new Error(`The matrix of ${id} was not placed.`);
    const { bits, size, rows, inputs } = placed.packed;
    const attributes = [
      intAttribute("K", inputs),
      intAttribute("N", rows),
      intAttribute("bits", bits),
      intAttribute("block_size", size),
    ];
    const read = [placed.codes, placed.scales, ...(placed.zeroPoints ? [placed.zeroPoints] : [])];
    this.#product("MatMulNBits", node, read, attributes);
  }

  /** The same in 4-bit NormalFloat. */
  multiplyNormalFloats({ node, weightUse }: LayerPlan, encoded: EncodedWeight): void {
    const { dims, blocks, scales } = encoded;
    if (!blocks) throw new Error(`${weightUse?.name} is not in blocks.`);
    const name = weightUse?.name ?? "";
    const { axis, size } = blocks;
    const data = packNormalFloats(encoded);
    const attributes = [
      intAttribute("K", dims[axis] as number),
      intAttribute("N", dims[1 - axis] as number),
      intAttribute("block_size", size),
      intAttribute("quant_type", NF4),
    ];
    const read = [
      this.#draft.addConstant(name, "_quantized", { type: "uint8", dims: [data.length], data }),
      this.#draft.addConstant(name, "_scale", { type: "float32", dims: [scales.length], data: scales }),
    ];
    this.#product("MatMulBnb4", node, read, attributes);
  }

  #product(operator: string, node: NodeProto, weight: readonly string[], attributes: AttributeProto[]): void {
    const [output = ""] = node.output;
    const added = node.opType === "Gemm" ? node.input[2] : undefined;
    const product = added ? this.#draft.fresh(output, `_${operator}_Output`) : output;
    const read = [node.input[0] ?? "", ...weight];
    this.#draft.add(makeNode(operator, read, [product], { name: node.name, attributes, domain: RUNTIME_DOMAIN }));
    if (!added) return;
    const name = this.#draft.fresh(output, "_Add");
    this.#draft.add(makeNode("Add", [product, added], [output], { name }));
  }

  /** A Gather of rows of a table. */
  lookUp({ node, weightUse }: LayerPlan, encoded: EncodedWeight): void {
    const name = weightUse?.name ?? "";
    const packed = packBlocks(encoded);
    const shared = this.#like(packed);
    const { codes, scales, zeroPoints } = shared ?? this.#place(name, packed, false);
    const data = shared?.isMatrix ? this.#asRows(name, shared) : codes;
    const attributes = [
      intAttribute("bits", packed.bits),
      intAttribute("block_size", packed.size),
      intAttribute("gather_axis", 0),
      intAttribute("quantize_axis", 1),
    ];
    const read = [data, node.input[1] ?? "", scales, ...(zeroPoints ? [zeroPoints] : [])];
    this.#draft.add(
      makeNode("GatherBlockQuantized", read, node.output, { name: node.name, attributes, domain: RUNTIME_DOMAIN }),
    );
  }

  #like(packed: PackedBlocks): Placed | undefined {
    return this.#placed.find((each) => isSame(each.packed, packed));
  }

  /** Codes of a matrix as a table has them, a row in one. */
  #asRows(name: string, { packed, codes }: Placed): string {
    const output = this.#draft.fresh(name, "_quantized_rows");
    const data = BigInt64Array.of(BigInt(packed.rows), BigInt(packed.codes.length / packed.rows));
    const shape = this.#draft.addConstant(name, "_quantized_shape", { type: "int64", dims: [2], data });
    this.#draft.add(makeNode("Reshape", [codes, shape], [output], { name: this.#draft.fresh(name, "_Reshape") }));
    return output;
  }

  #place(name: string, packed: PackedBlocks, isMatrix = true): Placed {
    const { rows, blocks, codes, scales, zeroPoints } = packed;
    const dims = isMatrix ? [rows, blocks, codes.length / rows / blocks] : [rows, codes.length / rows];
    const put = (suffix: string, tensor: Tensor) => this.#draft.addConstant(name, suffix, tensor);
    const placed: Placed = {
      packed,
      isMatrix,
      codes: put("_quantized", { type: "uint8", dims, data: codes }),
      scales: put("_scale", { type: "float32", dims: [rows, blocks], data: scales }),
      zeroPoints:
        zeroPoints && put("_zero_point", { type: "uint8", dims: [rows, zeroPoints.length / rows], data: zeroPoints }),
    };
    this.#placed.push(placed);
    return placed;
  }
}

function isSame(a: PackedBlocks, b: PackedBlocks): boolean {
  return (
    a.bits === b.bits &&
    a.size === b.size &&
    a.rows === b.rows &&
    a.inputs === b.inputs &&
    areEqual(a.codes, b.codes) &&
    areEqual(a.scales, b.scales) &&
    (a.zeroPoints && b.zeroPoints ? areEqual(a.zeroPoints, b.zeroPoints) : a.zeroPoints === b.zeroPoints)
  );
}

function areEqual(a: Uint8Array | Float32Array, b: Uint8Array | Float32Array): boolean {
  return a.length === b.length && a.every((value, at) => value === b[at]);
}

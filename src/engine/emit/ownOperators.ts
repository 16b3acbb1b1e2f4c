import type { EncodedWeight } from "../encode/weight.ts";
import type { Tensor } from "../model/tensor.ts";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import { RUNTIME_DOMAIN } from "../onnx/opset.ts";
import type { AttributeProto, NodeProto } from "../onnx/proto/onnx_pb.ts";
import type { LayerPlan } from "../plan/plan.ts";
import { elementCount } from "../values/dims.ts";
import type { DataType, TensorData } from "../values/elementTypes.ts";
import type { GraphDraft } from "./graphDraft.ts";
import { packAlike, packedShape, packNormalFloats, rowCodes, rowScales, rowZeroPoints } from "./packBlocks.ts";

/** NF4 among the tables of MatMulBnb4. */
const NF4 = 1;

/** A packed weight in the graph. */
interface Placed {
  readonly encoded: EncodedWeight;
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
    this.#byLayer.set(id, this.#like(encoded) ?? this.#place(weightUse?.name ?? "", encoded));
  }

  /** A MatMul, or a Gemm and the Add of its third input, by a matrix that was placed. */
  multiply({ id, node }: LayerPlan): void {
    const placed = this.#byLayer.get(id);
    if (!placed) throw new Error(`The matrix of ${id} was not placed.`);
    const { bits, size, rows, inputs } = packedShape(placed.encoded);
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
    const attributes = [
      intAttribute("K", dims[axis] as number),
      intAttribute("N", dims[1 - axis] as number),
      intAttribute("block_size", size),
      intAttribute("quant_type", NF4),
    ];
    const read = [
      this.#draft.addConstant(name, "_quantized", {
        type: "uint8",
        dims: [Math.ceil(elementCount(dims) / 2)],
        ...(encoded.isDeferred
          ? { work: () => packNormalFloats(encoded), weight: name }
          : { data: packNormalFloats(encoded) }),
      }),
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
    const { bits, size } = packedShape(encoded);
    const shared = this.#like(encoded);
    const { codes, scales, zeroPoints } = shared ?? this.#place(name, encoded, false);
    const data = shared?.isMatrix ? this.#asRows(name, shared) : codes;
    const attributes = [
      intAttribute("bits", bits),
      intAttribute("block_size", size),
      intAttribute("gather_axis", 0),
      intAttribute("quantize_axis", 1),
    ];
    const read = [data, node.input[1] ?? "", scales, ...(zeroPoints ? [zeroPoints] : [])];
    this.#draft.add(
      makeNode("GatherBlockQuantized", read, node.output, { name: node.name, attributes, domain: RUNTIME_DOMAIN }),
    );
  }

  #like(encoded: EncodedWeight): Placed | undefined {
    return this.#placed.find((each) => packAlike(each.encoded, encoded));
  }

  /** Codes of a matrix as a table has them, a row in one. */
  #asRows(name: string, { encoded, codes }: Placed): string {
    const { rows, blocks, size, bits } = packedShape(encoded);
    const output = this.#draft.fresh(name, "_quantized_rows");
    const data = BigInt64Array.of(BigInt(rows), BigInt((blocks * size * bits) / 8));
    const shape = this.#draft.addConstant(name, "_quantized_shape", { type: "int64", dims: [2], data });
    this.#draft.add(makeNode("Reshape", [codes, shape], [output], { name: this.#draft.fresh(name, "_Reshape") }));
    return output;
  }

  #place(name: string, encoded: EncodedWeight, isMatrix = true): Placed {
    const { rows, blocks, size, bits } = packedShape(encoded);
    const blockBytes = (size * bits) / 8;
    const put = (suffix: string, type: DataType, dims: readonly number[], work: () => TensorData) =>
      this.#draft.addConstant(
        name,
        suffix,
        encoded.isDeferred
          ? { type, dims, work, ...(suffix === "_quantized" && { weight: name }) }
          : ({ type, dims, data: work() } as Tensor),
      );
    const codeDims = isMatrix ? [rows, blocks, blockBytes] : [rows, blocks * blockBytes];
    const zeroDims = [rows, Math.ceil((blocks * bits) / 8)];
    const placed: Placed = {
      encoded,
      isMatrix,
      codes: put("_quantized", "uint8", codeDims, () => rowCodes(encoded)),
      scales: put("_scale", "float32", [rows, blocks], () => rowScales(encoded)),
      zeroPoints:
        encoded.zeroPoints && put("_zero_point", "uint8", zeroDims, () => rowZeroPoints(encoded) as Uint8Array),
    };
    this.#placed.push(placed);
    return placed;
  }
}

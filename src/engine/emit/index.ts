import { type EncodingChoices, encode, type Numbers, type WeightEncoder } from "../encode/numbers.ts";
import type { RecipeFormat } from "../model/format.ts";
import type { Range } from "../model/range.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import type { QuantizationPlan } from "../plan/plan.ts";
import { encodeRequest } from "../plan/request.ts";
import { writeBfloat16 } from "./bfloat16.ts";
import { writeDynamic } from "./dynamic.ts";
import type { Emitted, Writer } from "./emitted.ts";
import { writeFloat16 } from "./float16.ts";
import { writeQ4f16 } from "./q4f16.ts";
import { writeQdq } from "./qdq.ts";
import { writeQOperator } from "./qoperator.ts";
import { writeWeights } from "./weightOnly.ts";

/** Who writes what. */
const WRITERS: Readonly<Record<RecipeFormat, Writer>> = {
  qdq: writeQdq,
  qoperator: writeQOperator,
  dynamic: writeDynamic,
  weights: writeWeights,
  float16: writeFloat16,
  bfloat16: writeBfloat16,
  float8: writeQdq,
  q4f16: writeQ4f16,
};

export type QuantizedModel = Emitted & Pick<Numbers, "affine" | "notices">;

/**
 * Encodes what a plan quantizes and writes it in the recipe's format. `ranges` holds a finite range for every group of the
 * plan; `weigh` may give weights that are encoded already. The same arguments give the same model, byte for byte.
 * Throws InputError as encode does.
 */
export function quantizeGraph(
  model: ModelProto,
  plan: QuantizationPlan,
  ranges: ReadonlyMap<string, Range>,
  recipe: EncodingChoices,
  weigh?: WeightEncoder,
): QuantizedModel {
  const numbers = encode(encodeRequest(plan), ranges, recipe, weigh);
  const emitted = WRITERS[recipe.format](model, plan, numbers);
  return { ...emitted, affine: numbers.affine, notices: numbers.notices };
}

import { STORED_BLOCK, type StoredType } from "../values/codes.ts";
import { plural } from "../values/figures.ts";
import { HALF_LARGEST } from "../values/halfFloats.ts";

/** Why a layer stays in float: a code, and what the sentence about it names. */
export type Reason =
  /** The operator. */
  | { readonly code: "not-standard"; readonly domain: string; readonly operator: string }
  | { readonly code: "no-gain"; readonly operator: string }
  | { readonly code: "recurrent"; readonly operator: string }
  | { readonly code: "normalizes" }
  | { readonly code: "not-folded" }
  | { readonly code: "holds-graph" }
  /** The target has no integer kernel for it. */
  | { readonly code: "no-kernel"; readonly operator: string; readonly target: string }
  | { readonly code: "inside"; readonly operator: string }
  /** It is computed in float, inside another operator or not, and its weights are kept in int8; with so few cells that integers are no faster. */
  | { readonly code: "stored"; readonly inside: string | null; readonly cells?: number }
  | { readonly code: "gives-probabilities" }
  | { readonly code: "sizes-matrices" }
  | { readonly code: "in-integers" }
  | { readonly code: "kept" }
  /** What it computes with. */
  | { readonly code: "type"; readonly type: string }
  | { readonly code: "bounds-at-run-time" }
  | { readonly code: "weight-at-run-time" }
  | { readonly code: "weight-type" }
  | { readonly code: "weight-not-finite"; readonly weight: string }
  | { readonly code: "weight-vector" }
  | { readonly code: "weight-empty" }
  | { readonly code: "weight-small"; readonly type: StoredType }
  | { readonly code: "no-operator"; readonly type: string }
  | { readonly code: "parts-of-bytes"; readonly columns: number }
  | { readonly code: "odd-zero-points"; readonly blocks: number; readonly target: string }
  | { readonly code: "bias" }
  | { readonly code: "constants" }
  /** What is around it. */
  | { readonly code: "layer-before" }
  | { readonly code: "input"; readonly tensor: string }
  /** A scale of `tensor` would be too coarse for `lost`. */
  | { readonly code: "spared"; readonly tensor: string; readonly lost: string }
  /** What float16 would make of what it reads or makes. */
  | { readonly code: "no-half"; readonly operator: string }
  /** From which opset on it takes bfloat16, where the model has an older one. */
  | { readonly code: "no-bfloat"; readonly operator: string; readonly since?: number }
  | { readonly code: "too-large"; readonly tensor: string; readonly type?: "bfloat16" }
  | { readonly code: "too-small"; readonly tensor: string }
  | { readonly code: "counts"; readonly type?: "bfloat16" }
  | { readonly code: "last" }
  /** What the recipe asks for. */
  | { readonly code: "recipe-layer" }
  | { readonly code: "recipe-stored"; readonly type: StoredType }
  | { readonly code: "recipe-operator"; readonly operator: string }
  | { readonly code: "recipe-input"; readonly tensor: string }
  | { readonly code: "recipe-output" }
  | { readonly code: "recipe-elementwise" }
  /** No blocks fit its weights, which are kept in more bits than those of others. */
  | { readonly code: "no-blocks"; readonly type: StoredType }
  | { readonly code: "weights-only" }
  | { readonly code: "without-weights" }
  /** What was decided on calibration samples. */
  | { readonly code: "decided" }
  | { readonly code: "costly" };

/** Whether a recipe names the layer, or a tensor of it, as one to stay in float. */
export function isChosen({ code }: Reason): boolean {
  return code.startsWith("recipe-");
}

/** Whether the layer is computed in float and its weights alone are in fewer bits. */
export function isStored({ code }: Reason): boolean {
  return code === "stored" || code === "recipe-stored" || code === "no-blocks" || code === "costly";
}

/** What weights are kept in, in words. */
export function storedText(type: StoredType): string {
  return type === "int4" ? `int4, in blocks of ${STORED_BLOCK}` : type;
}

/** A reason in words, to go on after "stays in float: ". */
export function reasonText(reason: Reason): string {
  switch (reason.code) {
    case "not-standard":
      return `${reason.domain}.${reason.operator} is not a standard operator`;
    case "no-gain":
      return `${reason.operator} gains nothing from 8 bits`;
    case "recurrent":
      return `a recurrent state gathers error step by step, and ONNX Runtime has no static 8-bit ${reason.operator}`;
    case "normalizes":
      return "normalising needs more than 8 bits of its input's square";
    case "not-folded":
      return "it could not be folded into a layer before it";
    case "holds-graph":
      return "it holds a graph of its own, which runs in float";
    case "inside":
      return `it is inside ${reason.operator}, whose graph runs in float`;
    case "stored":
      if (reason.cells !== undefined) {
        return `${reason.cells} cells are no faster in integers, so that its weights alone are in int8`;
      }
      return reason.inside === null
        ? "a recurrent state gathers error step by step, so that its weights alone are in int8"
        : `it is inside ${reason.inside}, whose graph runs in float, so that its weights alone are in int8`;
    case "gives-probabilities":
      return "its probabilities reach an output of the model, and samples need not show all that they can be";
    case "no-kernel":
      return `${reason.target} has no integer kernel for ${reason.operator}`;
    case "sizes-matrices":
      return "it gives each matrix of the MatMul before it a size of its own, which that gives in float";
    case "in-integers":
      return "it works on integers already";
    case "kept":
      return "the model has it in integers already, and it is kept so";
    case "type":
      return `its values are ${reason.type}, not float32`;
    case "bounds-at-run-time":
      return "its bounds are computed at run time";
    case "weight-at-run-time":
      return "its weight is computed at run time";
    case "weight-type":
      return "its weight is not float32";
    case "weight-not-finite":
      return `its weight ${reason.weight} holds NaN or infinite values`;
    case "weight-vector":
      return "its weight is a vector, which gains nothing from 8 bits";
    case "weight-empty":
      return "its weight has no values";
    case "weight-small":
      return `its weights are so small that keeping them in ${reason.type === "int8" ? "8 bits" : storedText(reason.type)} would save nothing`;
    case "no-blocks":
      return `no blocks fit its weights, which are kept in ${storedText(reason.type)}`;
    case "no-operator":
      return `no operator reads its weight in ${reason.type}`;
    case "parts-of-bytes":
      return `ONNX Runtime makes noise of a product by 2-bit weights in ${reason.columns} columns, as a row of them ends within a byte; MatMulNBits takes it`;
    case "odd-zero-points":
      return `its rows have ${plural(reason.blocks, "block")}, and GatherBlockQuantized on ${reason.target} takes no odd number of 4-bit zero points; smaller blocks, or int4, which has none, make it fit`;
    case "bias":
      return "its bias is not one finite constant an output channel, and without that it has no integer kernel";
    case "constants":
      return "the values it works on are constants";
    case "layer-before":
      return "the layer before it stays in float";
    case "input":
      return `its input ${reason.tensor} stays in float`;
    case "spared":
      return reason.lost === reason.tensor
        ? `8 bits over the whole range of ${reason.tensor} are too coarse for what it holds`
        : `one scale for ${reason.tensor} is too coarse for ${reason.lost}`;
    case "no-half":
      return `${reason.operator} takes no float16`;
    case "no-bfloat":
      return reason.since === undefined
        ? `${reason.operator} takes no bfloat16`
        : `${reason.operator} takes bfloat16 from opset ${reason.since} on, and the model has an older one`;
    case "too-large":
      if (reason.type) return `${reason.tensor} holds values that are infinite in bfloat16`;
      return `${reason.tensor} holds values above ${HALF_LARGEST}, which are infinite in float16`;
    case "too-small":
      return `what ${reason.tensor} holds is too small for float16`;
    case "counts":
      return `it works out positions or sizes, which ${reason.type ? "bfloat16 holds exactly up to 256" : "float16 holds exactly up to 2048"} alone`;
    case "last":
      return "it works out an output, which is float32, from what the last layers with weights give";
    case "recipe-layer":
      return "the recipe leaves this layer in float";
    case "recipe-stored":
      return `the recipe has it computed in float, with its weights alone in ${storedText(reason.type)}`;
    case "recipe-operator":
      return `the recipe leaves every ${reason.operator} in float`;
    case "recipe-input":
      return `the recipe leaves its input ${reason.tensor} in float`;
    case "recipe-output":
      return "the recipe leaves its output in float";
    case "recipe-elementwise":
      return "the recipe leaves every layer without weights in float";
    case "decided":
      return "on calibration samples that brought the outputs closer to the float model, or saved as much time";
    case "costly":
      return "its products in integers cost the outputs much on calibration samples, and it multiplies little; its weights alone are in int8";
    case "weights-only":
      return "weights-only recipe";
    case "without-weights":
      return "it has no weights, and others get no scales where these are found at run time";
  }
}

/** The same of several layers at once: without the tensors of each. */
export function commonReasonText(reason: Reason): string {
  if (reason.code === "spared") return "one scale for what it makes or reads is too coarse for part of that";
  return reason.code === "input" ? "an input stays in float" : reasonText(reason);
}

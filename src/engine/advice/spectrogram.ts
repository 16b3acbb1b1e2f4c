import type { GraphIndex } from "../onnx/graph.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { tensorOf } from "../onnx/tensor.ts";
import { weightedOf } from "../operators/index.ts";
import { ahead, ancestors, behind, makerOf } from "./trace.ts";

/** What turns a signal into powers of its frequencies. */
export interface FrontEnd {
  /** The layers with weights in it: transform and filters, in graph order. */
  readonly layers: readonly string[];
  /** What shows it, a sentence's part. */
  readonly evidence: string;
  /** Whether a logarithm is taken of it, which makes the small powers count as the large ones. */
  readonly isLogarithmic: boolean;
}

/** What a spectrum passes on its way to the logarithm. */
const SHAPES_POWER: ReadonlySet<string> = new Set(
  "Sqrt Pow Abs Add Sub Mul Div Max Min Clip Relu Where ReduceMax Concat".split(" "),
);
const TRANSFORMS: ReadonlySet<string> = new Set(["STFT", "DFT"]);

/**
 * The spectrogram that a model begins with: the sum of the squares of two transforms by constants (the real and the imaginary
 * part), or of what an STFT or a DFT gives, with the filters and the logarithm after it, where there are such. Null where there is none.
 */
export function spectrogramOf(index: GraphIndex): FrontEnd | null {
  const power = index.graph.node.find((node) => isPower(node, index));
  if (!power) return null;
  const [output = ""] = power.output;
  const filters = (node: NodeProto) => isFilter(node, index);
  const goesOn = (node: NodeProto) => SHAPES_POWER.has(node.opType) || filters(node);
  const [log] = ahead(output, index, goesOn, ({ opType }) => opType === "Log");
  const within = ancestors(log?.output[0] ?? output, index);
  const layers = index.graph.node.filter((node) => within.has(node) && weightedOf(node, index) !== null);
  const hasFilters = layers.some((node) => filters(node) && !ancestors(output, index).has(node));
  const parts = [
    `The ${power.opType} ${index.id(power)} adds the squares of a transform's parts`,
    ...(hasFilters ? ["a constant of positive filters is multiplied by them"] : []),
    ...(log ? [`the Log ${index.id(log)} follows`] : []),
  ];
  return {
    layers: layers.map((node) => index.id(node)),
    evidence: parts.join(", "),
    isLogarithmic: log !== undefined,
  };
}

/** Whether a node makes powers of frequencies. */
function isPower(node: NodeProto, index: GraphIndex): boolean {
  const [first = "", second = ""] = node.input;
  if (node.opType === "Add") {
    const [real, imaginary] = [squared(first, index), squared(second, index)];
    return real !== null && imaginary !== null && isTransformed(real, index) && isTransformed(imaginary, index);
  }
  const isSum = node.opType === "ReduceSum" && squared(first, index) !== null;
  if (!isSum && node.opType !== "ReduceSumSquare" && node.opType !== "ReduceL2") return false;
  return TRANSFORMS.has(makerOf(isSum ? squared(first, index)! : first, index)?.opType ?? "");
}

/** The tensor that this one is the square of; null where it is none. */
function squared(tensor: string, index: GraphIndex): string | null {
  const node = makerOf(tensor, index);
  const [base = "", other = ""] = node?.input ?? [];
  if (node?.opType === "Mul") return base === other ? base : null;
  if (node?.opType !== "Pow") return null;
  const exponent = index.initializer(other);
  return exponent && Number(tensorOf(exponent).data[0]) === 2 ? base : null;
}

/** Whether a tensor comes out of products of what is fed with constants alone, as a Fourier transform does. */
function isTransformed(tensor: string, index: GraphIndex): boolean {
  const maker = makerOf(tensor, index);
  if (!maker) return false;
  if (TRANSFORMS.has(maker.opType)) return true;
  if (weightedOf(maker, index) === null || !index.initializer(maker.input[1] ?? "") || maker.input[2]) return false;
  return behind(maker.input[0] ?? "", index, SHAPES_POWER, (node) => weightedOf(node, index) !== null).length === 0;
}

/** Whether a node multiplies by a matrix of which nothing is negative, as mel filters are. */
function isFilter(node: NodeProto, index: GraphIndex): boolean {
  if (weightedOf(node, index) === null) return false;
  const constant = index.initializer(node.input[1] ?? "") ?? index.initializer(node.input[0] ?? "");
  return constant !== undefined && (tensorOf(constant).data as Float32Array).every((value) => value >= 0);
}

import { GraphIndex } from "../onnx/graph.ts";
import type { OpenModel } from "./open.ts";

/** Which tensor has an input's values in float32: what its Cast makes where it is of another float type, else the input itself. */
export function inputValues({ observed, types }: Pick<OpenModel, "observed" | "types">, input: string): string {
  const type = types.get(input);
  if (!observed.graph || (type !== "float16" && type !== "float64")) return input;
  const cast = new GraphIndex(observed.graph).consumers(input).find(({ opType }) => opType === "Cast");
  return cast?.output[0] ?? input;
}

import type { Notice } from "../model/job.ts";
import type { Statistics } from "../model/statistics.ts";
import { GraphIndex } from "../onnx/graph.ts";
import type { GraphProto } from "../onnx/proto/onnx_pb.ts";
import { endsOf } from "../plan/unseen.ts";
import { significant } from "../values/figures.ts";
import type { OpenModel } from "./open.ts";

/**
 * Warnings of samples that show one answer only: where no probability that the model gives crosses 1/2, the values that
 * lead to the other answer were not seen in any tensor, and may be clipped in all of them.
 */
export function oneSidedProbabilities({ folded }: Pick<OpenModel, "folded">, statistics: Statistics): Notice[] {
  const index = new GraphIndex(folded.graph as GraphProto);
  return index.graph.node.flatMap((node) => {
    const tensor = node.output[0] ?? "";
    const seen = statistics.get(tensor);
    if (!seen || seen.finite === 0 || endsOf(node, index)?.low !== 0) return [];
    if (seen.min <= 0.5 && seen.max >= 0.5) return [];
    const [extreme, missing] =
      seen.max < 0.5
        ? [`never rose above ${significant(seen.max)}`, "positive"]
        : [`never fell below ${significant(seen.min)}`, "negative"];
    const samples = seen.samples.index.length;
    const message = `The probability ${tensor} ${extreme} on ${samples} samples: none seems to be a ${missing}, and what only a ${missing} makes of the model's values may be clipped; add samples that hold one.`;
    return [{ kind: "warning", subject: tensor, message }];
  });
}

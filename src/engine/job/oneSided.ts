import type { Notice } from "../model/job.ts";
import type { DoubtFacts } from "../model/shard.ts";
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
export function oneSidedProbabilities({ probabilities }: DoubtFacts, statistics: Statistics): Notice[] {
  return probabilities.flatMap((tensor) => {
    const seen = statistics.get(tensor);
    if (!seen || seen.finite === 0) return [];
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

/** The tensors that it looks at. */
export function probabilitiesOf({ folded }: Pick<OpenModel, "folded">): DoubtFacts["probabilities"] {
  const index = new GraphIndex(folded.graph as GraphProto);
  return index.graph.node.filter((node) => endsOf(node, index)?.low === 0).map(({ output }) => output[0] ?? "");
}

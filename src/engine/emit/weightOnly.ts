import { withFields } from "../onnx/messages.ts";
import type { Writer } from "./emitted.ts";
import { GraphDraft } from "./graphDraft.ts";

/** Weights alone: an integer weight and a DequantizeLinear for each; everything else stays as it is. */
export const writeWeights: Writer = (model, plan, numbers) => {
  const draft = new GraphDraft(model, plan);
  const unrounded = new Map<string, string>();
  for (const { id, node, weightUse } of plan.layers) {
    const input = [...node.input];
    const weight = numbers.weights.get(id);
    if (weightUse && weight) input[weightUse.input] = draft.weight(weightUse.name, weight);
    draft.add(withFields(node, { input }));
    unrounded.set(id, node.output[0] ?? "");
  }
  return { model: draft.assemble(), unrounded, rounded: new Map() };
};

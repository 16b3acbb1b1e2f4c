import { withFields } from "../onnx/messages.ts";
import { RUNTIME_DOMAIN, withDomain } from "../onnx/opset.ts";
import { Codebooks } from "./codebooks.ts";
import type { Writer } from "./emitted.ts";
import { GraphDraft } from "./graphDraft.ts";
import { OwnOperators } from "./ownOperators.ts";

/**
 * Weights alone: an integer weight and a DequantizeLinear for each, a table and the places in it, or an operator of the runtime's own in the place of the layer;
 * everything else stays as it is.
 */
export const writeWeights: Writer = (model, plan, numbers) => {
  const draft = new GraphDraft(model, plan);
  const own = new OwnOperators(draft);
  const tables = new Codebooks(draft);
  const unrounded = new Map<string, string>();
  for (const layer of plan.layers) {
    const weight = numbers.weights.get(layer.id);
    if (weight && layer.ownOperator === "MatMulNBits") own.placeMatrix(layer, weight);
  }
  for (const layer of plan.layers) {
    const { id, node, weightUse, ownOperator } = layer;
    const weight = numbers.weights.get(id);
    unrounded.set(id, node.output[0] ?? "");
    if (weight && ownOperator === "MatMulNBits") own.multiply(layer);
    else if (weight && ownOperator === "MatMulBnb4") own.multiplyNormalFloats(layer, weight);
    else if (weight && ownOperator === "GatherBlockQuantized") own.lookUp(layer, weight);
    else {
      const input = [...node.input];
      if (weightUse && weight) {
        const made = weight.table ? tables : draft;
        input[weightUse.input] = made.weight(weightUse.name, weight);
      }
      draft.add(withFields(node, { input }));
    }
  }
  const written = draft.assemble();
  const isOwn = plan.layers.some(({ id, ownOperator }) => ownOperator !== null && numbers.weights.has(id));
  return { model: isOwn ? withDomain(written, RUNTIME_DOMAIN) : written, unrounded, rounded: new Map() };
};

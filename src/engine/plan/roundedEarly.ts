import { isDefaultDomain } from "../onnx/opset.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import type { QuantizationPlan } from "./plan.ts";

/**
 * The tensors of a plan that float layers make and that its target would round before these, where that is slow: it moves a
 * QuantizeLinear up through layers that move values as long as nothing else reads them.
 */
export function roundedEarly({ index, layers, groupOf, target }: QuantizationPlan): ReadonlySet<string> {
  const integer = new Set(layers.filter(({ reason }) => reason === null).map(({ node }) => node));
  const makes = (tensor: string): NodeProto | undefined => {
    const producer = index.producer(tensor);
    const isFloat = producer !== undefined && !integer.has(producer) && isDefaultDomain(producer.domain);
    return isFloat && target.roundsBefore.has(producer.opType) ? producer : undefined;
  };
  const isEarly = (tensor: string): boolean => {
    if (index.isOutput(tensor) || index.uses(tensor).some(({ node }) => !integer.has(node))) return false;
    let maker = makes(tensor);
    while (maker) {
      const source = maker.input[0] ?? "";
      const before = index.producer(source);
      if (target.slowOnCodes.has(maker.opType)) return before === undefined || !integer.has(before);
      if (index.isOutput(source) || index.uses(source).length > 1) return false;
      maker = makes(source);
    }
    return false;
  };
  return new Set([...groupOf.keys()].filter(isEarly));
}

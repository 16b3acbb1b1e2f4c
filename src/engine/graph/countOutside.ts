import { create } from "@bufbuild/protobuf";
import type { Range } from "../model/range.ts";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import { freshName, stemOf, tensorNames } from "../onnx/names.ts";
import {
  TensorProto_DataType as Code,
  type ModelProto,
  type NodeProto,
  ValueInfoProtoSchema,
} from "../onnx/proto/onnx_pb.ts";
import { scalar, tensorProto } from "../onnx/tensor.ts";
import { float32AtLeast, float32AtMost } from "../values/float32.ts";
import { graphOf, withGraph } from "./pass.ts";

/** What the outputs are called that tell of one tensor: how many of its values lie outside, float32, and how many it has, int64. */
export interface Counted {
  readonly outside: string;
  readonly all: string;
}

/**
 * A model of opset 13 or newer that gives counts alone: of each float32 tensor in `ranges` how many values lie below low or above
 * high, infinities among them and NaN not, and how many there are. Counted where they are computed, no tensor has to be copied, nor kept:
 * ONNX Runtime takes nodes whose results nobody reads from the last on, so that the first tensor's counters come last. Ones are added up
 * in float32, in half the time of int32: exact to 2^24 of them.
 */
export function countOutside(
  model: ModelProto,
  ranges: ReadonlyMap<string, Range>,
): { readonly model: ModelProto; readonly counts: ReadonlyMap<string, Counted> } {
  const graph = graphOf(model);
  const names = tensorNames(graph);
  const node: NodeProto[] = [...graph.node];
  const initializer = [...graph.initializer];
  const counts = new Map<string, Counted>();
  for (const [tensor, { low, high }] of [...ranges].toReversed()) {
    const name = (what: string) => freshName(names, `${stemOf(tensor)}_${what}`);
    const bound = (what: string, value: number) => {
      const bound = name(what);
      initializer.push(tensorProto(bound, scalar("float32", value)));
      return bound;
    };
    const made = (
      operator: string,
      inputs: string[],
      what: string,
      attributes = [] as ReturnType<typeof intAttribute>[],
    ) => {
      const output = name(what);
      node.push(makeNode(operator, inputs, [output], { name: output, attributes }));
      return output;
    };
    const below = made("Less", [tensor, bound("low", float32AtLeast(low))], "below");
    const above = made("Greater", [tensor, bound("high", float32AtMost(high))], "above");
    const either = made("Or", [below, above], "clipped");
    const ones = made("Cast", [either], "clipped_ones", [intAttribute("to", Code.FLOAT)]);
    const outside = made("ReduceSum", [ones], "clipped_count", [intAttribute("keepdims", 0)]);
    counts.set(tensor, { outside, all: made("Size", [tensor], "count") });
  }
  const output = [...counts.values()].flatMap(({ outside, all }) => [outside, all]);
  return {
    model: withGraph(model, {
      node,
      initializer,
      output: output.map((name) => create(ValueInfoProtoSchema, { name })),
    }),
    counts,
  };
}

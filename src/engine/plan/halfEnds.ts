import type { ElementTypes } from "../onnx/elementTypes.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import { TensorProto_DataType as Code } from "../onnx/proto/onnx_pb.ts";
import type { PlanChoices } from "./candidates.ts";
import type { Need } from "./exactInputs.ts";
import type { HalfLayer } from "./halfLayers.ts";
import { VANISHES } from "./halfLosses.ts";

/** Why an end stays float32 though float16 is asked for: what it holds, what it carries on to as a state, or that the recipe says so. */
export type KeptEnd =
  | Need
  | { readonly code: "too-large"; readonly tensor: string }
  | { readonly code: "state"; readonly other: string }
  | { readonly code: "recipe" };

export interface HalfEnds {
  /** Inputs and outputs of the model that are float32 and become float16. */
  readonly ends: ReadonlySet<string>;
  /** Those that are asked to, and stay float32. */
  readonly keptEnds: ReadonlyMap<string, KeptEnd>;
}

/** Which inputs, and outputs that layers make, become float16 where that is asked for, and which of these would not hold their values. */
export function halfEnds(
  index: GraphIndex,
  types: ElementTypes,
  layers: readonly HalfLayer[],
  exact: ReadonlyMap<string, Need>,
  { ends, spared, float, inputs: given }: PlanChoices,
): HalfEnds {
  if (ends !== "float16") return { ends: new Set(), keptEnds: new Map() };
  const isFloat = (name: string) => types.get(name) === Code.FLOAT;
  const inputs = index.inputs.map(({ name }) => name);
  const made = index.graph.output.map(({ name }) => name).filter((name) => index.producer(name));
  const asked = [...inputs, ...made].filter(isFloat);
  const byNode = new Map(layers.map((layer) => [layer.node, layer]));
  const readBy = new Map<string, string>();
  for (const { node, vanishing } of layers) {
    if (vanishing !== null) for (const name of node.input) readBy.set(name, vanishing);
  }
  const reasonOf = (name: string): KeptEnd | null => {
    if (float.tensors.includes(name)) return { code: "recipe" };
    const seen = spared && Object.hasOwn(spared, name) ? spared[name] : undefined;
    if (seen !== undefined) return { code: seen === VANISHES ? "too-small" : "too-large", tensor: name };
    const producer = index.producer(name);
    const maker = producer && byNode.get(producer);
    if (maker?.overflow) return { code: "too-large", tensor: maker.overflow };
    const small = maker?.vanishing ?? (maker ? undefined : readBy.get(name));
    if (small) return { code: "too-small", tensor: small };
    return maker?.isCounting ? { code: "counts" } : (exact.get(name) ?? null);
  };
  const keptEnds = new Map(
    asked.flatMap((name): [string, KeptEnd][] => {
      const reason = reasonOf(name);
      return reason ? [[name, reason]] : [];
    }),
  );
  const pairs = Object.entries(given?.state ?? {}).flatMap(([to, from]) => [[to, from] as const, [from, to] as const]);
  const becomes = (name: string) => asked.includes(name) && !keptEnds.has(name);
  for (let isOpen = true; isOpen; ) {
    const split = pairs.find(([name, other]) => becomes(name) && isFloat(other) && !becomes(other));
    isOpen = split !== undefined;
    if (split) keptEnds.set(split[0], { code: "state", other: split[1] });
  }
  return { ends: new Set(asked.filter(becomes)), keptEnds };
}

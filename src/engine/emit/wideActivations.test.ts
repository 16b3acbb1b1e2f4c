import { expect, it } from "vitest";
import { intAttribute, intsAttribute, makeNode } from "../onnx/attributes.ts";
import { opsetOf } from "../onnx/opset.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { leastSqnr, tryOut } from "./testing/trial.ts";

const activations = { type: "uint16", symmetric: false } as const;
const weights = { type: "int8", granularity: "channel", rounding: "nearest" } as const;

/** A pool that rounds up has no known equal in opset 21. */
const network = (ceil: boolean) =>
  buildModel({
    opset: 17,
    inputs: [floatInput("x", [1, 3, 7, 7])],
    outputs: ["out"],
    nodes: [
      makeNode("Conv", ["x", "w", "b"], ["c"], { name: "conv" }),
      makeNode("AveragePool", ["c"], ["p"], {
        name: "pool",
        attributes: [intsAttribute("kernel_shape", [2, 2]), ...(ceil ? [intAttribute("ceil_mode", 1)] : [])],
      }),
      makeNode("Add", ["p", "k"], ["out"], { name: "add" }),
    ],
    constants: { w: noise([5, 3, 3, 3], 7), b: noise([5], 8), k: noise([1, 5, 1, 1], 9) },
  });

it.each([
  [false, 21, ""],
  [true, 17, "com.microsoft"],
] as const)(
  "rounds to 16 bits, constants too, by operators that the opset has (ceil %s)",
  async (ceil, opset, domain) => {
    const trial = await tryOut(network(ceil), { activations, weights, elementwise: "join" });
    expect(opsetOf(trial.model)).toBe(opset);
    const types = new Map(trial.model.graph!.initializer.map(({ name, dataType }) => [name, dataType]));
    const wide = trial.model.graph!.node.filter(
      ({ opType, input }) => /^(Q|Deq)uantizeLinear$/.test(opType) && types.get(input[2] ?? "") === 4,
    );
    expect(wide.length).toBeGreaterThan(6);
    expect(new Set(wide.map((node) => node.domain))).toEqual(new Set([domain]));
    expect(wide.some(({ input }) => input[0] === "k_quantized")).toBe(true);
    expect(leastSqnr(trial)).toBeGreaterThan(40);
    const biases = trial.model.graph!.node.filter(({ input }) => input[0]?.startsWith("b_quantized"));
    // ONNX Runtime would make int32 of a float bias itself, and cut off what does not fit.
    expect(biases).toHaveLength(1);
  },
);

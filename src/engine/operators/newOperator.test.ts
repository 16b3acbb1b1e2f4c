import { afterEach, describe, expect, it } from "vitest";
import { topologyOf } from "../../studio/graph/topology.ts";
import { rowsOf } from "../../studio/state/layers.ts";
import { rowReason } from "../../studio/state/rowReason.ts";
import { run } from "../graph/testing/native.ts";
import { defaultRecipe, openModel, summarizeModel } from "../job/open.ts";
import { quantizeModel, resolveRecipe } from "../job/quantize.ts";
import type { Calibration } from "../model/calibration.ts";
import { Observer } from "../numerics/observer.ts";
import { intsAttribute, makeNode } from "../onnx/attributes.ts";
import { concat, encodeModel } from "../onnx/encode.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { OPERATORS } from "./index.ts";
import type { Operator } from "./operator.ts";

const operators = OPERATORS as Map<string, Operator>;
const NAME = "HardSwish";

afterEach(() => operators.delete(NAME));

const pads = intsAttribute("pads", [1, 1, 1, 1]);
const float = buildModel({
  opset: 17,
  inputs: [floatInput("x", [1, 4, 6, 6])],
  outputs: ["y"],
  nodes: [
    makeNode("Conv", ["x", "w"], ["a"], { name: "first", attributes: [pads] }),
    makeNode(NAME, ["a"], ["h"], { name: "swish" }),
    makeNode("Conv", ["h", "w"], ["y"], { name: "last", attributes: [pads] }),
  ],
  constants: { w: noise([4, 4, 3, 3], 7) },
});

/** What becomes of the model: its quantized form, and how the studio tells and draws the layer in question. */
async function made() {
  const source = { bytes: concat(encodeModel(float)), fileName: "m.onnx", readBeside: async () => null };
  const context = { signal: new AbortController().signal, report: () => undefined };
  const model = await openModel(source, { shapes: {}, values: {} }, nodeRuntime(), context);
  const recipe = { ...defaultRecipe(model), corrections: { equalization: false, bias: "none" as const } };
  const summary = summarizeModel(model, recipe);
  const observe = (values: Float32Array) => {
    const observer = new Observer();
    observer.observe(values, 0);
    return observer.statistics();
  };
  const tensors = ["x", "a", "h", "y"].map(
    (name, i) => [name, observe(noise([200], i + 1).data as Float32Array)] as const,
  );
  const calibration = { model, equalized: false, statistics: new Map(tensors) } as unknown as Calibration;
  const { model: quantized } = quantizeModel(model, resolveRecipe(model, recipe, calibration));
  const rows = rowsOf(summary, recipe);
  const topology = topologyOf(summary);
  return { summary, quantized, rows, topology };
}

describe("an operator that one entry tells of", () => {
  it("is not quantized before, and the layer says why", async () => {
    const { rows, quantized } = await made();
    expect(rowReason(rows.find(({ id }) => id === "swish")!)).toBe("HardSwish gains nothing from 8 bits");
    await run(quantized, new Map([["x", noise([1, 4, 6, 6], 9)]]));
  });

  it("is quantized, explained and drawn", async () => {
    operators.set(NAME, { kind: "compute", operands: "first" });
    const { summary, quantized, rows, topology } = await made();
    expect(summary.layers.find(({ id }) => id === "swish")).toMatchObject({ precision: "int8", reason: null });
    expect(summary.groups.map(({ id }) => id)).toEqual(["x", "a", "h", "y"]);
    const types = quantized.graph!.node.map(({ opType }) => opType);
    const at = types.indexOf(NAME);
    expect(types[at - 1]).toBe("DequantizeLinear");
    expect(types[at + 1]).toBe("QuantizeLinear");
    expect((await run(quantized, new Map([["x", noise([1, 4, 6, 6], 9)]]))).get("y")?.dims).toEqual([1, 4, 6, 6]);
    const row = rows.find(({ id }) => id === "swish")!;
    expect(row).toMatchObject({ operator: NAME, precision: "int8", reason: null, group: "h" });
    const node = topology.indexOf.get("swish")!;
    expect(topology.nodes[node]).toMatchObject({ id: "swish", label: NAME });
    expect(topology.producers[node]).toEqual([topology.indexOf.get("first")]);
    expect(topology.consumers[node]).toEqual([topology.indexOf.get("last")]);
  });
});

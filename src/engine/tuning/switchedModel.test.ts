import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allowInt4 } from "../graph/opset.ts";
import { exposeOutputs } from "../graph/shapes.ts";
import { relativeDifference, run } from "../graph/testing/native.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Tensor } from "../model/tensor.ts";
import { PLAIN_RECIPE } from "../model/testing/recipe.ts";
import { intAttribute, intsAttribute, makeNode } from "../onnx/attributes.ts";
import { inputPorts } from "../onnx/ports.ts";
import type { ModelProto, NodeProto } from "../onnx/proto/onnx_pb.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { planQuantization } from "../plan/plan.ts";
import { ORT } from "../targets/ort.ts";
import type { DataType } from "../values/elementTypes.ts";
import { Forms } from "./forms.ts";
import { type SegmentMode, switchedModel } from "./switchedModel.ts";
import { segmentsOf, unitsOf } from "./units.ts";
import { variantsOf } from "./variants.ts";

const DIMS = [1, 3, 4, 4];
const INT4: Recipe = { ...PLAIN_RECIPE, weights: { ...PLAIN_RECIPE.weights, type: "int4" } };
const axis = intAttribute("axis", 1);
const kernel = intsAttribute("kernel_shape", [1, 1]);

/** A graph in which each node reads any of the tensors before it; every tensor that nobody reads is an output. */
const graphs = fc
  .array(
    fc.record({
      kind: fc.constantFrom("Conv", "Relu", "Add", "MaxPool", "Sigmoid", "Concat"),
      first: fc.nat(),
      second: fc.nat(),
    }),
    {
      minLength: 2,
      maxLength: 9,
    },
  )
  .map((choices) => {
    const tensors = ["x"];
    const nodes: NodeProto[] = [];
    const read = new Set<string>();
    const constants: Record<string, Tensor> = {};
    for (const [i, { kind, first, second }] of choices.entries()) {
      const a = tensors[first % tensors.length]!;
      const b = tensors[second % tensors.length]!;
      for (const name of kind === "Add" || kind === "Concat" ? [a, b] : [a]) read.add(name);
      const name = `n${i}`;
      const output = `t${i}`;
      if (kind === "Conv") {
        constants[`w${i}`] = noise([3, 3, 1, 1], i + 1);
        nodes.push(makeNode("Conv", [a, `w${i}`], [output], { name }));
      } else if (kind === "Concat") {
        constants[`v${i}`] = noise([3, 6, 1, 1], i + 1);
        nodes.push(makeNode("Concat", [a, b], [`${output}c`], { name, attributes: [axis] }));
        nodes.push(makeNode("Conv", [`${output}c`, `v${i}`], [output], { name: `${name}c` }));
      } else if (kind === "MaxPool") {
        nodes.push(makeNode("MaxPool", [a], [output], { name, attributes: [kernel] }));
      } else {
        nodes.push(makeNode(kind, kind === "Add" ? [a, b] : [a], [output], { name }));
      }
      tensors.push(output);
    }
    const outputs = tensors.slice(1).filter((name) => !read.has(name));
    return buildModel({ opset: 13, inputs: [floatInput("x", DIMS)], outputs, nodes, constants });
  });

function switchable(float: ModelProto, cuts: readonly number[], recipe: Recipe) {
  const model = recipe.weights.type === "int4" ? allowInt4(float, ORT.ownDomain) : float;
  const graph = model.graph!;
  const made = graph.node.flatMap(({ output }) => output);
  const types = new Map<string, DataType>(["x", ...made].map((name) => [name, "float32"]));
  const plan = planQuantization(graph, types, recipe, ORT);
  const ranges = new Map(plan.groups.map(({ id }) => [id, { low: -4, high: 4 }]));
  const subject = { float: model, corrected: model, plan, ranges, recipe };
  const cutter = new Forms(subject);
  const units = unitsOf(plan);
  const starts = [...new Set([0, ...cuts.map((cut) => cut % units.length)])].sort((a, b) => a - b);
  const treatment = { layers: (at: number) => plan.layers[at]!, isRounded: () => true };
  const segments = segmentsOf(units, starts, plan).map((segment) => {
    const positions = units.slice(segment.from, segment.to).flatMap((unit) => unit.positions);
    return {
      ...segment,
      float: cutter.float(positions, segment.makes),
      quantized: cutter.quantized(positions, segment.makes, treatment),
    };
  });
  const { forms, formIn } = variantsOf(subject, cutter, units, types, recipe);
  const switched = switchedModel({ model, units, forms, segments, types, dims: new Map(), isCopied: true });
  return { switched, segments, formIn };
}

describe("a model with switches", () => {
  it("gives the same outputs from any cut on, whole or unit by unit, as the model it was made from", async () => {
    await fc.assert(
      fc.asyncProperty(graphs, fc.array(fc.nat(), { maxLength: 4 }), fc.nat(), async (model, cuts, from) => {
        const { switched, segments, formIn } = switchable(model, cuts, PLAIN_RECIPE);
        const feeds = new Map([["x", noise(DIMS, 99)]]);
        const made = model.graph!.node.flatMap(({ output }) => output);
        const float = await run(exposeOutputs(model, made), feeds);
        const start = from % (segments.length + 1);
        const passed = new Map(
          segments.slice(0, start).flatMap(({ makes }) => makes.map((name) => [name, float.get(name)!])),
        );
        for (const how of ["float", "mixed"] as const) {
          const modes = segments.map((_, at): SegmentMode => (at < start ? "passed" : how));
          const switches = switched.feeds(modes, (unit) => formIn("float", unit), passed);
          const results = await run(switched.model, new Map([...feeds, ...switches]));
          expect(segments.flatMap(({ makes }) => makes).length).toBeGreaterThan(0);
          for (const { makes } of segments) {
            for (const name of makes) expect(relativeDifference(float.get(name), results.get(name))).toBeLessThan(1e-5);
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  it("gives the same when segments run whole quantized as when their units do one by one", async () => {
    const recipes = fc.constantFrom(PLAIN_RECIPE, INT4, { ...INT4, format: "weights" });
    await fc.assert(
      fc.asyncProperty(graphs, fc.array(fc.nat(), { maxLength: 4 }), recipes, async (model, cuts, recipe) => {
        const { switched, segments, formIn } = switchable(model, cuts, recipe);
        const feeds = new Map([["x", noise(DIMS, 7)]]);
        const results = [];
        for (const how of ["quantized", "mixed"] as const) {
          const modes = segments.map((): SegmentMode => how);
          const switches = switched.feeds(modes, (unit) => formIn("quantized", unit), new Map());
          results.push(await run(switched.model, new Map([...feeds, ...switches])));
        }
        for (const { name } of model.graph!.output) {
          const [whole, mixed] = results.map((each) => each.get(name)!.data as Float32Array);
          const furthest = whole!.reduce((most, value, i) => Math.max(most, Math.abs(value - mixed![i]!)), 0);
          expect(furthest).toBeLessThan(2 * (8 / 255));
        }
      }),
      { numRuns: 25 },
    );
  });

  it("takes the names of its own out of the way of the model's", () => {
    const model = buildModel({
      opset: 13,
      inputs: [floatInput("x", DIMS)],
      outputs: ["@fed:y"],
      nodes: [makeNode("Sigmoid", ["x"], ["@fed:y"], { name: "s" })],
    });
    const { switched } = switchable(model, [], PLAIN_RECIPE);
    const names = inputPorts(switched.model).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain("@@fed:@fed:y");
  });
});

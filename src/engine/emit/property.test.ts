import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { run } from "../graph/testing/native.ts";
import type { TargetName } from "../model/target.ts";
import type { Tensor } from "../model/tensor.ts";
import { PLAIN_RECIPE } from "../model/testing/recipe.ts";
import { intAttribute, intsAttribute, makeNode } from "../onnx/attributes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { TensorProto_DataType as Code, type ModelProto, type NodeProto } from "../onnx/proto/onnx_pb.ts";
import { scalar, vector } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { withTarget } from "../recipe/edits.ts";
import { withFloatEnds } from "./floatEnds.ts";
import { withIntegerEnds } from "./integerEnds.ts";
import { localErrors } from "./testing/localErrors.ts";
import { noiseFeeds, type Trial, tryOut } from "./testing/trial.ts";

const OPERATORS = [
  "Conv",
  "depthwise",
  "Relu",
  "Clip",
  "Add",
  "addConstant",
  "Concat",
  "MaxPool",
  "AveragePool",
  "Reshape",
  "Transpose",
  "MatMul",
  "linear",
  "Sigmoid",
  "Tanh",
] as const;

interface Step {
  readonly operator: (typeof OPERATORS)[number];
  /** Which of the tensors so far it reads, counted from the last. */
  readonly reads: readonly [number, number];
  readonly low: number;
  readonly high: number;
  readonly isOutput: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  operator: fc.constantFrom(...OPERATORS),
  reads: fc.tuple(fc.nat(2), fc.nat(4)),
  low: fc.constantFrom(-1, -0.5, 0, 0.25),
  high: fc.constantFrom(0.5, 1, 3),
  isOutput: fc.boolean(),
});

const graphs = fc.array(step, { minLength: 2, maxLength: 9 });

/** From 21 on ONNX Runtime states the types of codes that it rounds itself. */
const opsets = fc.constantFrom(13, 17, 21, 23);

const floatLayers = fc.array(
  fc.nat(9).map((i) => `n${i}`),
  { maxLength: 2 },
);

const choices = fc.record({
  activations: fc.constantFrom(
    { type: "uint8", symmetric: false } as const,
    { type: "uint8", symmetric: true } as const,
    { type: "int8", symmetric: true } as const,
    { type: "int8", symmetric: false } as const,
  ),
  weights: fc.constantFrom(
    { type: "int8", granularity: "channel", rounding: "nearest" } as const,
    {
      type: "int8",
      granularity: "tensor",
      rounding: "nearest",
    } as const,
  ),
  method: fc.constantFrom("minmax", "mse"),
  float: fc.record({
    layers: floatLayers,
    operators: fc.array(fc.constantFrom("Relu", "Add", "Concat", "MatMul"), { maxLength: 1 }),
    tensors: fc.array(
      fc.nat(9).map((i) => (i === 0 ? "x" : `t${i}`)),
      { maxLength: 2 },
    ),
  }),
});

const noiseOf = (dims: readonly number[], fanIn: number, seed: number): Tensor => ({
  type: "float32",
  dims,
  data: Float32Array.from(noise(dims, seed).data as Float32Array, (value) => (value * 1.7) / Math.sqrt(fanIn)),
});

/** Noise whose size differs by channel: a scale or an axis of another channel would not fit. */
function unevenNoise(dims: readonly number[], axis: 0 | 1, fanIn: number, seed: number): Tensor {
  const inner = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const { data } = noiseOf(dims, fanIn, seed);
  const channels = dims[axis]!;
  return {
    type: "float32",
    dims,
    data: (data as Float32Array).map((value, at) => 1.5 * value * 2 ** -((Math.floor(at / inner) % channels) % 4)),
  };
}

/** A model of tensors [1, 4, 6, 6], each step reading what came before. */
function build(steps: readonly Step[], opset = 17): ModelProto {
  const constants: Record<string, Tensor> = {
    flat: vector("int64", [1, 4, 36]),
    full: vector("int64", [1, 4, 6, 6]),
    rows: vector("int64", [4, 6, 6]),
  };
  const tensors = ["x"];
  const nodes: NodeProto[] = [];
  for (const [i, { operator, reads, low, high }] of steps.entries()) {
    const from = (back: number) => tensors[Math.max(0, tensors.length - 1 - back)] ?? "x";
    const [a, b] = [from(reads[0]), from(reads[1])];
    const out = `t${i + 1}`;
    const constant = (name: string, tensor: Tensor) => {
      constants[`${name}${i}`] = tensor;
      return `${name}${i}`;
    };
    const add = (opType: string, inputs: readonly string[], output: string, attributes: Attributes = []) =>
      nodes.push(
        makeNode(opType, inputs, [output], { name: output === out ? `n${i}` : `n${i}_${opType}`, attributes }),
      );
    const pads = intsAttribute("pads", [1, 1, 1, 1]);
    const window = [intsAttribute("kernel_shape", [3, 3]), pads];
    const conv = (input: string, channels: number, group = 1) => {
      const weight = constant("w", unevenNoise([4, channels / group, 3, 3], 0, (9 * channels) / group, i + 2));
      const bias = constant("b", noiseOf([4], 16, i + 3));
      add("Conv", [input, weight, bias], out, [pads, intAttribute("group", group)]);
    };
    switch (operator) {
      case "Conv":
        conv(a, 4);
        break;
      case "depthwise":
        conv(a, 4, 4);
        break;
      case "Clip":
        add("Clip", [a, constant("low", scalar("float32", low)), constant("high", scalar("float32", high))], out);
        break;
      case "Add":
        add("Add", [a, b], out);
        break;
      case "addConstant":
        add("Add", [constant("k", noiseOf([4, 1, 1], 4, i + 4)), a], out);
        break;
      case "Concat":
        add("Concat", [a, b], `${out}c`, [intAttribute("axis", 1)]);
        conv(`${out}c`, 8);
        break;
      case "MaxPool":
      case "AveragePool":
        add(operator, [a], out, window);
        break;
      case "Reshape":
        add("Reshape", [a, "flat"], `${out}c`);
        add("Reshape", [`${out}c`, "full"], out);
        break;
      case "Transpose":
        add("Transpose", [a], out, [intsAttribute("perm", [0, 1, 3, 2])]);
        break;
      case "MatMul":
        add("MatMul", [a, constant("m", unevenNoise([6, 6], 1, 6, i + 5))], `${out}c`);
        add("Add", [`${out}c`, constant("c", noiseOf([6], 16, i + 6))], out);
        break;
      case "linear":
        add("Reshape", [a, "rows"], `${out}r`);
        add("MatMul", [`${out}r`, constant("m", unevenNoise([6, 6], 1, 6, i + 5))], `${out}c`);
        add("Add", [`${out}c`, constant("c", noiseOf([6], 16, i + 6))], `${out}s`);
        add("Reshape", [`${out}s`, "full"], out);
        break;
      default:
        add(operator, [a], out);
    }
    tensors.push(out);
  }
  const marked = steps.flatMap(({ isOutput }, i) => (isOutput && i < steps.length - 1 ? [`t${i + 1}`] : []));
  return buildModel({
    opset,
    inputs: [floatInput("x", [1, 4, 6, 6])],
    outputs: [...marked, `t${steps.length}`],
    nodes,
    constants,
  });
}

/** The layers in integers that read or make activations of another type than their width, in words. */
function mixedTypes({ plan, model }: Trial): string[] {
  const index = new GraphIndex(model.graph!);
  const typeOf = (pair: NodeProto) => index.initializer(pair.input[2]!)?.dataType;
  const isWide = (pair: NodeProto) => typeOf(pair) === Code.UINT16 || typeOf(pair) === Code.INT16;
  const written = new Map(model.graph!.node.map((node) => [node.name, node]));
  return plan.layers.flatMap(({ node, reason, descriptor, weightUse, wide = false }) => {
    const made = written.get(node.name);
    if (!made || reason !== null || descriptor?.kind === "move") return [];
    const own = new Set([
      weightUse?.input,
      weightUse?.bias?.output === node.output[0] ? weightUse?.bias?.input : undefined,
    ]);
    const read = made.input.flatMap((name, at) => {
      const producer = own.has(at) || (at === 2 && weightUse) ? undefined : index.producer(name);
      const isBias = producer && typeOf(producer) === undefined;
      return producer?.opType === "DequantizeLinear" && !isBias ? [producer] : [];
    });
    const rounded = index.consumers(made.output[0]!).filter(({ opType }) => opType === "QuantizeLinear");
    return [...read, ...rounded].flatMap((pair) => (isWide(pair) === wide ? [] : [`${node.name}: ${pair.name}`]));
  });
}

type Attributes = NonNullable<NonNullable<Parameters<typeof makeNode>[3]>["attributes"]>;

describe("quantizing", () => {
  it("leaves every layer of random graphs within the steps of its recipe, and whole models near float, optimized or not", async () => {
    await fc.assert(
      fc.asyncProperty(graphs, choices, opsets, async (steps, recipe, opset) => {
        const model = build(steps, opset);
        const trial = await tryOut(model, recipe);
        const { activations, weights } = recipe;
        const scheme = { activations, granularity: weights.granularity };
        expect(await localErrors(model, trial, noiseFeeds(model, 1), scheme)).toEqual([]);
        for (const { optimized, literal } of Object.values(trial.sqnr)) {
          // Of 4757 outputs of 1500 such models the worst had 31 dB. A fused kernel may round a tie the other way.
          expect(literal).toBeGreaterThan(20);
          expect(optimized).toBeGreaterThan(Math.min(literal - 3, 30));
        }
      }),
      { numRuns: 200 },
    );
  });

  const LEAST = { float16: 45, bfloat16: 30, q4f16: 12 } as const;

  it("in floats of 16 bits, beside 4 bits too, and with activations in integers of 16 bits, writes random graphs that run and come near float", async () => {
    const wide = fc.constantFrom(
      { type: "uint16", symmetric: false } as const,
      { type: "uint16", symmetric: true } as const,
      { type: "int16", symmetric: true } as const,
    );
    const recipes = fc.oneof(
      fc.constant({ format: "float16" as const }),
      fc.constant({ format: "bfloat16" as const }),
      fc.constant({
        format: "q4f16" as const,
        weights: { ...PLAIN_RECIPE.weights, type: "uint4", block: 32, operator: "matmulnbits" } as const,
      }),
      fc.tuple(wide, floatLayers, fc.constantFrom("ort-cpu", "qnn")).map(([activations, layers, name]) => {
        const { target } = withTarget(PLAIN_RECIPE, name as TargetName);
        return { activations, elementwise: "join" as const, float: { layers }, ...(target && { target }) };
      }),
    );
    await fc.assert(
      fc.asyncProperty(graphs, recipes, async (steps, recipe) => {
        const trial = await tryOut(build(steps), recipe);
        const least = "format" in recipe ? LEAST[recipe.format] : 30;
        for (const { optimized, literal } of Object.values(trial.sqnr)) {
          expect(literal).toBeGreaterThan(least);
          expect(optimized).toBeGreaterThan(least);
        }
      }),
      { numRuns: 120 },
    );
  });

  it("gives any layers 16 bits, beside others in 8: what each reads and makes is of its own type, and all come near float", async () => {
    const wide = fc.uniqueArray(
      fc.nat(9).map((i) => `n${i}`),
      { minLength: 1, maxLength: 8 },
    );
    const targets = fc.constantFrom("ort-cpu", "qnn");
    const schemes = fc.constantFrom(
      { type: "uint8", symmetric: false } as const,
      { type: "int8", symmetric: true } as const,
    );
    await fc.assert(
      fc.asyncProperty(
        graphs,
        ...[wide, targets, schemes, floatLayers],
        async (steps, names, name, activations, layers) => {
          const model = build(steps);
          const { target, elementwise } = withTarget(PLAIN_RECIPE, name as TargetName);
          const choices = { elementwise, activations, wide: names, float: { layers } };
          const trial = await tryOut(model, { ...(target && { target }), ...choices });
          expect(mixedTypes(trial)).toEqual([]);
          for (const { optimized, literal } of Object.values(trial.sqnr)) {
            expect(literal).toBeGreaterThan(15);
            expect(optimized).toBeGreaterThan(Math.min(literal - 3, 30));
          }
        },
      ),
      { numRuns: 120 },
    );
  });

  it("on codes comes to what pairs of Q and DQ come to, for random graphs", async () => {
    await fc.assert(
      fc.asyncProperty(graphs, choices, opsets, async (steps, recipe, opset) => {
        const model = build(steps, opset);
        const pairs = await tryOut(model, recipe);
        const codes = await tryOut(model, { ...recipe, format: "qoperator" });
        for (const [name, { optimized, literal }] of Object.entries(codes.sqnr)) {
          const paired = pairs.sqnr[name]!;
          const least = Math.min(paired.literal, paired.optimized);
          // Kernels round a tie, and what stays in float is added, in another order.
          expect(Math.min(optimized, literal)).toBeGreaterThan(Math.min(least - 3, 30));
        }
      }),
      { numRuns: 100 },
    );
  });

  it("for any target writes random graphs that load, run alike optimized or not, and come near float", async () => {
    const targets = fc.constantFrom("ort-cpu-avx2", "tensorrt", "openvino", "qnn", "vitis-npu", "integer-only");
    await fc.assert(
      fc.asyncProperty(graphs, targets, opsets, async (steps, name, opset) => {
        const model = build(steps, opset);
        const { target, activations, weights, elementwise } = withTarget(PLAIN_RECIPE, name as TargetName);
        const trial = await tryOut(model, { target: target!, activations, weights, elementwise });
        for (const { optimized, literal } of Object.values(trial.sqnr)) {
          expect(literal).toBeGreaterThan(name === "vitis-npu" ? 8 : 15);
          expect(optimized).toBeGreaterThan(Math.min(literal - 3, 30));
        }
        if (name !== "integer-only") return;
        const { model: coded } = withIntegerEnds(trial.model);
        const feeds = noiseFeeds(model, 1);
        expect(await run(withFloatEnds(coded), feeds, false)).toEqual(await run(trial.model, feeds, false));
      }),
      { numRuns: 120 },
    );
  });
});

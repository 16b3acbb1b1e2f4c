import { beforeAll, expect, test } from "vitest";
import { unpackCodes } from "../encode/foundCodes.ts";
import { run } from "../graph/testing/native.ts";
import { learners } from "../learning/testing/problems.ts";
import type { CodeSearch } from "../model/codeSearch.ts";
import { InputError } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import type { TensorMap } from "../model/tensor.ts";
import { Comparator } from "../numerics/metrics.ts";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { missing } from "../recipe/derivations.ts";
import { withBlock, withFoundCodes, withWeightAlgorithm } from "../recipe/edits.ts";
import { halfAbove } from "../values/halfFloats.ts";
import type { OpenDataset } from "./data.ts";
import { findOnSamples } from "./findOnSamples.ts";
import { defaultRecipe, type OpenModel } from "./open.ts";
import { quantizeModel } from "./quantize.ts";
import { settle } from "./settle.ts";
import { exportValid } from "./testing/exported.ts";
import { context, datasetOf, open, runtime } from "./testing/quantized.ts";

const [ROWS, WIDTH, HIDDEN, SAMPLES] = [8, 48, 64, 24];

/** MatMul by columns, Relu, Gemm by rows: both ways in which a weight lies. */
function network(first = "first") {
  return buildModel({
    opset: 21,
    inputs: [floatInput("x", [ROWS, WIDTH])],
    outputs: ["y"],
    nodes: [
      makeNode("MatMul", ["x", "v"], ["m"], { name: first }),
      makeNode("Relu", ["m"], ["r"], { name: "relu" }),
      makeNode("Gemm", ["r", "w", "b"], ["y"], { name: "second", attributes: [intAttribute("transB", 1)] }),
    ],
    constants: { v: noise([WIDTH, HIDDEN], 1), w: noise([16, HIDDEN], 2), b: noise([16], 3) },
  });
}

/** Rows whose values have much in common, as those of real layers have. */
function sampleOf(seed: number): TensorMap {
  const [own, common] = [noise([ROWS, WIDTH], seed), noise([ROWS, 2], seed + 1000)];
  const data = Float32Array.from(own.data as Float32Array, (value, at) => {
    const row = Math.floor(at / WIDTH);
    const shared = common.data as Float32Array;
    return 0.3 * value + 2 * shared[2 * row]! * Math.sin(at % WIDTH) + shared[2 * row + 1]!;
  });
  return new Map([["x", { ...own, data }]]);
}

let model: OpenModel;
let data: OpenDataset;
const recipeOf = (weights: Partial<Recipe["weights"]>): Recipe => {
  const plain = defaultRecipe(model);
  const corrections = { equalization: false, bias: "none" } as const;
  return { ...plain, format: "weights", corrections, weights: { ...plain.weights, block: 16, ...weights } };
};

beforeAll(async () => {
  model = await open(network());
  data = datasetOf(
    model,
    Array.from({ length: SAMPLES }, (_, i) => sampleOf(10 + i)),
  );
});

const settled = (recipe: Recipe, signal = context.signal) =>
  settle(
    model,
    recipe,
    data,
    { samples: SAMPLES, calibration: null },
    { main: runtime, accelerator: null, learner: learners.wasm },
    { ...context, signal },
  );

async function sqnrOf(recipe: Recipe): Promise<number> {
  const { model: quantized } = quantizeModel(model, recipe);
  const compared = new Comparator();
  for (let seed = 500; seed < 520; seed++) {
    const feeds = sampleOf(seed);
    const [float, other] = [await run(model.original, feeds), await run(quantized, feeds)];
    compared.add(float.get("y")!.data as Float32Array, other.get("y")!.data as Float32Array);
  }
  return compared.result().sqnr;
}

test.each(["int4", "uint4"] as const)("codes of %s found on samples gain on others", async (type) => {
  const plain = await settled(recipeOf({ type }));
  const { recipe, found } = await settled(recipeOf({ type, algorithm: "gptq" }));
  expect(found!.layers.map(({ layer }) => layer)).toEqual(["first", "second"]);
  for (const { left } of found!.layers) expect(left).toBeLessThan(0.6);
  expect(await sqnrOf(recipe)).toBeGreaterThan((await sqnrOf(plain.recipe)) + 2);
  expect(recipe.prints).not.toBeNull();

  const bytes = quantizeModel(model, recipe).chunks;
  expect(quantizeModel(model, JSON.parse(JSON.stringify(recipe))).chunks).toEqual(bytes);
  expect((await settled(recipe)).found).toBeNull();
  const byOperator = { ...recipe, weights: { ...recipe.weights, operator: "matmulnbits" } } as const;
  expect(await sqnrOf(byOperator)).toBeCloseTo(await sqnrOf(recipe), 1);
});

test("AWQ scales what a Relu makes, names the layer whose input nothing makes, and gains on other samples", async () => {
  const plain = await settled(recipeOf({ type: "uint4" }));
  const { recipe, found } = await settled(recipeOf({ type: "uint4", algorithm: "awq" }));
  expect(found).toMatchObject({ algorithm: "awq", samples: SAMPLES });
  expect(found!.scaling).toMatchObject({ unscaled: ["first"], inputs: [{ tensor: "r", layers: ["second"] }] });
  expect(found!.scaling!.inputs[0]!.left).toBeLessThan(0.95);
  expect(Object.keys(recipe.inputScales!)).toEqual(["r"]);
  for (const { left } of found!.layers) expect(left).toBeLessThan(0.9);
  expect(await sqnrOf(recipe)).toBeGreaterThan((await sqnrOf(plain.recipe)) + 0.5);

  const bytes = quantizeModel(model, recipe).chunks;
  expect(quantizeModel(model, JSON.parse(JSON.stringify(recipe))).chunks).toEqual(bytes);
  expect((await settled(recipe)).found).toBeNull();
  const other = withWeightAlgorithm(recipe, "gptq");
  expect([other.inputScales, other.codes]).toEqual([undefined, null]);
  expect(missing(withBlock(recipe, 32))).toEqual(["spared", "resolved", "inputScales", "codes"]);
});

test.each(["gptq", "awq"] as const)(
  "%s beside float16: scales are such as it holds, and others are refused",
  async (algorithm) => {
    const halves = (weights: Partial<Recipe["weights"]>): Recipe => ({
      ...recipeOf({ type: "uint4", operator: "matmulnbits", ...weights }),
      format: "q4f16",
    });
    const plain = await settled(halves({}));
    const { recipe, found } = await settled(halves({ algorithm }));
    expect(recipe.format).toBe("q4f16");
    expect(found!.layers.map(({ layer }) => layer)).toEqual(["first", "second"]);
    expect(await sqnrOf(recipe)).toBeGreaterThan((await sqnrOf(plain.recipe)) + 0.5);

    const { second } = recipe.codes!;
    const scales = Uint8Array.from(atob(second!.scales), (character) => character.charCodeAt(0));
    const view = new DataView(scales.buffer);
    for (let at = 0; at < scales.length; at += 4) {
      const scale = view.getFloat32(at, true);
      expect(halfAbove(scale)).toBe(scale);
    }
    view.setFloat32(0, view.getFloat32(0, true) * 1.0001, true);
    const other = { ...second!, scales: btoa(String.fromCharCode(...scales)) };
    expect(() => quantizeModel(model, { ...recipe, codes: { ...recipe.codes, second: other } })).toThrow(
      /a scale that float16 does not/,
    );
  },
);

test("are not made up: an export without them is refused, and codes of another weight too", async () => {
  const wanted = { ...recipeOf({ type: "uint4", algorithm: "gptq" }), resolved: {} };
  const { calibration } = await settled(recipeOf({ type: "uint4" }));
  expect(() => exportValid(model, { recipe: wanted, calibration, evaluation: null, date: "" })).toThrow(
    /codes found on samples, which have not been found yet/,
  );
  const { recipe } = await settled(wanted);
  const swapped = { ...recipe, codes: { ...recipe.codes, second: recipe.codes!.first! } };
  expect(() => quantizeModel(model, swapped)).toThrow(InputError);
});

test("are found of a layer called what every object has", async () => {
  const named = await open(network("__proto__"));
  const recipe = {
    ...recipeOf({ type: "uint4", algorithm: "gptq" }),
    model: { name: named.name, sha256: named.sha256 },
  };
  const request = { samples: SAMPLES, calibration: null };
  const runtimes = { main: runtime, accelerator: null, learner: learners.wasm };
  const { codes } = (await settle(named, recipe, data, request, runtimes, context)).recipe;
  expect(Object.keys(codes!)).toEqual(["__proto__", "second"]);
});

test.each(["gptq", "awq"] as const)(
  "%s that was ended goes on, and comes to the bytes of one without a break",
  async (algorithm) => {
    const wanted = recipeOf({ type: "uint4", algorithm });
    const whole = (await settled(wanted)).recipe;
    const begun = { ...wanted, resolved: {}, spared: {} };
    const by = { runtime, learner: await learners.wasm() };
    const found: CodeSearch[] = [];
    let resume: CodeSearch | null = null;
    for (let ended = 0; ; ended++) {
      const abort = new AbortController();
      const onFound = (part: CodeSearch) => {
        found.push(part);
        abort.abort();
      };
      const listener = { context: { ...context, signal: abort.signal }, onFound };
      try {
        const search: CodeSearch = await findOnSamples(model, begun, data, { samples: SAMPLES, resume }, by, listener);
        expect(ended).toBe(algorithm === "awq" ? 2 : 1);
        const adopted = withFoundCodes(begun, search);
        expect({ ...adopted, biases: {} }).toEqual({ ...whole, biases: {} });
        expect(quantizeModel(model, adopted).chunks).toEqual(quantizeModel(model, whole).chunks);
        break;
      } catch (error) {
        expect((error as Error).name).toBe("AbortError");
        resume = found.at(-1)!;
      }
    }
    const done = found.map(({ scaling, layers }) => [scaling?.inputs.length ?? 0, layers.length]);
    expect(done).toEqual(
      algorithm === "awq"
        ? [
            [1, 0],
            [1, 1],
            [1, 2],
          ]
        : [
            [0, 1],
            [0, 2],
          ],
    );
  },
);

test("say by how much the products err, as a share of their own square", async () => {
  const { recipe, found } = await settled(recipeOf({ type: "int4", algorithm: "gptq" }));
  const [first] = found!.layers;
  expect(first!.found / first!.plain).toBeCloseTo(first!.left, 6);
  const blocks = {
    codes: { length: WIDTH * HIDDEN },
    scales: { length: (WIDTH / 16) * HIDDEN },
    ...{ zeroPoints: null, takesZeroPoints: false },
  };
  const { codes, scales } = unpackCodes(recipe.codes!.first!, blocks, "int4", "v");
  const exact = noise([WIDTH, HIDDEN], 1).data as Float32Array;
  let [error, square] = [0, 0];
  for (let sample = 0; sample < SAMPLES; sample++) {
    const x = sampleOf(10 + sample).get("x")!.data as Float32Array;
    for (let row = 0; row < ROWS; row++) {
      for (let channel = 0; channel < HIDDEN; channel++) {
        let [product, other] = [0, 0];
        for (let input = 0; input < WIDTH; input++) {
          const at = input * HIDDEN + channel;
          const value = x[row * WIDTH + input]!;
          product += value * exact[at]!;
          other += value * codes[at]! * scales[Math.floor(input / 16) * HIDDEN + channel]!;
        }
        error += (other - product) ** 2;
        square += product ** 2;
      }
    }
  }
  expect(first!.found / (error / square)).toBeCloseTo(1, 1);
});

test("ends when it is cancelled", async () => {
  const abort = new AbortController();
  abort.abort();
  await expect(settled(recipeOf({ type: "uint4", algorithm: "gptq" }), abort.signal)).rejects.toThrow(/abort/i);
});

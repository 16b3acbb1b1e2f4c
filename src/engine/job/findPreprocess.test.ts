import { describe, expect, it } from "vitest";
import { nodeDecoders } from "../../../cli/decoders.ts";
import { dataFiles } from "../../../cli/files.ts";
import { idxBytes, memoryFile, npyBytes } from "../data/testing/files.ts";
import type { DataFile } from "../model/dataset.ts";
import type { Preprocess, Preset } from "../model/preprocess.ts";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import { concat, encodeModel } from "../onnx/encode.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { buildModel, floatInput } from "../onnx/testing/build.ts";
import { needsShared, readShared, SHARED } from "../testing/shared.ts";
import { openData } from "./data.ts";
import { findPreprocess } from "./findPreprocess.ts";
import { settleInputs } from "./inputs.ts";
import { modelFileOf } from "./source.ts";
import { context, runtime } from "./testing/quantized.ts";

const SIDE = 6;
const COUNT = 60;
const ALL = { skip: 0, samples: COUNT };

/** Scores by the mean of each channel: `weights` has a row a class. */
function linear(weights: readonly (readonly number[])[], bias: readonly number[], softmax = false): ModelProto {
  const [classes, channels] = [weights.length, weights[0]!.length];
  return buildModel({
    opset: 13,
    inputs: [floatInput("x", [1, channels, SIDE, SIDE])],
    outputs: ["y"],
    nodes: [
      makeNode("Conv", ["x", "w", "b"], ["maps"]),
      makeNode("GlobalAveragePool", ["maps"], ["means"]),
      makeNode("Flatten", ["means"], [softmax ? "scores" : "y"], { attributes: [intAttribute("axis", 1)] }),
      ...(softmax ? [makeNode("Softmax", ["scores"], ["y"], { attributes: [intAttribute("axis", 1)] })] : []),
    ],
    constants: {
      w: { type: "float32", dims: [classes, channels, 1, 1], data: Float32Array.from(weights.flat()) },
      b: { type: "float32", dims: [classes], data: Float32Array.from(bias) },
    },
  });
}

/** Pictures of one colour each. */
function pictures(colourOf: (index: number) => readonly number[]): DataFile {
  const data = Array.from({ length: COUNT }, (_, i) => new Array(SIDE * SIDE).fill(colourOf(i)).flat()).flat();
  return memoryFile("a.npy", npyBytes("|u1", [COUNT, SIDE, SIDE, 3], Uint8Array.from(data)));
}

const labels = (labelOf: (index: number) => number) =>
  memoryFile(
    "labels.idx",
    idxBytes(
      [COUNT],
      Uint8Array.from({ length: COUNT }, (_, i) => labelOf(i)),
    ),
  );

async function find(
  model: ModelProto,
  files: readonly DataFile[],
  preprocess: Preprocess | Preset | null = "unit",
  range = ALL,
) {
  const source = { bytes: concat(encodeModel(model)), fileName: "made.onnx", readBeside: async () => null };
  const { file, inputs } = await modelFileOf(source);
  const data = await openData(settleInputs(inputs, { shapes: {}, values: {} }), files, preprocess, nodeDecoders);
  return findPreprocess(file, data, range, runtime, context);
}

/** Every fifth is labelled wrong, so that no model is rewarded for being surer than that. */
const noisy = (index: number) => (index % 5 === 0 ? (index + 1) % 3 : index % 3);
const primary = (index: number) => [0, 1, 2].map((channel) => (channel === index % 3 ? 200 : 50));
const BY_COLOUR = [0, 1, 2].map((label) => [0, 1, 2].map((channel) => (channel === label ? 3.5 : 0)));
const coloured = pictures(primary);

describe("by labels", () => {
  it.each([false, true])(
    "the order of channels that the model was made for is found (Softmax: %s)",
    async (softmax) => {
      const model = linear(
        BY_COLOUR.map((row) => row.toReversed()),
        [0, 0, 0],
        softmax,
      );
      const found = (await find(model, [coloured, labels(noisy)]))!;
      expect(found).toMatchObject({ by: "labels", samples: 60, labelShift: 0, isConfirmed: false });
      expect(found.better).toMatchObject({
        preset: null,
        preprocess: { color: "BGR", scale: 1 / 255, mean: [0], std: [1] },
      });
      expect(found.inUse.preprocess!.color).toBe("RGB");
      // ln .8 on four of five and ln .1 on the others, for scores 150 / 255 x 3.5 apart.
      const [right, wrong] = [-Math.log(1 + 2 * Math.exp(-3.5 * (150 / 255))), 3.5 * (150 / 255)];
      expect(found.better!.logProbability).toBeCloseTo(right - 0.2 * wrong, 5);
      expect(found.trials.map(({ logProbability }) => logProbability)).toEqual(
        found.trials.map(({ logProbability }) => logProbability).toSorted((a, b) => b - a),
      );
    },
  );

  it("the one in use is confirmed where it is right, and nothing is said", async () => {
    const model = linear(BY_COLOUR, [0, 0, 0]);
    const found = (await find(model, [coloured, labels(noisy)]))!;
    expect(found).toMatchObject({ better: null, labelShift: 0, shifted: null });
    expect(found.trials[0]).toEqual(found.inUse);
  });

  it("a preset is found by its mean", async () => {
    const dark = (index: number) => new Array(3).fill(index % 2 === 0 ? 25 : 230);
    const label = (index: number) => (index % 11 === 0 ? 1 - (index % 2) : index % 2);
    const model = linear(
      [
        [-0.48, -0.48, -0.48],
        [0.48, 0.48, 0.48],
      ],
      [0, 0],
    );
    const found = (await find(model, [pictures(dark), labels(label)]))!;
    expect(found.better?.preset).toBe("imagenet-tf");
  });

  it.each([1, -1] as const)(
    "labels that are off by %s are told, and the preprocessing is judged without that",
    async (shift) => {
      const rows = shift === 1 ? [[0, 0, 0], ...BY_COLOUR] : BY_COLOUR;
      const model = linear(rows, shift === 1 ? [-3, 0, 0, 0] : [0, 0, 0]);
      const found = (await find(model, [coloured, labels((i) => (shift === 1 ? noisy(i) : noisy(i) + 1))]))!;
      expect(found).toMatchObject({ labelShift: shift, better: null });
      expect(found.shifted!.to).toBeGreaterThan(found.shifted!.from + 1);
    },
  );

  it("labels off by one and channels the other way round are told at once", async () => {
    const model = linear([[0, 0, 0], ...BY_COLOUR.map((row) => row.toReversed())], [-3, 0, 0, 0]);
    const found = (await find(model, [coloured, labels(noisy)]))!;
    expect(found).toMatchObject({ labelShift: 1, better: { preprocess: { color: "BGR" } } });
  });

  it("labels of tensors that are off by one are told", async () => {
    const values = Float32Array.from({ length: COUNT * 3 * SIDE * SIDE }, (_, i) => {
      const [sample, channel] = [Math.floor(i / (3 * SIDE * SIDE)), Math.floor(i / (SIDE * SIDE)) % 3];
      return sample % 3 === channel ? 0.8 : 0.2;
    });
    const tensors = memoryFile("a.npy", npyBytes("<f4", [COUNT, 3, SIDE, SIDE], values));
    const model = linear([[0, 0, 0], ...BY_COLOUR], [-3, 0, 0, 0]);
    const found = (await find(model, [tensors, labels(noisy)], null))!;
    expect(found).toMatchObject({ labelShift: 1, better: null, isConfirmed: false });
    expect(found.trials).toHaveLength(1);
  });

  it("the same twice gives the same", async () => {
    const model = linear(
      BY_COLOUR.map((row) => row.toReversed()),
      [0, 0, 0],
    );
    expect(await find(model, [coloured, labels(noisy)])).toEqual(await find(model, [coloured, labels(noisy)]));
  });
});

describe("cannot tell", () => {
  const undecided = { by: "labels", better: null, isConfirmed: false, labelShift: 0 };

  it("candidates that give the same", async () => {
    const grey = pictures((index) => new Array(3).fill(40 * (index % 3)));
    const model = linear(
      [
        [0, 0, 0],
        [1, 1, 1],
        [3, 3, 3],
      ],
      [1, 0, -1],
    );
    const found = (await find(model, [grey, labels(noisy)]))!;
    const own = found.trials.filter(({ logProbability }) => logProbability === found.inUse.logProbability);
    expect(own.map(({ preprocess }) => preprocess!.color)).toEqual(["RGB", "BGR"]);
    expect(found.isConfirmed).toBe(false);
  });

  it("outputs that do not depend on the picture", async () => {
    const constant = linear(
      [
        [0, 0, 0],
        [0, 0, 0],
        [0, 0, 0],
      ],
      [2, 0, 0],
    );
    expect(await find(constant, [coloured, labels(noisy)])).toMatchObject(undecided);
  });

  it("labels that have nothing to do with the pictures", async () => {
    const model = linear(BY_COLOUR, [0, 0, 0]);
    const found = await find(model, [coloured, labels((i) => Math.floor(i / 3) % 3)], "raw");
    expect(found).toMatchObject(undecided);
  });

  it("labels of one class", async () => {
    const model = linear(BY_COLOUR, [0, 0, 0]);
    expect(await find(model, [coloured, labels(() => 1)])).toMatchObject(undecided);
  });

  it("a scale that makes right answers surer and changes none", async () => {
    const model = linear(BY_COLOUR, [0, 0, 0]);
    const found = (await find(model, [coloured, labels((i) => i % 3)]))!;
    expect(found).toMatchObject(undecided);
    expect(found.trials[0]!.preset).toBe("raw");
  });

  it("a handful of samples", async () => {
    const model = linear(
      BY_COLOUR.map((row) => row.toReversed()),
      [0, 0, 0],
    );
    expect(await find(model, [coloured, labels(noisy)], "unit", { skip: 0, samples: 4 })).toMatchObject({
      ...undecided,
      samples: 4,
    });
  });
});

describe("nothing to go by", () => {
  it("no class scores, and labels of another model", async () => {
    const model = linear(BY_COLOUR, [0, 0, 0]);
    expect(await find(model, [coloured, labels((i) => 7 + (i % 3))])).toBeNull();
    const maps = buildModel({
      opset: 13,
      inputs: [floatInput("x", [1, 3, SIDE, SIDE])],
      outputs: ["y"],
      nodes: [makeNode("Relu", ["x"], ["y"])],
    });
    expect(await find(maps, [coloured, labels(noisy)])).toBeNull();
  });

  it("tensors without labels", async () => {
    const tensors = memoryFile("a.npy", npyBytes("<f4", [2, 3, SIDE, SIDE], new Float32Array(6 * SIDE * SIDE)));
    expect(await find(linear(BY_COLOUR, [0, 0, 0]), [tensors], null)).toBeNull();
  });
});

it("a job that is cancelled ends with the reason", async () => {
  const source = {
    bytes: concat(encodeModel(linear(BY_COLOUR, [0, 0, 0]))),
    fileName: "a",
    readBeside: async () => null,
  };
  const { file, inputs } = await modelFileOf(source);
  const files = [coloured, labels(noisy)];
  const data = await openData(settleInputs(inputs, { shapes: {}, values: {} }), files, "unit", nodeDecoders);
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(findPreprocess(file, data, ALL, runtime, { signal, report: () => undefined })).rejects.toThrow("enough");
});

it("without labels a larger scale alone is no hint", async () => {
  const found = (await find(linear(BY_COLOUR, [0, 0, 0]), [coloured]))!;
  expect(found).toMatchObject({ by: "sharpness", isConfirmed: false, samples: 60, labelShift: 0 });
  expect(found.trials.map(({ preset }) => preset)).not.toContain("raw");
});

describe("networks trained on ImageNet", needsShared, () => {
  const MOBILENET = "mobilenet_v1_0.75_224.onnx";
  const SQUEEZENET = "squeezenet1.1.onnx";

  async function tried(name: string, preprocess: Preset | null, labelled = true) {
    const source = { bytes: readShared(`models/${name}`), fileName: name, readBeside: async () => null };
    const { file, inputs } = await modelFileOf(source);
    const all = await dataFiles(`${SHARED}data/imagenet-mini`);
    const files = labelled ? all : all.filter(({ path }) => path.endsWith(".jpg"));
    const data = await openData(settleInputs(inputs, { shapes: {}, values: {} }), files, preprocess, nodeDecoders);
    return (await findPreprocess(file, data, { skip: 0, samples: data.length }, runtime, context))!;
  }

  it("MobileNet answers better with imagenet-tf than with imagenet, which is assumed", async () => {
    const found = await tried(MOBILENET, null);
    expect(found).toMatchObject({ samples: 64, inUse: { preset: "imagenet" }, better: { preset: "imagenet-tf" } });
    expect(found.trials).toHaveLength(8);
    expect(found.better!.logProbability).toBeGreaterThan(found.inUse.logProbability + 0.3);
    expect(found.labelShift).toBe(0);
  }, 120_000);

  it.each([
    [MOBILENET, "imagenet-tf"],
    [SQUEEZENET, "imagenet"],
  ] as const)(
    "%s is confirmed with %s",
    async (name, preset) => {
      expect(await tried(name, preset)).toMatchObject({ isConfirmed: true, better: null, labelShift: 0 });
    },
    120_000,
  );

  it("without labels the sharpest are their own", async () => {
    expect(await tried(SQUEEZENET, null, false)).toMatchObject({ by: "sharpness", better: null });
    const hint = await tried(MOBILENET, null, false);
    expect(hint).toMatchObject({ by: "sharpness", better: { preset: "imagenet-tf" } });
  }, 120_000);
});

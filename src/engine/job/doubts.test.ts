import { describe, expect, it } from "vitest";
import { nodeDecoders } from "../../../cli/decoders.ts";
import { SUBJECT_NAMES, subjectOf } from "../../../scripts/subjects.ts";
import { memoryFile, npyBytes } from "../data/testing/files.ts";
import type { Calibration } from "../model/calibration.ts";
import type { DataFile } from "../model/dataset.ts";
import type { Preprocess, Preset } from "../model/preprocess.ts";
import { makeNode } from "../onnx/attributes.ts";
import { concat, encodeModel } from "../onnx/encode.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { vector } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { readModel } from "../onnx/testing/models.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { needsShared, readShared } from "../testing/shared.ts";
import { calibrate } from "./calibrate.ts";
import { openData } from "./data.ts";
import { openModel } from "./open.ts";
import { context } from "./testing/settledCase.ts";

const runtimes = { main: nodeRuntime(), accelerator: null };

async function calibrated(
  bytes: Uint8Array,
  files: readonly DataFile[],
  preprocess: Preprocess | Preset | null = null,
  resumed: { readonly samples: number; readonly resume: Calibration | null } = { samples: 1000, resume: null },
): Promise<Calibration> {
  const source = { bytes, fileName: "m.onnx", readBeside: async () => null };
  const model = await openModel(source, { shapes: {}, values: {} }, runtimes.main, context);
  const data = await openData(model, files, preprocess, nodeDecoders);
  const request = { ...resumed, preprocess: data.preprocess, checkpoint: () => undefined };
  return calibrate(model, data, request, runtimes, context);
}

const SIZE = 3 * 8 * 8;
const DIMS = [1, 3, 8, 8];
const bytesOf = (model: ModelProto) => concat(encodeModel(model));
const array = (data: Float32Array, dims = DIMS.slice(1)) =>
  memoryFile("a.npy", npyBytes("<f4", [data.length / SIZE, ...dims], data));

/** Samples of noise, the values of sample i times `scales[i]`. */
function samples(scales: readonly number[], offset = 0): Float32Array {
  const data = scales.flatMap((scale, i) =>
    [...(noise([SIZE], i + 1).data as Float32Array)].map((x) => x * scale + offset),
  );
  return Float32Array.from(data);
}

/** A Conv of biases, with a BatchNormalization of mean 0.5 and deviation 2 behind it, or none. */
function network(normalized: boolean, tail: Parameters<typeof makeNode>[] = [], output = "y"): Uint8Array {
  return bytesOf(
    buildModel({
      opset: 17,
      inputs: [floatInput("x", DIMS)],
      outputs: [output],
      nodes: [
        makeNode("Conv", ["x", "w", "b"], ["c"], { name: "conv" }),
        normalized
          ? makeNode("BatchNormalization", ["c", "scale", "shift", "mean", "variance"], ["n"], { name: "bn" })
          : makeNode("Identity", ["c"], ["n"], { name: "same" }),
        makeNode("Relu", ["n"], ["y"], { name: "relu" }),
        ...tail.map((parts) => makeNode(...parts)),
      ],
      constants: {
        w: noise([4, 3, 3, 3], 9),
        b: vector("float32", [0.5, -0.2, 0.1, 0.3]),
        six: vector("float32", [6]),
        scale: vector("float32", [2, 2, 2, 2]),
        shift: vector("float32", [0.5, 0.5, 0.5, 0.5]),
        mean: vector("float32", [0.5, -0.2, 0.1, 0.3]),
        variance: vector("float32", [3, 3, 3, 3]),
      },
    }),
  );
}

const plain = network(false);
const messages = ({ notices }: Calibration) => notices.map(({ message }) => message);
const ones = (count: number) => new Array<number>(count).fill(1);

describe("a sample that is far beyond all others", () => {
  it("is named with its value and what to do, and found again when a calibration goes on", async () => {
    const files = [array(samples([1, 1, 1e30, 1, 2, 1]))];
    const said = (others: number, rest: string) =>
      new RegExp(
        `^a\\.npy\\[2\\] reaches \\d\\.\\d+e29 in x, where the other ${others} samples reach ${rest} at most: .*; mend or leave out that sample\\.$`,
      );
    const first = await calibrated(plain, files, null, { samples: 4, resume: null });
    expect(messages(first)).toEqual([expect.stringMatching(said(3, "0\\.\\d+"))]);
    const whole = await calibrated(plain, files, null, { samples: 6, resume: first });
    expect(messages(whole)).toEqual([expect.stringMatching(said(5, "1\\.\\d+"))]);
    expect(whole.notices[0]).toMatchObject({ kind: "warning", subject: "x" });
  });

  it("may be some of many, and is not among samples whose reach rises gradually or is zero", async () => {
    const few = ones(40).map((_, i) => (i % 10 === 3 ? 5000 : 1));
    expect(messages(await calibrated(plain, [array(samples(few))]))).toEqual([
      expect.stringMatching(/^a\.npy\[3\], a\.npy\[13\], a\.npy\[23\] and 1 more reach 5,000 in x, where the other 36/),
    ]);
    const many = ones(40).map((_, i) => (i % 5 === 3 ? 5000 : 1));
    expect(messages(await calibrated(plain, [array(samples(many))]))).toEqual([]);
    expect(messages(await calibrated(plain, [array(samples([1, 10, 100, 1000, 10000]))]))).toEqual([]);
    expect(messages(await calibrated(plain, [array(samples([0, 0, 0, 1, 0]))]))).toEqual([]);
  });

  it("is told of an activation where the input does not tell", async () => {
    const steep = network(
      false,
      [
        ["Mul", ["y", "y"], ["squared"], { name: "square" }],
        ["Exp", ["squared"], ["e"], { name: "exp" }],
      ],
      "e",
    );
    const said = messages(await calibrated(steep, [array(samples([0.2, 0.2, 1.3, 0.2]))]));
    expect(said).toEqual([expect.stringMatching(/^a\.npy\[2\] reaches \d\.\d+e\d+ in e, where the other 3 samples/)]);
  });
});

describe("samples with NaN or infinity", () => {
  it("are left out and named; where none is left, that is said", async () => {
    const data = samples(ones(4));
    data[SIZE + 5] = Number.NaN;
    data[3 * SIZE] = -Infinity;
    const calibration = await calibrated(plain, [array(data)]);
    expect(calibration).toMatchObject({ observed: [0, 2], skipped: [1, 3] });
    expect(messages(calibration)).toEqual([
      "Skipped: a.npy[1] holds 1 NaN of 192 values; give it finite ones.",
      "Skipped: a.npy[3] holds 1 infinite value of 192 values; give it finite ones.",
    ]);
    await expect(calibrated(plain, [array(data.fill(Number.NaN))])).rejects.toThrow(
      /^Not one of 4 samples could be read; the first: a\.npy\[0\] holds 192 NaN/,
    );
  });

  it("only in the output, and in all of them, are refused", async () => {
    const below = network(
      false,
      [
        ["Sub", ["y", "six"], ["minus"]],
        ["Log", ["minus"], ["l"]],
      ],
      "l",
    );
    const some = await calibrated(below, [array(samples([1, 1, 9]))]);
    expect(messages(some)).toEqual([expect.stringMatching(/^l held \d+ NaN and \d infinite values/)]);
    await expect(calibrated(below, [array(samples([0.1, 0.2, 0.3]))])).rejects.toThrow(
      /^The float model's output l was NaN or infinite throughout on all 3 samples/,
    );
  });
});

describe("samples that are all the same", () => {
  it("are told apart from those that only share their extremes", async () => {
    const one = noise([SIZE]).data as Float32Array;
    const said = messages(
      await calibrated(plain, [array(Float32Array.from({ length: 3 * SIZE }, (_, i) => one[i % SIZE]!))]),
    );
    expect(said).toEqual([expect.stringMatching(/^All 3 samples seem to be the same: .*; add samples that differ\.$/)]);
    expect(messages(await calibrated(plain, [array(new Float32Array(2 * SIZE))]))).toHaveLength(1);
    expect(messages(await calibrated(plain, [array(one.slice())]))).toEqual([]);

    const relu = bytesOf(
      buildModel({
        opset: 17,
        inputs: [floatInput("x", DIMS)],
        outputs: ["y"],
        nodes: [makeNode("Relu", ["x"], ["y"], { name: "relu" })],
      }),
    );
    const masks = Float32Array.from({ length: 2 * SIZE }, (_, i) => (i < SIZE ? i % 2 : Number(i < SIZE + 65)));
    expect(messages(await calibrated(relu, [array(masks)]))).toEqual([]);
  });
});

describe("data that was not prepared for the network", () => {
  it("is told by the network's own BatchNormalization", async () => {
    const normalized = network(true);
    expect(messages(await calibrated(normalized, [array(samples(ones(8)))]))).toEqual([]);
    for (const wrong of [samples(ones(8).fill(100), 127), samples(ones(8).fill(0.01))]) {
      expect(messages(await calibrated(normalized, [array(wrong)]))).toEqual([
        expect.stringMatching(
          /^The data does not seem to be prepared as the network expects \(x holds .*\): n has a mean of .*, where the network's own BatchNormalization gives a mean of 0\.500 and a deviation of 2\.00; prepare it/,
        ),
      ]);
    }
  });

  it("is told by the biases of the first layer, where it is pictures of 0 to 255 in colour", async () => {
    expect(messages(await calibrated(plain, [array(samples(ones(8)))]))).toEqual([]);
    expect(messages(await calibrated(plain, [array(samples(ones(8).fill(127), 127))]))).toEqual([
      expect.stringMatching(
        /^The data does not .* its first layer reaches [\d,]+ in c, beside which its biases, 0\.500 at most, are nothing; prepare it/,
      ),
    ]);
    expect(messages(await calibrated(plain, [array(samples(ones(8).fill(127)))]))).toEqual([]);
  });
});

describe("the cases", needsShared, () => {
  const bytes = (name: string) => readShared(`cases/${name}/model.onnx`);
  const calib = (name: string) => [memoryFile("calib.npy", readShared(`cases/${name}/calib.npy`))];

  it("of one value of 1e30, and of data of 0 to 255, are told", async () => {
    expect(messages(await calibrated(bytes("calibration-inf"), calib("calibration-inf")))).toEqual([
      expect.stringMatching(/^calib\.npy\[3\] reaches 1\.00e30 in x, where the other 31 samples reach 5\.30 at most/),
    ]);
    expect(messages(await calibrated(bytes("unnormalised-data"), calib("unnormalised-data")))).toEqual([
      expect.stringMatching(
        /^The data does not seem to be prepared as the network expects \(x holds 0 to 255\): its first layer reaches /,
      ),
    ]);
  });

  it("of the same models are right with the other's samples, but for the one", async () => {
    const { notices } = await calibrated(bytes("unnormalised-data"), calib("calibration-inf"));
    expect(notices).toHaveLength(1);
  });
});

describe("the reference models", needsShared, () => {
  it.each(SUBJECT_NAMES)("%s: nothing is doubted of its own data", async (name) => {
    const { files, preprocess } = subjectOf(name);
    const said = messages(await calibrated(readModel(`${name}.onnx`), files(3), preprocess));
    expect(said.filter((message) => !/infinite values, which calibration left out/.test(message))).toEqual([]);
  });

  it.each(["mobilenet_v1_0.75_224", "squeezenet1.1"])("%s: pictures of 0 to 255 are told", async (name) => {
    const said = messages(await calibrated(readModel(`${name}.onnx`), subjectOf(name).files(3), "raw"));
    expect(said).toEqual([expect.stringMatching(/^The data does not seem to be prepared .* holds 0 to 255\): /)]);
  });
});

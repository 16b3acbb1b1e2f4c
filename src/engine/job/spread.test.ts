import { describe, expect, it } from "vitest";
import { nodeDecoders } from "../../../cli/decoders.ts";
import { memoryFile } from "../data/testing/files.ts";
import { run } from "../graph/testing/native.ts";
import type { Calibration } from "../model/calibration.ts";
import type { Finding } from "../model/diagnosis.ts";
import { Comparator } from "../numerics/metrics.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { needsShared, readShared } from "../testing/shared.ts";
import { openData } from "./data.ts";
import { Diagnostician } from "./diagnose.ts";
import { defaultRecipe, openModel } from "./open.ts";
import { quantizeModel } from "./quantize.ts";
import { settle } from "./settle.ts";
import { sharedCase } from "./testing/cases.ts";
import { context } from "./testing/settledCase.ts";

interface Patient {
  /** Worst first, with layers left in float, and equalized or not. */
  readonly findings: (float: readonly string[], equalization?: boolean) => Promise<readonly Finding[]>;
  /** Of the output on unseen inputs, with layers left in float and all else settled anew, dB. */
  readonly sqnr: (float: readonly string[], equalization?: boolean) => Promise<number>;
}

async function patient(name: string): Promise<Patient> {
  const { bytes, unseen } = await sharedCase(name, ["x"]);
  const runtimes = { main: nodeRuntime(), accelerator: null };
  const source = { bytes, fileName: `${name}.onnx`, readBeside: async () => null };
  const model = await openModel(source, { shapes: {}, values: {} }, runtimes.main, context);
  const files = [memoryFile("calib.npy", readShared(`cases/${name}/calib.npy`))];
  const data = await openData(model, files, null, nodeDecoders);
  let calibration: Calibration | null = null;
  const settled = async (layers: readonly string[], equalization = false) => {
    const plain = defaultRecipe(model);
    const recipe = {
      ...plain,
      float: { ...plain.float, layers },
      corrections: { ...plain.corrections, equalization },
    };
    const result = await settle(model, recipe, data, { samples: data.length, calibration }, runtimes, context);
    calibration = result.calibration;
    return result;
  };
  return {
    async findings(float, equalization) {
      const { recipe, calibration: seen } = await settled(float, equalization);
      return (await new Diagnostician(model).diagnose(recipe, seen))?.findings ?? [];
    },
    async sqnr(float, equalization) {
      const quantized = quantizeModel(model, (await settled(float, equalization)).recipe).model;
      const comparator = new Comparator();
      for (const feeds of unseen) {
        const rounded = await run(quantized, feeds);
        for (const [output, { data: exact }] of await run(model.original, feeds)) {
          comparator.add(exact as Float32Array, rounded.get(output)!.data as Float32Array);
        }
      }
      return comparator.result().sqnr;
    },
  };
}

describe("the cases of parts that share a scale", needsShared, () => {
  it("outlier channels of a normalization are found with their figures, and mended where they are read", async () => {
    const { findings, sqnr } = await patient("outlier-channels");
    const found = await findings([]);
    expect(found).toEqual([
      {
        layer: "Mul15",
        cause: "outlier-channels",
        sentence: "A few channels reach 100x as far as most, but all share one scale.",
        figure: expect.stringMatching(
          /^channels of deviation 1\.00 in the middle, the largest 100, SQNR 31\.\d dB as a whole, mean 4\.\d+ dB \(estimated\)$/,
        ),
        loss: expect.closeTo(16, 0),
        remedy: {
          edit: { kind: "equalization" },
          sentence: expect.stringMatching(/^Equalize channels: divide them where they are scaled, .* \+3\d/),
        },
      },
    ]);
    expect(await sqnr([])).toBeLessThan(5);
    expect(await sqnr([], true)).toBeGreaterThan(30);
    expect(await findings([], true)).toEqual([]);
    expect(await sqnr(["MatMul18"])).toBeGreaterThan(30);
    expect(await findings(["MatMul18"])).toEqual([]);
  });

  it("matrices of one constant are brought to one size, which leaves nothing to find", async () => {
    const { findings, sqnr } = await patient("batched-matmul-weight");
    expect(await findings([])).toEqual([]);
    expect(await sqnr([])).toBeGreaterThan(30);
  });
});

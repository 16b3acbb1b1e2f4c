import { describe, expect, it } from "vitest";
import { garments, photographs } from "../emit/testing/shared.ts";
import type { Calibration } from "../model/calibration.ts";
import type { Dataset } from "../model/dataset.ts";
import type { Finding } from "../model/diagnosis.ts";
import type { JobContext } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Tensor } from "../model/tensor.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { needsShared, readShared } from "../testing/shared.ts";
import { calibrate } from "./calibrate.ts";
import { Diagnostician } from "./diagnose.ts";
import { defaultRecipe, type OpenModel, openModel } from "./open.ts";

const context: JobContext = { signal: new AbortController().signal, report: () => undefined };
const UINT8 = { type: "uint8", symmetric: false } as const;
const INT8 = { type: "int8", symmetric: true } as const;
const PER_TENSOR = { type: "int8", granularity: "tensor", rounding: "nearest" } as const;

interface Patient {
  readonly model: OpenModel;
  readonly calibration: Calibration;
  readonly diagnose: (change: Partial<Recipe>) => Promise<readonly Finding[]>;
}

async function patient(name: string, sampleOf: (index: number) => Tensor, samples: number): Promise<Patient> {
  const fileName = `${name}.onnx`;
  const source = { bytes: readShared(`models/${fileName}`), fileName, readBeside: async () => null };
  const model = await openModel(source, { shapes: {}, values: {} }, nodeRuntime(), context);
  const input = model.open[0]!.name;
  const dataset: Dataset = {
    length: samples,
    sourceOf: (index) => `sample ${index}`,
    labels: null,
    notices: [],
    get: async (index) => ({ source: `${index}`, feeds: new Map([[input, sampleOf(index)]]) }),
  };
  const request = { samples, preprocess: null, resume: null, checkpoint: () => undefined };
  const calibration = await calibrate(model, dataset, request, { main: nodeRuntime(), accelerator: null }, context);
  const diagnostician = new Diagnostician(model);
  expect(await diagnostician.diagnose(defaultRecipe(model), null)).toBeNull();
  await diagnostician.diagnose(defaultRecipe(model), calibration);
  const diagnose = async (change: Partial<Recipe>) => {
    const found = await diagnostician.diagnose({ ...defaultRecipe(model), ...change }, null);
    return found?.findings ?? [];
  };
  return { model, calibration, diagnose };
}

const layersOf = (findings: readonly Finding[], cause: Finding["cause"]) =>
  findings.filter((finding) => finding.cause === cause).map(({ layer }) => layer);

describe("diagnosis of real models", needsShared, () => {
  it("mobilenet: per tensor it is the depthwise layers' channels, per channel next to nothing", async () => {
    const samples = photographs({ scale: 1 / 127.5, mean: [1, 1, 1], std: [1, 1, 1] });
    const { diagnose } = await patient("mobilenet_v1_0.75_224", samples, 2);
    const perTensor = await diagnose({ weights: PER_TENSOR });
    const spread = layersOf(perTensor, "channel-spread");
    expect(spread.slice(0, 3).toSorted()).toEqual(["conv_dw_1", "conv_dw_12", "conv_dw_2"]);
    expect(spread.filter((layer) => layer.includes("_dw_")).toSorted()).toEqual([
      "conv_dw_1",
      "conv_dw_11",
      "conv_dw_12",
      "conv_dw_13",
      "conv_dw_2",
      "conv_dw_3",
      "conv_dw_6",
    ]);
    expect(spread.length).toBeLessThan(14);
    for (const method of ["auto", "minmax"] as const) {
      const perChannel = await diagnose({ method });
      expect(perChannel.map(({ layer, cause }) => [layer, cause])).toEqual([["conv1", "dead"]]);
    }
  });

  it("squeezenet: half of the codes are lost in int8 symmetric, and nothing is wrong in uint8", async () => {
    const samples = photographs({ scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] });
    const { diagnose } = await patient("squeezenet1.1", samples, 2);
    const symmetric = await diagnose({ activations: INT8, method: "minmax" });
    expect(layersOf(symmetric, "one-sided")).toHaveLength(19);
    expect(symmetric.every(({ loss }) => loss > 2.9 && loss < 9)).toBe(true);
    for (const weights of [PER_TENSOR, { type: "int8", granularity: "channel", rounding: "nearest" } as const]) {
      expect(await diagnose({ activations: UINT8, weights })).toEqual([]);
    }
  });

  it("fashion-mnist: one layer ruins it per tensor; clipping by entropy is told from outliers", async () => {
    const { diagnose, model, calibration } = await patient("fmnist_dw_folded", garments(), 16);
    const [worst, ...others] = await diagnose({ weights: PER_TENSOR });
    expect(worst).toMatchObject({ layer: "/dw1/dw1.0/Conv", cause: "channel-spread" });
    expect(worst?.sentence).toMatch(/differ 321x/);
    expect(others.length).toBeLessThan(3);
    expect(await diagnose({})).toEqual([]);
    const entropy = await diagnose({ method: "entropy" });
    expect(new Set(entropy.map(({ cause }) => cause))).toEqual(new Set(["clipping"]));

    const mended = Object.fromEntries(
      entropy.flatMap(({ remedy }) =>
        remedy?.edit.kind === "method" ? [[remedy.edit.group, remedy.edit.method]] : [],
      ),
    );
    expect(await diagnose({ method: "entropy", methods: mended })).toEqual([]);

    const other = { ...calibration, equalized: true };
    const onlyWeights = await new Diagnostician(model).diagnose(
      { ...defaultRecipe(model), method: "entropy", weights: PER_TENSOR },
      other,
    );
    expect(new Set(onlyWeights?.findings.map(({ cause }) => cause))).toEqual(new Set(["channel-spread"]));
  });
});

import { describe, expect, it } from "vitest";
import { prepareModel } from "../graph/prepare.ts";
import { run } from "../graph/testing/native.ts";
import type { Tensor } from "../model/tensor.ts";
import { assertSupported } from "../onnx/checks.ts";
import { decodeModel } from "../onnx/decode.ts";
import { inputPorts } from "../onnx/ports.ts";
import { ORT } from "../targets/ort.ts";
import { needsShared, readShared } from "../testing/shared.ts";
import { garments, photographs, tokens } from "./testing/shared.ts";
import { tryOut } from "./testing/trial.ts";

const imagenet = { scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const around = (centre: number, spread: number) => ({
  scale: 1 / spread,
  mean: new Array(3).fill(centre / spread),
  std: [1, 1, 1],
});

/** Model, its samples, quantized layers and the least SQNR of any output, dB. */
const models: readonly (readonly [string, () => (index: number) => Tensor, number, number])[] = [
  ["squeezenet1.1", () => photographs(imagenet), 65, 25],
  ["mobilenet_v1_0.75_224", () => photographs(around(127.5, 127.5)), 57, 12],
  ["ultraface_rfb320", () => photographs({ ...around(127, 128), height: 240, width: 320 }), 116, 35],
  ["fastestdet", () => photographs({ ...around(0, 255), height: 352, width: 352, bgr: true }), 209, 10],
  ["ppocrv4_rec", () => photographs({ ...around(127.5, 127.5), height: 48, width: 320, bgr: true }), 203, 8],
  ["mnist_cntk", () => garments((value) => (value * 0.353 + 0.286) * 255), 9, 25],
  ["fmnist_dw_folded", garments, 21, 25],
  ["fmnist_dw_bn", garments, 21, 25],
  ["stories260K", tokens, 106, 20],
];

describe("real models", needsShared, () => {
  it.each(models)("%s runs in 8 bits near its float form", async (name, samplesOf, layers, least) => {
    const { folded } = await prepareModel(
      decodeModel(readShared(`models/${name}.onnx`), name),
      (model) => run(model),
      ORT.opset,
    );
    const input = inputPorts(folded)[0]?.name ?? "";
    const sampleOf = samplesOf();
    const trial = await tryOut(folded, {}, (_, index) => new Map([[input, sampleOf(index)]]));
    expect(trial.plan.layers.filter(({ precision }) => precision === "int8")).toHaveLength(layers);
    for (const { optimized } of Object.values(trial.sqnr)) expect(optimized).toBeGreaterThan(least);
  });

  it("refuses a model of operators that ONNX Runtime does not have", () => {
    const name = "superres_prepost_op18.onnx";
    expect(() => assertSupported(decodeModel(readShared(`models/${name}`), name), name)).toThrow(
      /superres_prepost_op18\.onnx.*com\.microsoft\.extensions/,
    );
  });
});

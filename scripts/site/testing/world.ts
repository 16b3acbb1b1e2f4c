import { copyFileSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { colourModel, modelBytes, put, putColours } from "../../../cli/testing/colours.ts";
import { octet } from "../../../cli/testing/command.ts";
import { npyBytes } from "../../../src/engine/data/testing/files.ts";
import { intAttribute, makeNode } from "../../../src/engine/onnx/attributes.ts";
import { buildModel, floatInput, noise, portInfo } from "../../../src/engine/onnx/testing/build.ts";

const SIDE = 224;
const SMALL = 32;
const PHOTOGRAPHS = 9;
const PRIMARIES = 3;
const WORDS = 16;
const WIDTH = 32;
const STEP = 3;
const TOKENS = 8;

/** As the page about detectors has it, but smaller. */
const STRETCHED = {
  resize: { mode: "exact", size: [SMALL, SMALL] },
  crop: null,
  layout: "NCHW",
  color: "BGR",
  scale: 1 / 255,
  mean: [0, 0, 0],
  std: [1, 1, 1],
};

/** Words to scores for the next one, as a transformer's head and ends are: the word `STEP` further on is the likeliest. */
function wordModel(): Uint8Array {
  const table = noise([WORDS, WIDTH], 1);
  const w1 = noise([WIDTH, WIDTH], 2);
  const w2 = noise([WIDTH, WORDS], 3);
  for (let word = 0; word < WORDS; word++) {
    (table.data as Float32Array)[word * WIDTH + word] = 8;
    (w1.data as Float32Array)[word * WIDTH + word] = 8;
    (w2.data as Float32Array)[word * WORDS + ((word + STEP) % WORDS)] = 8;
  }
  return modelBytes(
    buildModel({
      opset: 17,
      inputs: [portInfo({ name: "tokens", type: "int64", dims: ["batch", "seq"] })],
      outputs: [floatInput("logits", ["batch", "seq", WORDS])],
      nodes: [
        makeNode("Gather", ["table", "tokens"], ["embedded"], { name: "embed", attributes: [intAttribute("axis", 0)] }),
        makeNode("MatMul", ["embedded", "w1"], ["hidden"], { name: "layer" }),
        makeNode("Relu", ["hidden"], ["kept"], { name: "act" }),
        makeNode("MatMul", ["kept", "w2"], ["logits"], { name: "head" }),
      ],
      constants: { table, w1, w2 },
    }),
  );
}

/** A stretch of sound and a state to the next state, as a detector of speech has it. */
function soundModel(): Uint8Array {
  return modelBytes(
    buildModel({
      opset: 17,
      inputs: [
        floatInput("input", ["batch", 576]),
        floatInput("state", [2, 1, 4]),
        portInfo({ name: "sr", type: "int64", dims: [] }),
      ],
      outputs: [floatInput("output", ["batch", 4]), floatInput("stateN", [2, 1, 4])],
      nodes: [
        makeNode("MatMul", ["input", "w"], ["mapped"], { name: "map" }),
        makeNode("Cast", ["sr"], ["rate"], { name: "rate", attributes: [intAttribute("to", 1)] }),
        makeNode("Div", ["rate", "rate"], ["one"], { name: "one" }),
        makeNode("Mul", ["mapped", "one"], ["output"], { name: "scale" }),
        makeNode("Add", ["state", "output"], ["stateN"], { name: "next" }),
      ],
      constants: { w: noise([576, 4], 7) },
    }),
  );
}

const tokenLines = () =>
  Array.from({ length: PHOTOGRAPHS }, (_, row) =>
    JSON.stringify({ tokens: Array.from({ length: TOKENS }, (_, at) => (row * 5 + at * STEP) % WORDS) }),
  ).join("\n");

/**
 * Fills a folder with small files under the names that the documents use, so that each of their commands finds what it is to
 * read: models, photographs with labels, tokens, sound, and what earlier commands would have left.
 */
export async function putWorld(folder: string): Promise<void> {
  const model = modelBytes(colourModel({ side: SIDE }));
  for (const name of ["model", "mobilenet"]) put(folder, `${name}.onnx`, model);
  put(folder, "detector.onnx", modelBytes(colourModel({ side: SMALL })));
  put(folder, "detector.preprocess.json", JSON.stringify(STRETCHED));
  const photos = await putColours(folder, "photos", PHOTOGRAPHS);
  renameSync(join(photos, "labels.csv"), join(folder, "labels.csv"));
  copyFileSync(join(folder, "labels.csv"), join(photos, "labels.csv"));
  await putColours(folder, "calibration", PRIMARIES, 200);
  await putColours(folder, "more-photos", PRIMARIES, 300);
  await putColours(folder, "new-photos", PRIMARIES, 500);
  const validation = await putColours(folder, "validation", 2 * PRIMARIES, 400);
  renameSync(join(validation, "labels.csv"), join(folder, "validation.csv"));

  put(folder, "stories.onnx", wordModel());
  mkdirSync(join(folder, "bert"));
  put(folder, "bert/model.onnx", wordModel());
  put(folder, "bert/config.json", JSON.stringify({ model_type: "bert" }));
  put(folder, "tokens.jsonl", tokenLines());
  for (const name of ["silero_vad", "vad"]) put(folder, `${name}.onnx`, soundModel());
  const frames = noise([4, 6, 1, 576], 9).data as Float32Array;
  put(folder, "speech.npy", npyBytes("<f4", [4, 6, 1, 576], frames));

  const quantized = ["--data", join(folder, "calibration"), "--preprocess", "imagenet-tf"];
  for (const [name, method] of [
    ["before", "minmax"],
    ["after", "entropy"],
  ] as const) {
    const out = join(folder, name);
    await octet("quantize", join(folder, "model.onnx"), ...quantized, "--method", method, "--out", out);
    const ofMobilenet = join(folder, method);
    mkdirSync(ofMobilenet);
    copyFileSync(join(out, "model.report.json"), join(ofMobilenet, "mobilenet.report.json"));
  }
  copyFileSync(join(folder, "before/model.int8.onnx"), join(folder, "model.int8.onnx"));
  put(folder, "rules.json", JSON.stringify({ maxTop1Drop: 1, minSqnr: 10 }));
  mkdirSync(join(folder, "calibrated"));
  mkdirSync(join(folder, "result"));
  for (const place of ["calibrated/model", "calibrated/mobilenet", "result/model"]) {
    copyFileSync(join(folder, "before/model.calibration.json"), join(folder, `${place}.calibration.json`));
  }
  for (const name of ["model", "mobilenet"]) {
    copyFileSync(join(folder, "before/model.recipe.json"), join(folder, `${name}.recipe.json`));
  }
}

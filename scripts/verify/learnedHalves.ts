import { InferenceSession, Tensor } from "onnxruntime-node";
import { nodeEnvironment } from "../../cli/environment.ts";
import { elementsOf } from "../../src/engine/emit/testing/shared.ts";
import { context } from "../../src/engine/job/testing/settledCase.ts";
import type { Recipe } from "../../src/engine/model/recipe.ts";
import { pairedDifference } from "../../src/engine/numerics/interval.ts";
import { Comparator } from "../../src/engine/numerics/metrics.ts";
import { concat } from "../../src/engine/onnx/encode.ts";
import { Project } from "../../src/engine/project/index.ts";
import { withSettings } from "../../src/engine/recipe/change.ts";
import { withCorrections, withRounding, withWeightType } from "../../src/engine/recipe/edits.ts";
import { nodeRuntime } from "../../src/engine/runtime/node.ts";
import { readShared } from "../../src/engine/testing/shared.ts";
import { significant } from "../../src/engine/values/figures.ts";
import type { Row } from "../bench/part.ts";
import { HALF, MODEL, PHOTOGRAPHS, PIXELS, photographLabels, photographs } from "./photographs.ts";

/** What the photographs came to that taught nothing: their classes by both models, and how far the logits are apart. */
interface Judged {
  readonly float: number;
  readonly quantized: number;
  readonly onlyFloat: number;
  readonly onlyQuantized: number;
  readonly same: number;
  readonly samples: number;
}

const WAYS: Readonly<Record<string, (recipe: Recipe) => Recipe>> = {
  nearest: (recipe) => withCorrections(recipe, { bias: "none" }),
  "nearest, biases corrected": (recipe) => recipe,
  learned: (recipe) => withRounding(recipe, "learned", null),
  "fine-tuned": (recipe) => withRounding(recipe, "finetuned", null),
};

/** MobileNet in 8-bit activations and int4 weights, rounded in every way from each half of the photographs and judged on the other. */
export async function judgeLearned(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const rounding of Object.keys(WAYS)) {
    const logits = new Comparator();
    const halves = [await taughtBy(0, rounding, logits), await taughtBy(1, rounding, logits)];
    const sum = (key: keyof Judged) => halves.reduce((total, { judged }) => total + judged[key], 0);
    const all: Judged = {
      float: sum("float"),
      quantized: sum("quantized"),
      onlyFloat: sum("onlyFloat"),
      onlyQuantized: sum("onlyQuantized"),
      same: sum("same"),
      samples: sum("samples"),
    };
    const whole = rowOf(`all ${PHOTOGRAPHS}, each half by what the other taught`, all, logits, "");
    rows.push(...[...halves.map(({ row }) => row), whole].map((row) => ({ rounding, ...row })));
  }
  return rows;
}

/** The photographs whose number is even, or odd, teach; the others judge. */
async function taughtBy(
  first: 0 | 1,
  rounding: string,
  all: Comparator,
): Promise<{ readonly judged: Judged; readonly row: Row }> {
  console.error(`  ${MODEL}, ${rounding}, taught by the ${first === 0 ? "even" : "odd"} photographs`);
  const source = { bytes: readShared(`models/${MODEL}.onnx`), fileName: `${MODEL}.onnx`, readBeside: async () => null };
  const inputs = { shapes: {}, values: {}, state: {} };
  const project = await Project.open(source, inputs, nodeEnvironment(nodeRuntime()), context);
  const unordered = withSettings(project.recipe, { seed: null });
  project.adopt(WAYS[rounding]!(withWeightType(unordered, "int4")));
  await project.takeData(photographs(first), "imagenet-tf");
  await project.settle({ samples: HALF }, context);
  const { quantized } = await project.export({ evaluation: null, date: "" }, context);
  const sessions = [source.bytes, concat(quantized.chunks)].map((bytes) =>
    InferenceSession.create(bytes, { intraOpNumThreads: 1, logSeverityLevel: 3 }),
  );
  const [float, other] = (await Promise.all(sessions)) as [InferenceSession, InferenceSession];
  const pixels = elementsOf("data/imagenet-mini-224.u8.npy");
  const labels = photographLabels();
  const counts = { float: 0, quantized: 0, onlyFloat: 0, onlyQuantized: 0, same: 0, samples: 0 };
  const logits = new Comparator();
  for (let at = 1 - first; at < PHOTOGRAPHS; at += 2) {
    const photograph = tensorOf(pixels.subarray(at * PIXELS, (at + 1) * PIXELS) as Uint8Array);
    const [expected, given] = [await scoresOf(float, photograph), await scoresOf(other, photograph)];
    for (const comparator of [logits, all]) comparator.add(expected, given);
    const [byFloat, byQuantized] = [best(expected), best(given)];
    const [isRight, isRightToo] = [byFloat === labels[at], byQuantized === labels[at]];
    counts.samples++;
    if (isRight) counts.float++;
    if (isRightToo) counts.quantized++;
    if (isRight && !isRightToo) counts.onlyFloat++;
    if (isRightToo && !isRight) counts.onlyQuantized++;
    if (byFloat === byQuantized) counts.same++;
  }
  await Promise.all([float.release(), other.release()]);
  const which = `the ${HALF} ${first === 0 ? "odd" : "even"} ones`;
  return { judged: counts, row: rowOf(which, counts, logits, Math.round(quantized.bytes / 1e3)) };
}

function rowOf(judged: string, counts: Judged, logits: Comparator, kB: number | ""): Row {
  const { samples, onlyFloat, onlyQuantized, same } = counts;
  const { difference, interval } = pairedDifference({ samples, onlyFirst: onlyFloat, onlySecond: onlyQuantized });
  const points = (share: number) => significant(100 * share);
  return {
    judged,
    "float right": counts.float,
    "int4 right": counts.quantized,
    "drop (pt)": points(difference),
    "95 % interval (pt)": `${points(interval[0])} to ${points(interval[1])}`,
    "same class (%)": points(same / samples),
    "SQNR (dB)": significant(logits.result().sqnr),
    kB,
  };
}

/** Pixels of a picture, row by row, as the model takes them: channels first, from -1 to 1. */
function tensorOf(pixels: Uint8Array): Tensor {
  const side = Math.sqrt(pixels.length / 3);
  const values = new Float32Array(pixels.length);
  for (let at = 0; at < pixels.length; at++) {
    values[(at % 3) * side * side + Math.floor(at / 3)] = (pixels[at]! / 255 - 0.5) / 0.5;
  }
  return new Tensor("float32", values, [1, 3, side, side]);
}

async function scoresOf(session: InferenceSession, photograph: Tensor): Promise<Float32Array> {
  const made = await session.run({ [session.inputNames[0]!]: photograph });
  return made[session.outputNames[0]!]!.data as Float32Array;
}

const best = (scores: Float32Array) => scores.indexOf(Math.max(...scores));

import { nodeDecoders } from "../../cli/decoders.ts";
import { memoryFile, npyBytes, npzBytes } from "../../src/engine/data/testing/files.ts";
import { openData } from "../../src/engine/job/data.ts";
import { evaluateModels } from "../../src/engine/job/evaluate.ts";
import { chooseFastest } from "../../src/engine/job/fastest.ts";
import { timeInTurn } from "../../src/engine/job/inTurn.ts";
import { defaultRecipe, openModel, runnable } from "../../src/engine/job/open.ts";
import { quantizeModel } from "../../src/engine/job/quantize.ts";
import { firstReadable } from "../../src/engine/job/samples.ts";
import { settle } from "../../src/engine/job/settle.ts";
import { context } from "../../src/engine/job/testing/settledCase.ts";
import { medianInterval, quantile } from "../../src/engine/numerics/interval.ts";
import { noise } from "../../src/engine/onnx/testing/build.ts";
import { withSettings } from "../../src/engine/recipe/change.ts";
import { nodeRuntime } from "../../src/engine/runtime/node.ts";
import { readShared } from "../../src/engine/testing/shared.ts";
import type { Row } from "../bench/part.ts";
import { SUBJECT_NAMES, type Subject, subjectOf } from "../subjects.ts";

const CALIBRATE = 32;
const JUDGE = 16;

/** Times do not depend on what is said. */
const SILERO: Subject = {
  files: (samples) =>
    Array.from({ length: samples }, (_, i) => {
      const arrays = { input: [1, 576], state: [2, 1, 128] };
      const bytes = Object.entries(arrays).map(([name, dims], at) => {
        const values = noise(dims, 2 * i + at).data as Float32Array;
        return [
          name,
          npyBytes(
            "<f4",
            dims,
            values.map((value) => 0.1 * value),
          ),
        ] as const;
      });
      return memoryFile(`${String(i).padStart(4, "0")}.npz`, npzBytes(Object.fromEntries(bytes)));
    }),
  preprocess: null,
  inputs: { shapes: {}, values: { sr: 16000 }, state: {} },
  data: "noise",
};

/** What `--goal speed` makes of every model, timed anew beside the float model and what the default recipe makes of it. */
export async function timeSpeed(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const name of [...SUBJECT_NAMES, "silero_vad_v5"]) {
    console.error(`  ${name} for speed`);
    rows.push(await rowOf(name, name === "silero_vad_v5" ? SILERO : subjectOf(name)));
  }
  return rows;
}

async function rowOf(name: string, subject: Subject): Promise<Row> {
  const runtime = nodeRuntime();
  const source = { bytes: readShared(`models/${name}.onnx`), fileName: `${name}.onnx`, readBeside: async () => null };
  const model = await openModel(source, subject.inputs, runtime, context);
  const data = await openData(model, subject.files(CALIBRATE + JUDGE), subject.preprocess, nodeDecoders);
  const runtimes = { main: runtime, accelerator: null };
  const settled = await settle(
    model,
    defaultRecipe(model),
    data,
    { samples: CALIBRATE, calibration: null },
    runtimes,
    context,
  );
  const { choices, trial } = await chooseFastest(model, settled.recipe, settled.calibration, data, runtime, context);
  const request = { samples: CALIBRATE, calibration: settled.calibration };
  const again = await settle(model, withSettings(settled.recipe, choices), data, request, runtimes, context);
  const [decided, written] = [quantizeModel(model, settled.recipe), quantizeModel(model, again.recipe)];
  const files = [model.original, decided.model, written.model].map(runnable);
  const sessions = await Promise.all(files.map((file) => runtime.createSession(file, { threads: 1 })));
  const { feeds } = await firstReadable(data, 0, data.length);
  const [float = [], ...others] = await timeInTurn(sessions, feeds, context);
  await Promise.all(sessions.map((session) => session.dispose()));
  const [ofDecided = "", ofWritten = ""] = others.map((times) => {
    const ratios = times.map((time, round) => time / (float[round] as number));
    const [low, high] = medianInterval(ratios);
    return `${quantile(ratios, 0.5).toFixed(3)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
  });
  const job = {
    float: { file: runnable(model.original), bytes: model.bytes },
    quantized: { file: runnable(written.model), bytes: written.bytes },
    ...{ skip: CALIBRATE, samples: JUDGE, limit: 1, machine: "" },
  };
  const { outputs } = await evaluateModels(job, data, runtime, context);
  return {
    model: name,
    written: trial.written,
    "float (ms)": quantile(float, 0.5),
    "default, of float's time": ofDecided,
    "--goal speed, of float's time": ofWritten,
    rounds: float.length,
    kB: `${Math.round(model.bytes / 1e3)} to ${Math.round(written.bytes / 1e3)}`,
    "SQNR of the worst output (dB)": outputs.reduce((least, { sqnr }) => Math.min(least, sqnr ?? -Infinity), Infinity),
  };
}

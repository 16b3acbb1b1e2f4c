import { nodeDecoders } from "../../cli/decoders.ts";
import { optimizedOperators } from "../../src/engine/graph/testing/native.ts";
import { openData } from "../../src/engine/job/data.ts";
import { evaluateModels } from "../../src/engine/job/evaluate.ts";
import { defaultRecipe, openModel, runnable } from "../../src/engine/job/open.ts";
import { quantizeModel } from "../../src/engine/job/quantize.ts";
import { settle } from "../../src/engine/job/settle.ts";
import { context } from "../../src/engine/job/testing/settledCase.ts";
import { nodeRuntime } from "../../src/engine/runtime/node.ts";
import { readShared } from "../../src/engine/testing/shared.ts";
import type { Row } from "../bench/part.ts";
import { SUBJECT_NAMES, subjectOf } from "../subjects.ts";

const CALIBRATE = 32;
const JUDGE = 32;

/** Kernels of ONNX Runtime that multiply in integers, and in float. */
const INTEGER = /^(QLinearConv|QLinearMatMul|QGemm|MatMulIntegerToFloat|MatMulInteger|ConvInteger|MatMulNBits)$/;
const FLOAT = /^(Conv|FusedConv|ConvTranspose|Gemm|FusedGemm|MatMul|FusedMatMul)$/;

/** Every model with its default recipe: calibrated on the first samples, judged on those that follow. */
export async function verifyModels(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const name of SUBJECT_NAMES) {
    console.error(`  ${name}`);
    rows.push(await verifyModel(name));
  }
  return rows;
}

async function verifyModel(name: string): Promise<Row> {
  const subject = subjectOf(name);
  const runtime = nodeRuntime();
  const source = { bytes: readShared(`models/${name}.onnx`), fileName: `${name}.onnx`, readBeside: async () => null };
  const model = await openModel(source, subject.inputs, runtime, context);
  const dataset = await openData(model, subject.files(CALIBRATE + JUDGE), subject.preprocess, nodeDecoders);
  const runtimes = { main: runtime, accelerator: null };
  const request = { samples: CALIBRATE, calibration: null };
  const { recipe } = await settle(model, defaultRecipe(model), dataset, request, runtimes, context);
  const quantized = quantizeModel(model, recipe);
  const job = {
    float: { file: runnable(model.original), bytes: model.bytes },
    quantized: { file: runnable(quantized.model), bytes: quantized.bytes },
    ...{ skip: CALIBRATE, samples: JUDGE, limit: 1, machine: "" },
  };
  const { outputs, top1, bytes, latency } = await evaluateModels(job, dataset, runtime, context);
  const operators = await optimizedOperators(quantized.model);
  const { layers } = quantized.plan;
  const multiplied = layers.filter(({ descriptor, reason }) => descriptor?.kind === "weighted" && reason === null);
  return {
    model: name,
    data: subject.data,
    "8-bit layers": `${layers.filter(({ reason }) => reason === null).length} of ${layers.length}`,
    "that multiply": multiplied.length,
    "integer kernels that multiply": operators.filter((operator) => INTEGER.test(operator)).length,
    "float kernels that multiply": operators.filter((operator) => FLOAT.test(operator)).length,
    "SQNR of the worst output (dB)": outputs.reduce((least, { sqnr }) => Math.min(least, sqnr ?? -Infinity), Infinity),
    "top-1": top1 ? `${top1.float.toFixed(2)} to ${top1.quantized.toFixed(2)}` : "",
    kB: `${Math.round(bytes.float / 1e3)} to ${Math.round(bytes.quantized / 1e3)}`,
    "time of float's (p50)": latency.quantized.p50 / latency.float.p50,
  };
}

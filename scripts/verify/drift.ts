import { nodeDecoders } from "../../cli/decoders.ts";
import { calibrate } from "../../src/engine/job/calibrate.ts";
import { type OpenDataset, openData } from "../../src/engine/job/data.ts";
import { drift } from "../../src/engine/job/drift.ts";
import { defaultRecipe, openModel } from "../../src/engine/job/open.ts";
import { resolveRecipe } from "../../src/engine/job/quantize.ts";
import { context } from "../../src/engine/job/testing/settledCase.ts";
import type { Drift } from "../../src/engine/model/drift.ts";
import type { Range } from "../../src/engine/model/range.ts";
import { randomFrom } from "../../src/engine/numerics/testing/distributions.ts";
import { nodeRuntime } from "../../src/engine/runtime/node.ts";
import { readShared } from "../../src/engine/testing/shared.ts";
import { significant } from "../../src/engine/values/figures.ts";
import { percent } from "../../src/engine/values/shares.ts";
import type { Row } from "../bench/part.ts";
import { subjectOf } from "../subjects.ts";

const MODELS = ["mnist_cntk", "fmnist_dw_folded", "squeezenet1.1", "mobilenet_v1_0.75_224"];
const CALIBRATE = 30;
const NEW = 30;
const FEW = 10;

/** What becomes of the values of an input, which lie in `range` as they are prepared; of pictures in colour, plane after plane. */
type Change = (values: Float32Array, range: Range, isColour: boolean) => Float32Array;

const at = (share: number, { low, high }: Range) => low + share * (high - low);
const each =
  (change: (share: number, uniform: () => number) => number): Change =>
  (values, range) => {
    const uniform = randomFrom(1);
    const { low, high } = range;
    return values.map((value) => at(change((value - low) / (high - low), uniform), range));
  };
/** Prepared so that values lie elsewhere. */
const prepared = (low: number, high: number): Change => {
  return (values, range) =>
    values.map((value) => low + ((value - range.low) / (range.high - range.low)) * (high - low));
};

const greyscale: Change = (values, _, isColour) => {
  if (!isColour) return values;
  const size = values.length / 3;
  const [a, b, c] = [0, 1, 2].map((plane) => values.subarray(plane * size, (plane + 1) * size)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  return values.map((__, i) => 0.299 * a[i % size]! + 0.587 * b[i % size]! + 0.114 * c[i % size]!);
};

const CHANGES: Readonly<Record<string, Change>> = {
  "without colour": greyscale,
  negatives: each((share) => 1 - share),
  "half as bright": each((share) => share / 2),
  "half as bright again": each((share) => Math.min(1, 1.5 * share)),
  "half the contrast": each((share) => 0.25 + share / 2),
  "even noise": each((_, uniform) => uniform()),
  "one grey": each(() => 0.5),
  black: each(() => 0),
  "prepared as 0..1": prepared(0, 1),
  "prepared as -1..1": prepared(-1, 1),
  "prepared as 0..255": prepared(0, 255),
};

/** How far new samples lie beside those that calibrated, the same kind and others, for each model in a column. */
export async function measureDrift(): Promise<Row[]> {
  const columns: Record<string, Readonly<Record<string, string>>> = {};
  for (const name of MODELS) {
    console.error(`  ${name}`);
    columns[name] = await measured(name);
  }
  return Object.keys(columns[MODELS[0]!]!).map((what) => ({
    "new samples": what,
    ...Object.fromEntries(MODELS.map((name) => [name, columns[name]![what]!])),
  }));
}

async function measured(name: string): Promise<Readonly<Record<string, string>>> {
  const subject = subjectOf(name);
  const runtime = nodeRuntime();
  const source = { bytes: readShared(`models/${name}.onnx`), fileName: `${name}.onnx`, readBeside: async () => null };
  const model = await openModel(source, subject.inputs, runtime, context);
  const data = await openData(model, subject.files(CALIBRATE + NEW), subject.preprocess, nodeDecoders);
  const runtimes = { main: runtime, accelerator: null };
  const { preprocess, seed } = data;
  const request = { samples: CALIBRATE, preprocess, resume: null, checkpoint: () => undefined };
  const before = await calibrate(model, data, request, runtimes, context);
  const recipe = resolveRecipe(model, { ...defaultRecipe(model), preprocess, seed, elementwise: "join" }, before);
  const { min, max } = before.statistics.get(model.open[0]!.name)!;
  const beside = (samples: number, change: Change | null): Promise<Drift> => {
    const range = { skip: CALIBRATE, samples };
    const given = change
      ? changed(data, (values, isColour) => change(values, { low: min, high: max }, isColour))
      : data;
    return drift(model, recipe, before, given, range, runtimes, context);
  };
  const same = await beside(NEW, null);
  const few = await beside(FEW, null);
  const rows: Record<string, string> = {
    "others of the same": told(same),
    [`${FEW} others of the same`]: told(few),
    "of these, clipped more": percent(most([same, few], ({ clipped }) => clipped.seen - clipped.calibrated)),
    "of these, further out": percent(most([same, few], ({ overrun }) => overrun.seen - overrun.calibrated)),
  };
  for (const [what, change] of Object.entries(CHANGES)) rows[what] = told(await beside(NEW, change));
  return rows;
}

function changed(data: OpenDataset, change: (values: Float32Array, isColour: boolean) => Float32Array): OpenDataset {
  return {
    ...data,
    async get(index) {
      const { source, feeds } = await data.get(index);
      const entries = [...feeds].map(([name, tensor]) => {
        const isColour = tensor.dims[1] === 3;
        return [name, { ...tensor, data: change(tensor.data as Float32Array, isColour) }] as const;
      });
      return { source, feeds: new Map(entries) as typeof feeds };
    },
  };
}

function most(drifts: readonly Drift[], figure: (tensor: Drift["tensors"][number]) => number): number {
  return Math.max(0, ...drifts.flatMap(({ tensors }) => tensors.map(figure)));
}

function told({ verdict, tensors }: Drift): string {
  return `${significant(Math.max(...tensors.map(({ kl }) => kl)))}, ${verdict}`;
}

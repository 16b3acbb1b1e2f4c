import { nodeEnvironment } from "../../cli/environment.ts";
import { context } from "../../src/engine/job/testing/settledCase.ts";
import type { Evaluation } from "../../src/engine/model/evaluation.ts";
import { Project } from "../../src/engine/project/index.ts";
import { unlearned, withSettings } from "../../src/engine/recipe/change.ts";
import { withGranularity } from "../../src/engine/recipe/edits.ts";
import { nodeRuntime } from "../../src/engine/runtime/node.ts";
import { readShared } from "../../src/engine/testing/shared.ts";
import { significant } from "../../src/engine/values/figures.ts";
import { decibel } from "../../src/engine/values/units.ts";
import type { Row } from "../bench/part.ts";
import { HALF, MODEL, PHOTOGRAPHS, photographs } from "./photographs.ts";

const LIMIT = 0.01;

/** What a half came to, of the photographs that neither taught nor chose. */
interface Judged {
  readonly ruined: Evaluation;
  readonly rescued: Evaluation;
  readonly row: Row;
}

/** MobileNet with one scale a weight: its collapse, Rescue and the verdict, on each half of the photographs taught by the other. */
export async function runFirst(): Promise<Row[]> {
  const halves = [await taughtBy(0), await taughtBy(1)];
  const hits = (of: (half: Judged) => Evaluation, which: "float" | "quantized") =>
    halves.reduce((sum, half) => sum + Math.round(of(half).top1![which] * of(half).labelled), 0);
  const [float, ruined, rescued] = [
    hits(({ rescued }) => rescued, "float"),
    hits(({ ruined }) => ruined, "quantized"),
    hits(({ rescued }) => rescued, "quantized"),
  ];
  const drop = (100 * (float - rescued)) / PHOTOGRAPHS;
  const total = {
    judged: `all ${PHOTOGRAPHS}, each half by what the other taught`,
    "float right": float,
    "per tensor right": ruined,
    "rescued right": rescued,
    "drop (pt)": significant(drop),
    verdict: drop <= 100 * LIMIT ? "pass" : "fail",
  };
  return [...halves.map(({ row }) => row), { ...total, steps: "", "layers in float": "", "time (s)": "" }];
}

/** The photographs whose number is even, or odd, calibrate and choose; the others judge. */
async function taughtBy(first: 0 | 1): Promise<Judged> {
  console.error(`  ${MODEL}, taught by the ${first === 0 ? "even" : "odd"} photographs`);
  const start = performance.now();
  const source = { bytes: readShared(`models/${MODEL}.onnx`), fileName: `${MODEL}.onnx`, readBeside: async () => null };
  const inputs = { shapes: {}, values: {}, state: {} };
  const project = await Project.open(source, inputs, nodeEnvironment(nodeRuntime()), context);
  project.adopt(withGranularity(withSettings(project.recipe, { seed: null }), "tensor"));
  await project.takeData(photographs(first), "imagenet-tf");
  await project.settle({ samples: HALF }, context);
  const rest = { skip: HALF, samples: HALF };
  const ruined = await project.evaluate(rest, LIMIT, context);
  const request = {
    samples: HALF,
    limit: { kind: "drop", share: LIMIT },
    goal: "size",
    budget: null,
    rescue: true,
  } as const;
  const { points, best } = await project.tune(request, context, ({ points: known }) => {
    const { label, sqnr, top1 } = known.at(-1)!;
    console.error(`    ${label}: ${decibel(sqnr)}, drop ${significant(100 * (top1?.drop ?? Number.NaN))} pt`);
  });
  project.adopt(unlearned(points[best]!.recipe));
  await project.settle({ samples: HALF }, context);
  const rescued = await project.evaluate(rest, LIMIT, context);
  const seconds = (performance.now() - start) / 1000;
  const right = ({ top1, labelled }: Evaluation, which: "float" | "quantized") => Math.round(top1![which] * labelled);
  const row = {
    judged: `the ${HALF} ${first === 0 ? "odd" : "even"} ones`,
    "float right": right(rescued, "float"),
    "per tensor right": right(ruined, "quantized"),
    "rescued right": right(rescued, "quantized"),
    "drop (pt)": significant(100 * rescued.top1!.drop),
    verdict: rescued.verdict?.passed ? "pass" : "fail",
    steps: points[best]!.decisions.length === 0 ? "none" : points[best]!.label,
    "layers in float": points[best]!.floatLayers,
    "time (s)": Math.round(seconds),
  };
  return { ruined, rescued, row };
}

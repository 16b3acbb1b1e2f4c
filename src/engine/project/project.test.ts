import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { nodeDecoders } from "../../../cli/decoders.ts";
import * as history from "../../studio/state/history.ts";
import { idxBytes, memoryFile } from "../data/testing/files.ts";
import { cpuLearner } from "../learning/cpu.ts";
import type { JobContext } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import { makeNode } from "../onnx/attributes.ts";
import { encodeModel } from "../onnx/encode.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { unlearned } from "../recipe/change.ts";
import {
  INT8,
  UINT8,
  withActivations,
  withBlock,
  withCorrections,
  withFloat,
  withFormat,
  withGranularity,
  withGroupDefault,
  withGroupRange,
  withMethod,
  withPreprocess,
  withRounding,
  withWeightAlgorithm,
  withWeightType,
} from "../recipe/edits.ts";
import { withRemedy } from "../recipe/remedies.ts";
import { textOf } from "../recipe/text.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { Project } from "./project.ts";

const context: JobContext = { signal: new AbortController().signal, report: () => undefined };
const environment = {
  runtimes: { main: nodeRuntime(), accelerator: null, learner: cpuLearner },
  decoders: nodeDecoders,
  machine: "test",
};
const SAMPLES = 6;
const ITERATIONS = 3;
const IMAGES = idxBytes(
  [SAMPLES, 6, 6],
  Uint8Array.from({ length: SAMPLES * 36 }, (_, i) => (i * i * 7) % 256),
);

/** Two layers that can be equalized. */
function network(): Uint8Array {
  const model = buildModel({
    opset: 13,
    inputs: [floatInput("in", [1, 1, 6, 6])],
    outputs: ["out"],
    nodes: [
      makeNode("Conv", ["in", "w1", "b1"], ["a"], { name: "first" }),
      makeNode("Relu", ["a"], ["b"], { name: "relu" }),
      makeNode("Conv", ["b", "w2", "b2"], ["out"], { name: "last" }),
    ],
    constants: { w1: noise([4, 1, 3, 3]), b1: noise([4]), w2: noise([5, 4, 1, 1], 7), b2: noise([5], 3) },
  });
  return new Uint8Array(Buffer.concat(encodeModel(model)));
}

let project: Project;
let plain: Recipe;
beforeAll(async () => {
  const source = { bytes: network(), fileName: "net.onnx", readBeside: async () => null };
  project = await Project.open(source, { shapes: {}, values: {} }, environment, context);
  await project.takeData([memoryFile("images.idx", IMAGES)]);
  plain = project.recipe;
});

test("a recipe that another preparation of the model taught loses that, with a notice, and keeps its settings", async () => {
  const frozen = buildModel({
    opset: 13,
    inputs: [floatInput("in", [1, 1, 6, 6])],
    outputs: ["out"],
    nodes: [
      makeNode("Conv", ["in", "w"], ["a"], { name: "first" }),
      makeNode("Mul", ["a", "f"], ["b"], { name: "scale" }),
      makeNode("Add", ["b", "s"], ["out"], { name: "shift" }),
    ],
    constants: { w: noise([4, 1, 3, 3]), f: noise([4, 1, 1], 2), s: noise([4, 1, 1], 3) },
  });
  const bytes = new Uint8Array(Buffer.concat(encodeModel(frozen)));
  const source = { bytes, fileName: "frozen.onnx", readBeside: async () => null };
  const open = () => Project.open(source, { shapes: {}, values: {} }, environment, context);
  const now = await open();
  expect([now.summary.generation, now.recipe.preparation]).toEqual([2, 2]);
  const range = { low: -1, high: 1 };
  const old: Recipe = {
    ...{ ...now.recipe, preparation: 1, method: "percentile", ranges: { in: range } },
    ...{ resolved: { in: range, a: range, b: range, out: range }, biases: { first: [1, 2, 3, 4] } },
  };
  expect(now.adopt(old).recipe).toEqual({ ...old, preparation: 2, resolved: null, biases: null });
  expect(now.notices).toEqual([
    expect.objectContaining({
      kind: "warning",
      message: expect.stringContaining("ranges, corrected biases is of other"),
    }),
  ]);
  expect(now.isSettled).toBe(false);
  await now.takeData([memoryFile("images.idx", IMAGES)]);
  await now.settle({ samples: SAMPLES }, context);
  const { notices, recipe } = await now.export({ evaluation: null, date: "2026-11-28T00:00:00Z" }, context);
  expect(notices).toEqual(expect.arrayContaining([...now.notices]));
  const again = await open();
  expect(again.adopt(recipe).recipe).toEqual(recipe);
  expect(again.notices).toEqual([]);
  expect(() => again.adopt({ ...recipe, preparation: 99 })).toThrow(/newer Octet/);
  expect(again.recipe).toEqual(recipe);
});

interface Edit {
  readonly name: string;
  readonly change: (recipe: Recipe) => Recipe;
  /** What was learned before and is kept: said here once more, by hand, to hold the table against it. */
  readonly keeps: readonly ("biases" | "rounding")[];
}

const ALL = ["biases", "rounding"] as const;
const ROUNDING = ["rounding"] as const;
const edit = (name: string, change: Edit["change"], keeps: Edit["keeps"] = []): Edit => ({ name, change, keeps });
/** Of the range of b, where it has one to be moved. */
const ofRange = (name: string, change: Edit["change"]) =>
  edit(name, (recipe) => (project.plan(recipe).groups.some(({ id }) => id === "b") ? change(recipe) : recipe), ALL);
const scaled = (recipe: Recipe, scale: number) => withPreprocess(recipe, { ...recipe.preprocess!, scale });

const EDITS: readonly Edit[] = [
  ...(["minmax", "mse", "auto"] as const).map((method) => edit(method, (r) => withMethod(r, method), ROUNDING)),
  ...(["tensor", "channel"] as const).map((kind) => edit(`a scale a ${kind}`, (r) => withGranularity(r, kind))),
  ...(["int8", "int4"] as const).map((type) => edit(type, (r) => withWeightType(r, type))),
  ...[UINT8, INT8].map((scheme) => edit(`activations ${scheme.type}`, (r) => withActivations(r, scheme))),
  edit("weights alone", (r) => withFormat(r, "weights")),
  ...[true, false].map((on) => edit(`equalization ${on}`, (r) => withCorrections(r, { equalization: on }))),
  ...(["none", "empirical", "analytic"] as const).map((bias) =>
    edit(`bias ${bias}`, (r) => withCorrections(r, { bias })),
  ),
  ...[true, false].map((off) => edit(`first in float ${off}`, (r) => withFloat(r, "layers", ["first"], off), ROUNDING)),
  ...[true, false].map((off) => edit(`b in float ${off}`, (r) => withFloat(r, "tensors", ["b"], off), ROUNDING)),
  ...(["nearest", "learned"] as const).map((kind) =>
    edit(`rounding ${kind}`, (r) => (r.weights.rounding === kind ? r : withRounding(r, kind, null))),
  ),
  ...[1 / 255, 1 / 64].map((scale) => edit(`scale ${scale}`, (r) => scaled(r, scale))),
  ...[1, 2].map((high) => ofRange(`b to ${high}`, (r) => withGroupRange(r, "b", { low: 0, high }, null))),
  ofRange("b by entropy", (r) => withRemedy(r, { kind: "method", group: "b", method: "entropy" })),
  ofRange("b by default", (r) => withGroupDefault(r, "b")),
];

async function settled(recipe: Recipe): Promise<Recipe> {
  project.adopt(recipe);
  return (await project.settle({ samples: SAMPLES, iterations: ITERATIONS }, context)).recipe;
}

/** Nothing is left to quantize, or to learn: no recipe to compare. */
function refused(error: Error): null {
  if (/^Nothing in net would be quantized|whose rounding can be learned/.test(error.message)) return null;
  throw error;
}

const made = new Map<string, Promise<Recipe>>();

/** What a recipe's settings come to from nothing. */
function fromNothing(recipe: Recipe): Promise<Recipe> {
  const key = textOf(unlearned(recipe));
  const known = made.get(key) ?? settled(project.takeCalibration(null) && unlearned(recipe));
  made.set(key, known);
  return known;
}

test("whatever is edited, undone and redone, a recipe comes to what it comes to from nothing", async () => {
  const equalized = withCorrections(plain, { equalization: true });
  const starts = [plain, equalized, withRounding(plain, "learned", null), withRounding(equalized, "learned", null)];
  const steps = fc.array(
    fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...EDITS) }, fc.constantFrom("undo", "redo")),
    {
      minLength: 3,
      maxLength: 8,
    },
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...starts), steps, async (from, walk) => {
      const start = await fromNothing(from);
      let states = history.begin(start);
      let expected = history.begin(start);
      for (const [time, step] of walk.entries()) {
        if (typeof step === "string") {
          const moved = step === "undo" ? history.undo : history.redo;
          [states, expected] = [moved(states), moved(expected)];
        } else {
          const changed = step.change(states.present);
          const kept = step.change(expected.present);
          const same = textOf(unlearned(changed)) === textOf(unlearned(states.present));
          const asked = await fromNothing(kept).catch(refused);
          if (!asked) continue;
          const before = expected.present;
          const isLearned = asked.rounding !== null && before.rounding !== null;
          const stands = same || (isLearned && step.keeps.includes("rounding")) ? ALL : step.keeps;
          const next = same
            ? before
            : {
                ...asked,
                ...(stands.includes("rounding") && asked.rounding && before.rounding && { rounding: before.rounding }),
                ...(stands.includes("biases") && asked.biases && before.biases && { biases: before.biases }),
              };
          expected = history.edit(expected, next, step.name, 1000 * time);
          states = history.edit(states, changed, step.name, 1000 * time);
        }
        states = history.amend(states, await settled(states.present));
        expect(states.present).toEqual(expected.present);
      }
    }),
    { numRuns: 60 },
  );
}, 120_000);

test("activations that were in float are calibrated when they come back", async () => {
  const whole = await fromNothing(plain);
  project.takeCalibration(null);
  await settled(withFormat(whole, "weights"));
  expect(project.calibration?.observed).toEqual([]);
  expect(await settled(withActivations(project.recipe, UINT8))).toEqual(whole);
  expect(project.calibration?.observed).toHaveLength(SAMPLES);
});

test("samples taken in place of others leave nothing that those taught, and ranges of other preprocessing are refused", async () => {
  const whole = await settled(plain);
  const { calibration } = project;
  const other = scaled(whole, 1 / 32);
  expect(project.adopt(other).isSettled).toBe(false);
  expect(() => project.resolve()).toThrow(/preprocessed otherwise .* calibrate again/);
  await project.adopt(whole).takeData([memoryFile("images.idx", IMAGES)]);
  expect(project.recipe).toEqual(plain);
  expect(project.calibration).toBeNull();
  expect(await settled(project.recipe)).toEqual(whole);
  expect(project.calibration?.statistics).toEqual(calibration?.statistics);
});

test("biases that are asked for and not learned are warned of in what is exported, and none where they are", async () => {
  const warned = async () => {
    const { notices } = await project.export({ evaluation: null, date: "2026-01-01T00:00:00Z" }, context);
    return notices.filter(({ message }) => message.includes("bias"));
  };
  const whole = await settled(plain);
  expect(await warned()).toEqual([]);
  for (const bias of ["empirical", "analytic"] as const) {
    project.adopt(whole).edit({ corrections: { equalization: false, bias: "none" } });
    project.edit({ corrections: { equalization: false, bias } });
    expect(project.recipe).toMatchObject({ resolved: whole.resolved, biases: null });
    expect(await warned()).toMatchObject([{ kind: "warning", subject: "net.int8.onnx" }]);
  }
  project.edit({ corrections: { equalization: false, bias: "none" } });
  expect(await warned()).toEqual([]);
});

test("rounding and codes that are asked for and not learned are not measured as if they were others", async () => {
  await settled(plain);
  const alone = withFormat(project.recipe, "weights");
  const wanted = [
    withRounding(project.recipe, "learned", null),
    withWeightAlgorithm(withBlock(withWeightType(alone, "uint4"), 16), "gptq"),
  ];
  const range = { skip: 0, samples: 2 };
  for (const [at, recipe] of wanted.entries()) {
    project.adopt({ ...recipe, resolved: recipe.resolved ?? {}, spared: {}, prints: null });
    const refused = /(rounding|codes).*not been (learned|found) yet/;
    await expect(project.evaluate(range, 0.01, context)).rejects.toThrow(refused);
    await expect(project.probe(range, context)).rejects.toThrow(refused);
    await expect(project.sensitivity({ samples: 2, untilSettled: false }, context)).rejects.toThrow(refused);
    await expect(project.walk(2, context)).rejects.toThrow(refused);
    const request = { samples: SAMPLES, limit: { kind: "sqnr", decibels: 20 }, goal: "size", budget: 2 } as const;
    await expect(project.tune(request, context)).rejects.toThrow(at === 0 ? /nearest/ : /least error/);
  }
});

test("ranges are chosen again once the model was calibrated again", async () => {
  const whole = await settled(plain);
  await project.calibrate({ samples: 2, resume: null, checkpoint: () => undefined }, context);
  expect(project.recipe).toEqual({ ...whole, spared: null, resolved: null });
  expect(project.resolve().recipe.resolved).not.toEqual(whole.resolved);
});

test("a recipe that asks for equalization and does not hold it is not told to be without", async () => {
  const equalized = await settled(withCorrections(plain, { equalization: true }));
  const { calibration } = project;
  expect(calibration?.equalized).toBe(true);
  project.adopt(unlearned(equalized));
  expect(() => project.resolve()).toThrow(/asks for equalization, which has not been learned yet/);
  expect(() => project.adopt(plain).resolve()).toThrow(/made with equalization and the recipe is without it/);
  project
    .adopt(equalized)
    .takeCalibration({ ...calibration!, equalized: false })
    .edit({ method: "mse" });
  expect(() => project.resolve()).toThrow(/made without equalization and the recipe is with it/);
});

test("what a recipe was taught by does not judge it, and another order of the samples teaches anew", async () => {
  await project.adopt(plain).takeData([memoryFile("images.idx", IMAGES)]);
  const taught = (await project.settle({ samples: 3 }, context)).recipe;
  const first = project.calibration!;
  expect([taught.seed, taught.prints, first.seed]).toEqual([0, first.prints, 0]);
  const judge = (skip: number) => project.evaluate({ skip, samples: SAMPLES }, 0.01, context);
  await expect(judge(2)).rejects.toThrow("1 of the 4 samples to judge calibrated the model");
  expect(await judge(3)).toMatchObject({ samples: 3 });
  project.edit({ seed: null });
  expect([project.isSettled, project.recipe.prints]).toEqual([false, null]);
  const byPath = (await project.settle({ samples: 3 }, context)).recipe;
  expect([byPath.seed, project.calibration!.seed]).toEqual([null, null]);
  expect(byPath.prints).not.toBe(taught.prints);
  await expect(project.calibrate({ samples: 4, resume: first, checkpoint: () => undefined }, context)).rejects.toThrow(
    "took the samples in another order; start afresh",
  );
});

test("weights alone are taught by the samples that learned what they correct", async () => {
  await project.adopt(withFormat(plain, "weights")).takeData([memoryFile("images.idx", IMAGES)]);
  const { recipe, calibration } = await project.settle({ samples: 4 }, context);
  expect(calibration.prints).toBeNull();
  expect(recipe.prints).toHaveLength(4 * 8);
  await expect(project.evaluate({ skip: 0, samples: SAMPLES }, 0.01, context)).rejects.toThrow("(--skip 4)");
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as arbitrary from "../../engine/artifacts/testing/arbitrary.ts";
import { REPORT, TUNING } from "../../engine/artifacts/testing/report.ts";
import { BEFORE_PREPARATIONS } from "../../engine/model/past/recipe.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import { withFlag } from "../../engine/model/testing/olderRecipe.ts";
import { type Basis, basisOf, isCurrent } from "../../engine/recipe/basis.ts";
import { basisSchema } from "../../engine/recipe/basisSchema.ts";
import type { Derived } from "../../engine/recipe/derivations.ts";
import { digestOf } from "../../engine/recipe/digest.ts";
import { check } from "../../engine/schema/check.ts";
import type { Schema } from "../../engine/schema/define.ts";
import { pastBasis } from "./pastBasis.ts";
import {
  RESULT,
  SESSION,
  STORED_BEGUN,
  STORED_CALIBRATION,
  STORED_CODES,
  STORED_FINE_TUNING,
  STORED_ROUNDING,
  STORED_TUNING,
} from "./stored.ts";
import { RENEWALS } from "./storedPast.ts";

/** Samples were taken by path before there was a choice. */
const BY_PATH = { seed: null, prints: null };
const { evaluation } = REPORT;
const recipe = { ...REPORT.recipe, ...BY_PATH };
const basis = basisOf("evaluation", { recipe, samples: 40, data: "files" });
const on = (derived: Derived) => basisOf(derived, { recipe, data: "files" });
const errors = { sqnr: Number.NaN, mse: 0, cosine: 1, kl: null, drop: null };

const SESSION_RECORD = {
  ...{ sha256: "ab", name: "net.onnx", bytes: 10, opset: 13, savedAt: 1, kept: false },
  ...{ recipe, samples: 40, limit: 0.01, sensitivitySamples: 16, metric: "sqnr" },
  evaluation: { result: evaluation, basis },
  sensitivity: {
    basis: on("sensitivity"),
    result: {
      ...{ samples: 4, wanted: 4, ranked: 4, labelled: 0, reliability: null, all: errors, seconds: 1, notices: [] },
      layers: [{ layer: "conv", weights: null, activations: errors, alone: errors, without: errors }],
      kept: { bytes: 1, bound: 2 },
      executor: { runtime: "r", threads: 1 },
    },
  },
  walk: {
    basis: on("walk"),
    result: { samples: 4, steps: [{ layer: "conv", tensor: "x", sqnr: Infinity, mse: 0, inputSqnr: null }] },
  },
};
const RESULT_RECORD = {
  ...{
    id: "1",
    sha256: "ab",
    name: "first",
    date: 1,
    recipe,
    samples: 40,
    fingerprint: "files",
    evaluation,
    shown: true,
  },
  calibration: { fingerprint: "seen", observed: 40, skipped: 0 },
};
/** Of another tool's file, whose recipe was not recovered. */
const FILE_RECORD = {
  ...RESULT_RECORD,
  ...{ recipe: null, calibration: null },
  file: { name: "theirs.onnx", sha256: "cd", producer: "onnx.quantize 0.1.0", differences: 1 },
};
const { start, ...search } = TUNING;
const TUNING_RECORD = {
  sha256: "ab",
  tuning: {
    basis: on("search"),
    result: { ...search, points: search.points.map((point) => ({ ...point, recipe: { ...start, ...BY_PATH } })) },
  },
};
const ROUNDING_RECORD = {
  sha256: "ab",
  rounding: {
    basis: on("rounding"),
    asked: { samples: 8, iterations: 20 },
    result: {
      ...{
        rounding: { conv: "QUI=" },
        biases: {},
        wanted: 2,
        samples: 8,
        iterations: 20,
        learner: "tfjs",
        seconds: 1,
        prints: null,
      },
      layers: [
        {
          ...{ layer: "conv", weights: 9, changed: 1, nearest: 0.5, learned: 0.25, seconds: 1 },
          curve: [{ iteration: 0, loss: 1 }],
        },
      ],
    },
  },
};

const CODES_RECORD = {
  sha256: "ab",
  codes: {
    basis: on("inputScales"),
    asked: { samples: 8 },
    result: {
      ...{ algorithm: "awq", inputScales: { x: [1, 2] }, codes: { conv: { codes: "QUI=", scales: "AACAPw==" } } },
      layers: [{ layer: "conv", weights: 9, plain: 0.5, found: 0.25, left: 0.5 }],
      scaling: { inputs: [{ tensor: "x", layers: ["conv"], power: 0.5, left: 0.75 }], wanted: 1, unscaled: [] },
      ...{ wanted: 2, samples: 8, learner: "tfjs", seconds: 1, prints: null },
    },
  },
};

const FINE_TUNING_RECORD = {
  sha256: "ab",
  finetuning: {
    basis: on("codes"),
    asked: { samples: 8, steps: 10, rounding: "ab" },
    result: {
      ...{ codes: { conv: { codes: "QUI=", scales: "AACAPw==" } }, biases: { conv: [0.5, -1] } },
      layerwise: {
        layers: [{ layer: "conv", weights: 3, noise: 0.1, loss: 0.01, seconds: 1 }],
        ...{ wanted: 2, views: 8, found: { codes: {}, biases: {} }, judged: null },
      },
      blocks: [
        {
          ...{ layers: ["conv"], before: 0.5, after: 0.25, kept: true, seconds: 1 },
          curve: [{ iteration: 0, loss: 1 }],
        },
      ],
      ...{ wanted: 1, samples: 8, views: 32, steps: 10, learner: "tfjs", seconds: 1, prints: null },
    },
  },
};

const problemOf = (schema: Schema, record: unknown) => check(schema, record, "stored").problem;

describe("a record of before layers without weights were decided", () => {
  const without = <T extends object>(value: T): T =>
    JSON.parse(
      JSON.stringify(value, (key, entry) => (key === "state" || key in BEFORE_PREPARATIONS ? undefined : entry)),
    );

  it.each([
    ["sessions", SESSION, SESSION_RECORD],
    ["results", RESULT, RESULT_RECORD],
    ["tunings", STORED_TUNING, TUNING_RECORD],
    ["roundings", STORED_ROUNDING, ROUNDING_RECORD],
  ] as const)(
    "is one of today once the database is upgraded, and what was measured holds: %s",
    (store, schema, record) => {
      const renewed = RENEWALS[store]!(without(structuredClone(record)));
      const figures = JSON.parse(JSON.stringify(record));
      expect(JSON.parse(JSON.stringify(renewed))).toEqual(figures);
      if (store === "results" || store === "tunings" || store === "roundings") {
        expect(problemOf(schema, RENEWALS[store]!(without(structuredClone(record))))).toBeNull();
      }
    },
  );
});

describe("what is stored", () => {
  it.each([
    ["sessions", SESSION, SESSION_RECORD],
    ["tunings", STORED_TUNING, TUNING_RECORD],
    ["roundings", STORED_ROUNDING, ROUNDING_RECORD],
    ["results", RESULT, RESULT_RECORD],
    ["results", RESULT, FILE_RECORD],
  ] as const)("in %s is taken as it is, and not renewed", (store, schema, record) => {
    expect(problemOf(schema, record)).toBeNull();
    expect(JSON.stringify(RENEWALS[store]!(record))).toBe(JSON.stringify(record));
  });

  it("of fine-tuning is taken as it is, and refused for biases that are none", () => {
    expect(problemOf(STORED_FINE_TUNING, FINE_TUNING_RECORD)).toBeNull();
    const damaged = structuredClone(FINE_TUNING_RECORD);
    damaged.finetuning.result.biases.conv[0] = Number.NaN;
    expect(problemOf(STORED_FINE_TUNING, damaged)).toContain("biases");
  });

  it("in codes is taken as it is, and refused for codes that are none", () => {
    expect(problemOf(STORED_CODES, CODES_RECORD)).toBeNull();
    const damaged = structuredClone(CODES_RECORD);
    damaged.codes.result.codes.conv.codes = "no!";
    expect(problemOf(STORED_CODES, damaged)).toContain("must be base64");
  });

  it("in calibrations is any calibration, checked but for the numbers of its lists", () => {
    fc.assert(
      fc.property(arbitrary.calibration, (calibration) => {
        const record = { sha256: "ab", calibration, calibratedOn: null };
        expect(problemOf(STORED_CALIBRATION, structuredClone(record))).toBeNull();
        expect(RENEWALS.calibrations!(record)).toEqual(record);
      }),
      { numRuns: 30 },
    );
  });

  it("in begun is a recipe that is not settled, and a calibration where one was begun", () => {
    const begun = { recipe: { ...recipe, resolved: null }, calibratedOn: "files", samples: 40 };
    fc.assert(
      fc.property(fc.option(arbitrary.calibration), (calibration) => {
        expect(problemOf(STORED_BEGUN, { sha256: "ab", begun: { ...begun, calibration } })).toBeNull();
      }),
      { numRuns: 10 },
    );
    expect(problemOf(STORED_BEGUN, { sha256: "ab", begun })).toContain('"begun.calibration" is missing');
  });

  it("may be a recipe whose preprocessing does not fit yet, which no file may hold", () => {
    const preprocess = { ...REPORT.calibration.preprocess, color: "GRAY", mean: [0, 0, 0], crop: 300 };
    expect(problemOf(SESSION, { ...SESSION_RECORD, recipe: { ...recipe, preprocess } })).toBeNull();
    expect(problemOf(RESULT, { ...RESULT_RECORD, recipe: { ...recipe, preprocess } })).toContain('"mean" is [0,0,0]');
  });

  it.each<[string, Schema, unknown, string]>([
    ["limit", SESSION, { ...SESSION_RECORD, limit: null }, 'stored: "limit" is null; it must be a number'],
    [
      "basis",
      SESSION,
      { ...SESSION_RECORD, evaluation: { result: evaluation, basis: { ...basis, method: "best" } } },
      "it must be what a result was made of",
    ],
    ["stranger", RESULT, { ...RESULT_RECORD, colour: 1 }, '"colour" is no field of the document'],
    [
      "counts",
      STORED_CALIBRATION,
      {
        sha256: "ab",
        calibration: {
          ...REPORT.calibration,
          model: recipe.model,
          notices: [],
          statistics: new Map([["x", { finite: 1 }]]),
        },
      },
      'stored: "calibration.statistics["x"].zeros" is missing',
    ],
    [
      "no map",
      STORED_CALIBRATION,
      { sha256: "ab", calibration: { ...REPORT.calibration, model: recipe.model, notices: [], statistics: {} } },
      'stored: "calibration.statistics" is {}; it must be a map.',
    ],
  ])("is refused for its %s", (_, schema, record, message) => {
    expect(problemOf(schema, record)).toContain(message);
  });
});

const withoutState = ({ state: _, ...inputs }: Recipe["inputs"]) => inputs;

type Later = keyof typeof BEFORE_PREPARATIONS;

/** A recipe, or a basis, without what neither said before a recipe said which preparation it is for. */
function withoutLater<T extends object>(given: T): Omit<T, Later> {
  const all = { ...given, ...("inputs" in given && { inputs: withoutState(given.inputs as Recipe["inputs"]) }) };
  const entries = Object.entries(all).filter(([name]) => !(name in BEFORE_PREPARATIONS));
  return Object.fromEntries(entries) as Omit<T, Later>;
}

describe("what an earlier version stored", () => {
  const firstRecipe = () => {
    const { corrections, factors, biases, rounding, ...first } = withoutLater(structuredClone(recipe));
    const { rounding: _, ...weights } = first.weights;
    return { ...first, weights };
  };

  it("version 1: a session without sensitivity, a basis that held the recipe itself", () => {
    const { sensitivity, walk, sensitivitySamples, metric, ...first } = SESSION_RECORD;
    const then = JSON.stringify([firstRecipe(), 40, "files"]);
    const record = { ...first, recipe: firstRecipe(), evaluation: { result: evaluation, basis: then } };
    expect(problemOf(SESSION, record)).not.toBeNull();
    const renewed = RENEWALS.sessions!(record);
    expect(problemOf(SESSION, renewed)).toBeNull();
    expect(renewed).toMatchObject({ sensitivity: null, walk: null, sensitivitySamples: 16, metric: "sqnr" });
    expect(renewed.recipe).toEqual({ ...recipe, corrections: { equalization: false, bias: "none" } });
    const corrections = { equalization: false, bias: "none" } as const;
    const { basis: told } = renewed.evaluation as { readonly basis: Basis };
    expect(isCurrent("evaluation", told, { recipe: { ...recipe, corrections }, samples: 40, data: "files" })).toBe(
      false,
    );
  });

  it("version 2: recipes without rounding in sessions, results and points of a search, one executor of a calibration", () => {
    const { rounding, ...before } = withoutLater(structuredClone(recipe));
    const { rounding: _, ...weights } = before.weights;
    const second = { ...before, weights };
    expect(RENEWALS.sessions!({ ...SESSION_RECORD, recipe: second }).recipe).toEqual(recipe);
    expect(RENEWALS.results!({ ...RESULT_RECORD, recipe: second }).recipe).toEqual(recipe);
    const points = TUNING_RECORD.tuning.result.points.map((point) => ({ ...point, recipe: second }));
    const tuning = { ...TUNING_RECORD.tuning, result: { ...TUNING_RECORD.tuning.result, points } };
    const renewed = RENEWALS.tunings!({ ...TUNING_RECORD, tuning });
    expect(problemOf(STORED_TUNING, renewed)).toBeNull();
    expect(renewed).toMatchObject({
      tuning: { result: { points: points.map(() => ({ recipe: { rounding: null } })) } },
    });

    const { executors, ...rest } = REPORT.calibration;
    const calibration = {
      ...{ ...rest, model: recipe.model, statistics: new Map(), notices: [] },
      executor: { runtime: "onnxruntime-web 1.30.0, WASM SIMD", threads: 4, batch: 1 },
    };
    const stored = RENEWALS.calibrations!({ sha256: "ab", calibration });
    expect(problemOf(STORED_CALIBRATION, stored)).toBeNull();
    expect(stored).toMatchObject({
      calibration: { executors: [{ provider: "wasm", workers: 1, threads: 4, batch: 1, samples: 3 }] },
    });
  });

  it("version 5: weights alone were a flag of what stays in float, and a basis told them by what activations are", () => {
    const alone: Recipe = { ...recipe, format: "weights" };
    for (const [then, now] of [
      [withFlag(recipe), recipe],
      [withFlag(alone), alone],
    ] as const) {
      expect(RENEWALS.results!({ ...RESULT_RECORD, recipe: then }).recipe).toEqual(now);
      for (const derived of ["evaluation", "sensitivity", "walk", "search", "rounding"] as const) {
        const today = basisOf(derived, { recipe: now, data: "files", samples: 40 });
        const { format, ...others } = today;
        const before = derived === "rounding" ? others : { ...others, format: "qdq" };
        expect(pastBasis(derived, before)).toEqual(today);
        expect(pastBasis(derived, today)).toBe(today);
      }
    }
  });

  it("version 3: the loss as learned had another name, and sensitivity fewer fields", () => {
    const { learned, ...layer } = ROUNDING_RECORD.rounding.result.layers[0]!;
    const result = { ...ROUNDING_RECORD.rounding.result, layers: [{ ...layer, learnt: learned }] };
    const record = { ...ROUNDING_RECORD, rounding: { ...ROUNDING_RECORD.rounding, result } };
    expect(problemOf(STORED_ROUNDING, record)).toContain('"learnt" is no field of "rounding.result.layers[0]"');
    expect(RENEWALS.roundings!(record)).toEqual(ROUNDING_RECORD);
    const { prints, ...silent } = ROUNDING_RECORD.rounding.result;
    const unknown = { ...ROUNDING_RECORD, rounding: { ...ROUNDING_RECORD.rounding, result: silent } };
    expect(problemOf(STORED_ROUNDING, unknown)).toContain("prints");
    expect(RENEWALS.roundings!(unknown)).toEqual(ROUNDING_RECORD);
    const { biases, ...unbiased } = ROUNDING_RECORD.rounding.result;
    const without = { ...ROUNDING_RECORD, rounding: { ...ROUNDING_RECORD.rounding, result: unbiased } };
    expect(problemOf(STORED_ROUNDING, without)).toContain("biases");
    expect(RENEWALS.roundings!(without)).toEqual(ROUNDING_RECORD);

    const { ranked, reliability, notices, ...before } = SESSION_RECORD.sensitivity.result;
    const session = { ...SESSION_RECORD, sensitivity: { ...SESSION_RECORD.sensitivity, result: before } };
    expect(RENEWALS.sessions!(session)).toEqual(SESSION_RECORD);
    expect(RENEWALS.calibrations!({ sha256: "ab", calibration: REPORT.calibration })).toMatchObject({
      calibratedOn: null,
    });
  });

  it("version 3: a basis was text, with learned rounding in it as its digest", () => {
    const learned = {
      ...recipe,
      weights: { ...recipe.weights, rounding: "learned" },
      rounding: { conv: "QUI=" },
    } as const;
    const then = withoutLater(learned);
    const text = JSON.stringify({ ...then, rounding: digestOf(learned.rounding) });
    const { resolved, factors, biases, rounding, ...choices } = then;
    const present = { recipe: learned, data: "files", samples: 40 };
    for (const [derived, stored] of [
      ["evaluation", JSON.stringify([text, 40, "files"])],
      ["sensitivity", `files ${text}`],
      ["walk", `files ${text}`],
      ["search", `files ${JSON.stringify(choices)}`],
    ] as const) {
      const basis = pastBasis(derived, stored) as Basis;
      expect(check(basisSchema(derived), basis, "").problem).toBeNull();
      expect(isCurrent(derived, basis, present), derived).toBe(true);
      expect(isCurrent(derived, basis, { ...present, data: "others" }), derived).toBe(false);
      expect(isCurrent(derived, basis, { ...present, recipe: { ...learned, method: "cosine" } }), derived).toBe(false);
    }
    const { type, granularity } = learned.weights;
    const read = [learned.activations, [], [], learned.preprocess, learned.inputs];
    const ofRounding = pastBasis(
      "rounding",
      `files ${JSON.stringify([type, granularity, false, factors, read])}`,
    ) as Basis;
    const corrected = (bias: "none" | "empirical") => {
      return {
        ...present,
        recipe: { ...learned, method: "cosine", corrections: { ...learned.corrections, bias } },
      } as const;
    };
    expect(isCurrent("rounding", ofRounding, corrected("none"))).toBe(true);
    expect(isCurrent("rounding", ofRounding, corrected("empirical"))).toBe(false);
    const coarse = { ...learned, weights: { ...learned.weights, granularity: "tensor" } } as const;
    expect(isCurrent("rounding", ofRounding, { ...present, recipe: coarse })).toBe(false);
    const other = { ...present, recipe: { ...learned, rounding: { conv: "QUM=" } } };
    expect(isCurrent("evaluation", pastBasis("evaluation", JSON.stringify([text, 40, "files"])) as Basis, other)).toBe(
      false,
    );
  });

  it("version 4: neither a recipe nor a basis said which preparation of the model it is for", () => {
    const { evaluation, sensitivity, walk } = SESSION_RECORD;
    const session = {
      ...SESSION_RECORD,
      recipe: withoutLater(recipe),
      evaluation: { ...evaluation, basis: withoutLater(evaluation.basis) },
      sensitivity: { ...sensitivity, basis: withoutLater(sensitivity.basis) },
      walk: { ...walk, basis: withoutLater(walk.basis) },
    };
    expect(problemOf(SESSION, session)).not.toBeNull();
    expect(RENEWALS.sessions!(session)).toEqual(SESSION_RECORD);
    expect(RENEWALS.results!({ ...RESULT_RECORD, recipe: withoutLater(recipe) })).toEqual(RESULT_RECORD);
    const { tuning } = TUNING_RECORD;
    const points = tuning.result.points.map((point) => ({ ...point, recipe: withoutLater(point.recipe) }));
    const search = { basis: withoutLater(tuning.basis), result: { ...tuning.result, points } };
    expect(RENEWALS.tunings!({ ...TUNING_RECORD, tuning: search })).toEqual(TUNING_RECORD);
    const { rounding } = ROUNDING_RECORD;
    const learned = { ...rounding, basis: withoutLater(rounding.basis) };
    expect(RENEWALS.roundings!({ ...ROUNDING_RECORD, rounding: learned })).toEqual(ROUNDING_RECORD);
    const measured = RENEWALS.sessions!(session).evaluation as { readonly basis: Basis };
    const present = (preparation: number) => ({ recipe: { ...recipe, preparation }, samples: 40, data: "files" });
    expect([1, 2].map((preparation) => isCurrent("evaluation", measured.basis, present(preparation)))).toEqual([
      true,
      false,
    ]);
    const carrying = { ...recipe, inputs: { ...recipe.inputs, state: { h: "hn" } } };
    expect(isCurrent("evaluation", measured.basis, { ...present(1), recipe: carrying })).toBe(false);
    const balanced = { ...present(1), recipe: { ...recipe, seed: 0 } };
    expect(isCurrent("evaluation", measured.basis, balanced)).toBe(false);
  });

  it("version 4: errors were of outputs as a whole, and next tokens were not judged, in points of a search neither", () => {
    const without = <T extends { readonly perplexity: unknown }>({ perplexity: _, ...rest }: T) => rest;
    const outputs = evaluation!.outputs.map(({ parts: _, ...output }) => output);
    const before = { ...without(evaluation!), outputs };
    const session = { ...SESSION_RECORD, evaluation: { result: before, basis } };
    expect(RENEWALS.sessions!(session)).toEqual(SESSION_RECORD);
    const result = { id: "1", recipe, evaluation: before };
    expect(RENEWALS.results!(result)).toEqual({ ...result, evaluation });
    const points = TUNING.points.map(without);
    const renewed = RENEWALS.tunings!({ tuning: { result: { ...TUNING, points }, basis: on("search") } });
    expect(renewed).toEqual({ tuning: { result: TUNING, basis: on("search") } });
  });

  it("reads the basis of a recipe that stores weights of layers in float", () => {
    const float = { ...recipe.float, stored: ["a"], storedAs: { b: "float16", c: "int4" } } as const;
    for (const derived of ["evaluation", "sensitivity", "walk", "search", "rounding"] as const) {
      const made = basisOf(derived, { recipe: { ...recipe, float }, data: "files", samples: 1 });
      expect(check(basisSchema(derived), made, "").problem).toBeNull();
    }
  });

  it("makes a result stale whose basis cannot be read", () => {
    for (const derived of ["evaluation", "sensitivity", "walk", "search", "rounding"] as const) {
      for (const then of ["", "x", "files {}", 'files ["int8"]', "[1]", "null", JSON.stringify(["{}", 1, "files"])]) {
        const basis = pastBasis(derived, then) as Basis;
        expect(check(basisSchema(derived), basis, "").problem).toBeNull();
        expect(isCurrent(derived, basis, { recipe, data: "files", samples: 1 }), `${derived} ${then}`).toBe(false);
        expect(pastBasis(derived, basis)).toBe(basis);
      }
    }
  });

  it("is left as it is where it is of no shape that was ever stored", () => {
    for (const record of [
      { sha256: "ab" },
      { sha256: "ab", recipe: 3, calibration: [], tuning: null, rounding: { result: 4 } },
    ]) {
      for (const [store, renew] of Object.entries(RENEWALS)) {
        expect(() => renew(record), store).not.toThrow();
        expect(renew(record)).toMatchObject(record);
      }
    }
  });
});

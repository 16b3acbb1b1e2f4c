import { beforeEach, expect, test, vi } from "vitest";
import type { Calibration } from "../../../workers/protocol.ts";
import { REPORT } from "../../engine/artifacts/testing/report.ts";
import type { Preprocess } from "../../engine/model/preprocess.ts";
import { PLAIN_RECIPE } from "../../engine/model/testing/recipe.ts";
import { evaluate } from "./evaluate.ts";
import { begin } from "./history.ts";
import { runJob } from "./jobs.ts";
import type { OpenData, OpenModel } from "./slices/project.ts";
import { evaluationIsStale, factsOf } from "./steps.ts";
import { actions, studio } from "./store.ts";
import { fresh, given } from "./testing/given.ts";

vi.mock("./jobs.ts", () => ({ runJob: vi.fn() }));
vi.mock("./keptResults.ts", () => ({ addResult: vi.fn() }));

const job = vi.mocked(runJob);
const calibration = { wanted: 20, equalized: false, seed: null } as Calibration;
/** What Undo may bring back while samples are judged. */
const OTHER: Preprocess = {
  ...({ resize: null, crop: null, layout: "NCHW", color: "BGR", scale: 1, mean: [0], std: [1] } as const),
};
const data = { fingerprint: "f", summary: { samples: 40 } } as unknown as OpenData;

beforeEach(() => {
  fresh();
  job.mockReset();
  given({ model: { file: {} } as OpenModel, data, samples: 20, calibration, recipe: begin(PLAIN_RECIPE) });
});

/** Evaluates while ranges are chosen in a job, during which the number of samples is changed. */
async function evaluateWith(samples: number) {
  const asked: unknown[] = [];
  job.mockImplementationOnce(async () => {
    actions.samplesChosen(samples);
    return { recipe: { ...PLAIN_RECIPE, resolved: {} }, calibration };
  });
  job.mockImplementationOnce(async (plan) => {
    const ask = async (_: unknown, range: unknown) => {
      asked.push(range);
      return REPORT.evaluation;
    };
    return plan.run({ evaluate: ask } as never, () => undefined);
  });
  await evaluate();
  return asked;
}

test("the samples judged are those of the moment, and the figures are told to be of them", async () => {
  expect(await evaluateWith(10)).toEqual([{ skip: 10, samples: 30 }]);
  expect(studio.getState().results.evaluation?.basis.samples).toBe(10);
  expect(evaluationIsStale(factsOf(studio.getState()))).toBe(false);
});

test("what labels speak against is not judged", async () => {
  const summary = { samples: 40, labelled: 40, preprocess: null, assumed: null };
  given({
    data: { fingerprint: "f", summary } as unknown as OpenData,
    recipe: begin({ ...PLAIN_RECIPE, resolved: {} }),
  });
  const asked: string[] = [];
  job.mockImplementation(async (plan) =>
    plan.run(
      {
        settle: async () => ({ recipe: { ...PLAIN_RECIPE, resolved: {} }, calibration }),
        findPreprocess: async () => {
          asked.push("comparison");
          return { by: "labels", better: null, labelShift: 1, shifted: { from: -3, to: -1 }, trials: [], samples: 40 };
        },
        evaluate: async () => {
          asked.push("evaluation");
          given({ recipe: begin({ ...PLAIN_RECIPE, preprocess: OTHER, resolved: {} }) });
          return REPORT.evaluation;
        },
      } as never,
      () => undefined,
    ),
  );
  await evaluate();
  expect(asked).toEqual(["comparison", "evaluation"]);
  expect(studio.getState().results.evaluation?.result.verdict).toBeNull();
});

test("where every sample came to calibrate meanwhile, none is judged, and that is said", async () => {
  expect(await evaluateWith(40)).toEqual([]);
  expect(studio.getState().work.alerts.at(-1)?.message).toMatch(/^Every sample calibrates/);
});

import { beforeEach, expect, test, vi } from "vitest";
import type { Calibration } from "../../../workers/protocol.ts";
import type { ErrorWalk, Sensitivity } from "../../engine/model/sensitivity.ts";
import { PLAIN_RECIPE } from "../../engine/model/testing/recipe.ts";
import { sensitivityIsStale, walkIsStale } from "./figures.ts";
import { begin } from "./history.ts";
import { runJob } from "./jobs.ts";
import { measureSensitivity, measureWalk } from "./sensitivity.ts";
import type { OpenData, OpenModel } from "./slices/project.ts";
import { studio } from "./store.ts";
import { fresh, given } from "./testing/given.ts";

vi.mock("./jobs.ts", () => ({ runJob: vi.fn() }));

const job = vi.mocked(runJob);
const model = { file: {} } as OpenModel;
const calibration = { wanted: 20, equalized: false, seed: null } as Calibration;
const data = { fingerprint: "f", summary: { samples: 40 } } as unknown as OpenData;
const corrections = { equalization: true, bias: "none" } as const;
const sensitivity = { layers: [], samples: 16, wanted: 16, notices: [] } as unknown as Sensitivity;
const walk = { steps: [] } as unknown as ErrorWalk;

beforeEach(() => {
  fresh();
  job.mockReset();
  given({ model, data, samples: 20, calibration, recipe: begin({ ...PLAIN_RECIPE, corrections }) });
  const factors = { a: { divide: [2], absorb: [0] } };
  const recipe = { ...PLAIN_RECIPE, corrections, factors, resolved: {} };
  job.mockResolvedValueOnce({ recipe, calibration: { ...calibration, equalized: true } });
});

test("what is measured is kept where measuring began with calibrating an equalized model", async () => {
  job.mockResolvedValueOnce(sensitivity);
  await measureSensitivity();
  expect(studio.getState().results.sensitivity?.result).toBe(sensitivity);
  expect(sensitivityIsStale(studio.getState())).toBe(false);
  job.mockResolvedValueOnce(walk);
  await measureWalk();
  expect(studio.getState().results.walk?.result).toBe(walk);
  expect(walkIsStale(studio.getState())).toBe(false);
});

test("what is measured of a model that was closed meanwhile is nowhere", async () => {
  job.mockImplementationOnce(async () => {
    fresh();
    return sensitivity;
  });
  await measureSensitivity();
  expect(studio.getState().results.sensitivity).toBeNull();
  expect(studio.getState().work.log).toEqual([]);
});

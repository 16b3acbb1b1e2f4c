import { beforeEach, expect, test, vi } from "vitest";
import { LATEST_PREPARATION } from "../../engine/model/preparation.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import { PLAIN_RECIPE } from "../../engine/model/testing/recipe.ts";
import { runJob } from "./jobs.ts";
import { openModel } from "./model.ts";
import { loadSession } from "./persistence.ts";
import { studio } from "./store.ts";
import { fresh } from "./testing/given.ts";
import { inquire } from "./workers.ts";

vi.mock("./jobs.ts", () => ({ runJob: vi.fn() }));
vi.mock("./workers.ts", () => ({ engine: { close: vi.fn() }, analysis: { close: vi.fn() }, inquire: vi.fn() }));
vi.mock("./persistence.ts", () => ({
  flush: vi.fn(),
  listSessions: vi.fn(),
  loadFiles: vi.fn(),
  loadSession: vi.fn(),
}));

const anew: Recipe = { ...PLAIN_RECIPE, preparation: LATEST_PREPARATION };
const taught: Recipe = { ...PLAIN_RECIPE, method: "mse", biases: { conv: [1] }, resolved: { a: { low: 0, high: 1 } } };

async function reopened(recipe: Recipe) {
  const record = { recipe, samples: 12, kept: false, limit: 0.01, sensitivitySamples: 16, metric: "sqnr" };
  const nothing = { calibration: null, calibratedOn: null, tuning: null, rounding: null };
  vi.mocked(loadSession).mockResolvedValue({ record, ...nothing } as never);
  expect(await openModel(new File([], "net.onnx"))).toBe(true);
  const { project, work } = studio.getState();
  return { project, alerts: work.alerts, warnings: work.log.filter(({ level }) => level === "warning") };
}

beforeEach(() => {
  fresh();
  const summary = { sha256: "00", layers: [], notices: [], generation: anew.preparation };
  vi.mocked(runJob).mockResolvedValue(summary);
  vi.mocked(inquire).mockResolvedValue(anew);
});

test("a session that an earlier Octet stored goes on without what another preparation taught", async () => {
  const { project, warnings } = await reopened(taught);
  expect(project.recipe?.present).toEqual({ ...taught, preparation: LATEST_PREPARATION, biases: null, resolved: null });
  expect(project.samples).toBe(12);
  expect(warnings.map(({ text }) => text)).toEqual([
    expect.stringMatching(/^The recipe was learned for net as another/),
  ]);
});

test("a session of the same preparation goes on as it was", async () => {
  const now = { ...taught, preparation: LATEST_PREPARATION };
  const { project, warnings } = await reopened(now);
  expect(project.recipe?.present).toBe(now);
  expect(warnings).toEqual([]);
});

test("a session of a newer Octet does not go on, which is said", async () => {
  const { project, alerts } = await reopened({ ...taught, preparation: LATEST_PREPARATION + 1 });
  expect(project.recipe?.present).toBe(anew);
  expect(project.samples).toBe(0);
  expect(alerts.map(({ message }) => message)).toEqual([expect.stringMatching(/newer Octet .* update Octet\.$/)]);
});

import { expect, test } from "vitest";
import { REPORT } from "../../engine/artifacts/testing/report.ts";
import type { StudioState } from "./slices/studio.ts";
import { studio } from "./store.ts";
import { droppable, requestOf } from "./tune.ts";

const PERPLEXITY = { float: 2.9, quantized: 2.95, rise: 0.0172, tokens: 1270 };

function state(labelled: number, perplexity: typeof PERPLEXITY | null): StudioState {
  const initial = studio.getState();
  const result = { ...REPORT.evaluation!, perplexity };
  return {
    ...initial,
    project: { ...initial.project, samples: 8, data: { summary: { samples: 20, labelled } } as never },
    results: { ...initial.results, evaluation: { result, basis: null } as never },
    view: { ...initial.view, limit: 0.02, search: { ...initial.view.search, limit: "drop", decibels: 25 } },
  };
}

test.each([
  ["labels", state(5, null), "top-1", { kind: "drop", share: 0.02 }],
  ["labels, of a model of tokens", state(5, PERPLEXITY), "top-1", { kind: "drop", share: 0.02 }],
  ["next tokens alone", state(0, PERPLEXITY), "perplexity", { kind: "drop", share: 0.02 }],
  ["neither", state(0, null), null, { kind: "sqnr", decibels: 25 }],
] as const)("a search keeps a limit of what there is to judge by: %s", (_, given, figure, limit) => {
  expect(droppable(given)).toBe(figure);
  expect(requestOf(given)).toMatchObject({ samples: 8, limit });
});

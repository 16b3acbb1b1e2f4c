import { Tooltip } from "radix-ui";
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { afterEach, expect, test, vi } from "vitest";
import { REPORT } from "../../../engine/artifacts/testing/report.ts";
import type { Evaluation, Probe } from "../../../engine/model/evaluation.ts";
import { basisOf } from "../../../engine/recipe/basis.ts";
import type { Results } from "../../state/slices/results.ts";
import { studio } from "../../state/store.ts";
import { stateWith } from "../../state/testing/given.ts";
import { EvaluationPane } from "./EvaluationPane.tsx";

const BASIS = basisOf("evaluation", { recipe: REPORT.recipe });
const measured = REPORT.evaluation!;
const warning = { kind: "warning", subject: "scores", message: "The output scores is zero everywhere." } as const;
const silent: Evaluation = {
  ...{ ...measured, top1: null, top5: null, verdict: null, notices: [warning] },
  outputs: [{ ...measured.outputs[0]!, agreement: null, sqnr: null, cosine: null, kl: null }],
};
const probe: Probe = {
  ...{ samples: 16, output: "scores", sqnr: null, agreement: null, kl: null, drop: null, bytes: 9, seconds: 1 },
  notices: [warning],
};

/** What the pane shows as text. */
function shown(results: Partial<Results>): string {
  vi.spyOn(studio, "getInitialState").mockReturnValue(stateWith(results));
  const pane = createElement(Tooltip.Provider, {} as Tooltip.TooltipProviderProps, createElement(EvaluationPane));
  return renderToStaticMarkup(pane)
    .replaceAll(/<[^>]*>/g, " ")
    .replaceAll(/\s+/g, " ");
}
afterEach(() => vi.restoreAllMocks());

test("the start and throughput by batch are shown where they were measured", () => {
  const { latency } = measured;
  const started = {
    ...latency,
    float: { ...latency.float, start: 20 },
    quantized: { ...latency.quantized, start: 30 },
  };
  const throughput = [
    { batch: 1, float: 100, quantized: 200 },
    { batch: 64, float: 400, quantized: 500 },
  ];
  const pane = (result: Evaluation) => shown({ evaluation: { result, basis: BASIS } });
  const text = pane({ ...measured, latency: started, throughput });
  expect(text).toMatch(/start 20\.0 ms 30\.0 ms \+50\.0 %/);
  expect(text).toMatch(/By batch: 500 samples a second, 64 at a time .* 1 100 200 \+100 % 64 400 500 \+25\.0 %/);
  expect(pane(measured)).not.toMatch(/start|By batch/);
});

test("what clip ranges cut off is shown layer by layer, most first, where it was counted", () => {
  const pane = (clipped: Evaluation["clipped"]) =>
    shown({ evaluation: { result: { ...measured, ...(clipped && { clipped }) }, basis: BASIS } });
  const each = (tensor: string, share: number) => ({
    ...{ tensor, producer: `the ${tensor}`, range: { low: 0, high: 1.5 } },
    ...{ values: 4000, share },
  });
  const text = pane([each("conv", 0.001), each("relu", 0), { ...each("image", 0.25), producer: null }]);
  expect(text).toMatch(
    /Clipped by layer: up to 25\.0 % of the values Values .* on 60 samples; of 3 ranges .* clipped image 0 to 1\.50 25\.0 % the conv 0 to 1\.50 0\.100 % Latency/,
  );
  expect(pane([each("relu", 0)])).toContain("No value of 60 samples is cut off by the clip range of its layer.");
  expect(pane(undefined)).not.toMatch(/clip/i);
});

test("what stands against a result is shown before its verdict and figures", () => {
  const text = shown({ evaluation: { result: { ...measured, notices: [warning] }, basis: BASIS } });
  expect(text).toMatch(
    /Warning The output scores is zero everywhere\. fail drop 2\.00 pt.* agreement 97\.0 % SQNR 30\.0 dB/,
  );
});

test("what the file costs is told after the verdict", () => {
  const slow = { kind: "warning", subject: "latency", message: "It is slower." } as const;
  const text = shown({ evaluation: { result: { ...measured, notices: [slow, warning] }, basis: BASIS } });
  expect(text).toMatch(/zero everywhere\. fail drop 2\.00 pt.* It is slower\..* agreement 97\.0 %/);
});

test("of an output that says nothing no verdict, agreement, SQNR, cosine or KL is shown", () => {
  const text = shown({ evaluation: { result: silent, basis: BASIS } });
  expect(text).toMatch(
    /zero everywhere\. No verdict: the output that accuracy goes by says nothing on these samples\./,
  );
  expect(text).toContain("MSE 0.0100");
  expect(text).not.toMatch(/pass|fail|agreement|SQNR|cosine|KL|NaN/);
});

test("a probe of such an output shows why there are no figures", () => {
  const probed = { result: probe, recipe: REPORT.recipe, basis: {}, before: null };
  const text = shown({ probed });
  expect(text).toMatch(/Warning The output scores is zero everywhere\..* scores before now change size 9 B/);
  expect(text).not.toMatch(/agreement|SQNR|KL|NaN/);
});

test("a probe of another recipe says that it is stale", () => {
  const text = shown({ probed: { result: { ...probe, sqnr: 25.4 }, recipe: REPORT.recipe, basis: {}, before: null } });
  expect(text).toMatch(/Stale: measured before the last change, on 16 samples, 1\.00 s/);
});

test("the limit is of the perplexity where that is judged", () => {
  const { perplexity: none, ...others } = measured;
  expect(none).toBeFalsy();
  const perplexity = { output: "logits", float: 3.28, quantized: 3.31, rise: 0.00937, interval: null, tokens: 6048 };
  const judged: Evaluation = { ...others, top1: null, top5: null, perplexity };
  const text = shown({ evaluation: { result: judged, basis: BASIS } });
  expect(text).toMatch(/Perplexity may rise by %/);
  expect(text).not.toMatch(/Top-1/);
  expect(shown({ evaluation: { result: measured, basis: BASIS } })).toMatch(/Top-1 may drop by pt/);
});

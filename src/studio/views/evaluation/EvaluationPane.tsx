import { type ReactNode, useEffect, useRef } from "react";
import { type Evaluation, isAgainstVerdict, otherText } from "../../../engine/model/evaluation.ts";
import { channelsText } from "../../../engine/values/channels.ts";
import { cosineText, count, plural, significant } from "../../../engine/values/figures.ts";
import { change, percent, points } from "../../../engine/values/shares.ts";
import { byteSize, decibel, duration } from "../../../engine/values/units.ts";
import { Docs } from "../../parts/Docs.tsx";
import { Notices } from "../../parts/Notices.tsx";
import { NumberField } from "../../parts/NumberField.tsx";
import { Term } from "../../parts/Term.tsx";
import { evaluate } from "../../state/evaluate.ts";
import { isBusy } from "../../state/recipe.ts";
import { evaluationIsStale, samplesDoubted } from "../../state/steps.ts";
import { actions } from "../../state/store.ts";
import { useFacts } from "../../state/useFacts.ts";
import { useView, useWork } from "../../state/useStudio.ts";
import { Clipping } from "./Clipping.tsx";
import { NextStep } from "./NextStep.tsx";
import { PreprocessWarning } from "./PreprocessWarning.tsx";
import { ProbePane } from "./ProbePane.tsx";
import { RightAnswers } from "./RightAnswers.tsx";
import { Throughput } from "./Throughput.tsx";
import "./EvaluationPane.css";

/** Float against quantized, measured on the bytes that Export gives. */
export function EvaluationPane() {
  const facts = useFacts();
  const limit = useView((view) => view.limit);
  const busy = useWork(isBusy);
  const { evaluation, calibration, data } = facts;
  const stale = evaluationIsStale(facts);
  const notices = evaluation?.result.notices ?? [];
  const against = notices.filter(isAgainstVerdict);
  const others = notices.filter((notice) => !isAgainstVerdict(notice));
  const result = useRef<HTMLDivElement>(null);
  const basis = evaluation?.basis;
  const seen = useRef(basis);
  useEffect(() => {
    if (basis && basis !== seen.current) result.current?.scrollIntoView({ block: "nearest" });
    seen.current = basis;
  }, [basis]);
  return (
    <section className="evaluation" aria-labelledby="evaluation-heading" data-testid="evaluation">
      <div className="pane-head">
        <h2 id="evaluation-heading">Evaluation</h2>
        <Docs screen="evaluation" />
        <button
          type="button"
          className="button"
          aria-keyshortcuts="e"
          disabled={busy || !calibration || !data}
          onClick={evaluate}
          data-testid="evaluate"
        >
          Evaluate
        </button>
      </div>
      <NumberField
        {...limitOf(evaluation?.result)}
        value={limit * 100}
        step={0.1}
        onCommit={(value) => actions.limitChosen(Math.max(0, value / 100))}
        testId="limit"
      />
      <PreprocessWarning />
      <Notices notices={samplesDoubted(facts)} label="What stands against the samples" />
      <ProbePane />
      {evaluation ? (
        <div ref={result} className={stale ? "stale" : undefined} data-testid="evaluation-result">
          {stale ? <p className="hint">Stale: measured before the last change.</p> : null}
          <Notices notices={against} label="What stands against the verdict" />
          <Verdict evaluation={evaluation.result} />
          {stale ? null : <NextStep evaluation={evaluation.result} />}
          <Notices notices={others} label="Notices about the evaluation" />
          <Results evaluation={evaluation.result} type={evaluation.basis.weightType ?? "int8"} />
        </div>
      ) : (
        <p className="muted">
          {!calibration
            ? "Calibrate first; then this compares float and quantized on the other samples."
            : !data
              ? "Drop the samples in to evaluate."
              : "Not measured yet."}
        </p>
      )}
    </section>
  );
}

/** What the limit is of: without labels that of a model of tokens is of its perplexity. */
function limitOf(evaluation: Evaluation | undefined) {
  return evaluation?.perplexity && !evaluation.top1
    ? { label: "Perplexity may rise by", unit: "%" }
    : { label: "Top-1 may drop by", unit: "pt" };
}

export function Verdict({ evaluation }: { readonly evaluation: Evaluation }) {
  const { verdict, top1, perplexity } = evaluation;
  if (evaluation.labelled > 0 && !verdict) {
    return (
      <p className="muted" data-testid="verdict">
        {top1
          ? "No verdict: the labels speak against the preprocessing, or are off by one."
          : "No verdict: the output that accuracy goes by says nothing on these samples."}
      </p>
    );
  }
  const unit = top1 ? "pt" : "%";
  const [word, lost, interval] = top1
    ? ["drop", top1.drop, top1.interval]
    : ["perplexity: rise", perplexity?.rise ?? Number.NaN, perplexity?.interval ?? null];
  if (!verdict) return null;
  const within = interval ? ` (95 %: ${interval.map((share) => significant(share * 100)).join(" to ")} ${unit})` : "";
  return (
    <p data-testid="verdict">
      <strong className={`verdict ${verdict.passed ? "pass" : "fail"}`}>{verdict.passed ? "pass" : "fail"}</strong>{" "}
      <span className="muted">
        {word} {significant(lost * 100)} {unit}
        {within}, limit {significant(verdict.limit * 100)} {unit}
      </span>
    </p>
  );
}

interface Line {
  readonly key: string;
  readonly label: ReactNode;
  readonly float?: string;
  readonly quantized?: string;
  readonly change?: string;
}

interface ResultsProps {
  readonly evaluation: Evaluation;
  /** Of the quantized weights, as the column is headed. */
  readonly type: string;
}

export function Results({ evaluation, type }: ResultsProps) {
  const { bytes, latency } = evaluation;
  const several = evaluation.outputs.length > 1;
  const accuracy = (["top1", "top5"] as const).flatMap((key): Line[] => {
    const value = evaluation[key];
    const word = key === "top1" ? "top-1" : "top-5";
    if (!value) return [];
    return [
      {
        key,
        label: <Term word={word} />,
        float: percent(value.float),
        quantized: percent(value.quantized),
        change: points(-value.drop),
      },
    ];
  });
  const outputs = evaluation.outputs.flatMap((output): Line[] => {
    const line = (key: string, label: ReactNode, quantized: string | null): Line[] =>
      quantized === null ? [] : [{ key: `${output.name} ${key}`, label, quantized }];
    return [
      ...(several ? [{ key: output.name, label: <em>{output.name}</em> }] : []),
      ...line("agreement", <Term word="agreement" />, output.agreement === null ? null : percent(output.agreement)),
      ...line("sqnr", <Term word="SQNR" />, output.sqnr === null ? null : decibel(output.sqnr)),
      ...output.parts.flatMap(({ channels, largest, sqnr }, part) =>
        line(`part ${part}`, channelsText(channels, largest), decibel(sqnr)),
      ),
      ...line("mse", <Term word="MSE" />, significant(output.mse)),
      ...line("mae", <Term word="MAE" />, significant(output.mae)),
      ...line("cosine", <Term word="cosine" />, output.cosine === null ? null : cosineText(output.cosine)),
      ...line("kl", <Term word="KL" />, output.kl === null ? null : `${significant(output.kl)} nat`),
      ...line("nonFinite", "not finite", output.nonFinite > 0 ? count(output.nonFinite) : null),
    ];
  });
  const others = (evaluation.others ?? []).map((other): Line => {
    return { key: other.name, label: <em>{other.name}</em>, quantized: otherText(other) };
  });
  const { perplexity } = evaluation;
  const tokens: Line[] = perplexity
    ? [
        {
          key: "perplexity",
          label: <Term word="perplexity">{`perplexity, ${plural(perplexity.tokens, "next token")}`}</Term>,
          float: significant(perplexity.float),
          quantized: significant(perplexity.quantized),
          change: change(perplexity.float, perplexity.quantized),
        },
      ]
    : [];
  const lines: Line[] = [
    ...accuracy,
    ...tokens,
    ...outputs,
    ...others,
    {
      key: "size",
      label: "size",
      float: byteSize(bytes.float),
      quantized: byteSize(bytes.quantized),
      change: change(bytes.float, bytes.quantized),
    },
    ...timeLine("p50", <Term word="latency">latency p50</Term>, latency),
    ...timeLine("p95", <Term word="latency">latency p95</Term>, latency),
    ...timeLine("p99", <Term word="latency">latency p99</Term>, latency),
    ...timeLine("start", <Term word="start" />, latency),
  ];
  return (
    <>
      <table className="table figures">
        <caption>
          {plural(evaluation.samples, "sample")}, {evaluation.labelled} labelled
        </caption>
        <thead>
          <tr>
            <th scope="col">Measured</th>
            <th scope="col" className="number">
              float
            </th>
            <th scope="col" className="number">
              {type}
            </th>
            <th scope="col" className="number">
              change
            </th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr key={line.key} data-testid={`result-${line.key}`}>
              <th scope="row">{line.label}</th>
              <td className="number">{line.float}</td>
              <td className="number">{line.quantized}</td>
              <td className="number">{line.change}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <RightAnswers evaluation={evaluation} />
      <Clipping clipped={evaluation.clipped ?? []} samples={evaluation.samples} />
      <Throughput throughput={evaluation.throughput ?? []} />
      <p className="muted small">
        Latency: {latency.runs} runs of each, alternating, {latency.runtime}, {plural(latency.threads, "thread")},{" "}
        {latency.machine}. In a tab a quantized model is often slower than float; a phone or a server with VNNI is
        another matter.
      </p>
    </>
  );
}

/** None of what was not measured. */
function timeLine(
  key: "p50" | "p95" | "p99" | "start",
  label: ReactNode,
  { float, quantized }: Evaluation["latency"],
): Line[] {
  const [ours, theirs] = [float[key], quantized[key]];
  if (ours === undefined || theirs === undefined) return [];
  return [{ key, label, float: duration(ours), quantized: duration(theirs), change: change(ours, theirs) }];
}

import { ToggleGroup } from "radix-ui";
import { useCallback, useMemo, useState } from "react";
import type { TensorAnalysis } from "../../../../engine/model/analysis.ts";
import type { Method, Range } from "../../../../engine/model/range.ts";
import type { Recipe } from "../../../../engine/model/recipe.ts";
import { interval, plural } from "../../../../engine/values/figures.ts";
import { ClipChart } from "../../../charts/ClipChart.tsx";
import { ErrorChart } from "../../../charts/ErrorChart.tsx";
import { RangeStrip } from "../../../charts/RangeStrip.tsx";
import { pan, zoom } from "../../../charts/scale.ts";
import { NumberField } from "../../../parts/NumberField.tsx";
import { Term } from "../../../parts/Term.tsx";
import { type Handle, limitsOf, nudgeHandle, placeHandle } from "../../../state/handles.ts";
import { adoptMethod } from "../../../state/recipe.ts";
import { useProject } from "../../../state/useStudio.ts";
import { ProbeLine } from "../../evaluation/ProbePane.tsx";
import { ClipFacts } from "./ClipFacts.tsx";
import { MethodButtons } from "./MethodButtons.tsx";
import { useAnalysis } from "./useAnalysis.ts";
import { useDraft } from "./useDraft.ts";

/** More tensors than this that share a range are named in a list that folds. */
const MOST_NAMED = 4;

/** The heart: where a group's range is cut, what that costs, and the ways to change it. */
export function ClipEditor({ group }: { readonly group: string }) {
  const [window, setWindow] = useState<Range | null>(null);
  const { answer, failure } = useAnalysis(group, window);
  if (!answer) return failure ? <p className="failure">{failure}</p> : <div className="skeleton chart-waiting" />;
  return (
    <Editor
      group={group}
      analysis={answer.analysis}
      settled={answer.question.recipe}
      failure={failure}
      zoomed={window !== null}
      onZoom={setWindow}
    />
  );
}

interface EditorProps {
  readonly group: string;
  readonly analysis: TensorAnalysis;
  readonly settled: Recipe;
  readonly failure: string | null;
  readonly zoomed: boolean;
  readonly onZoom: (window: Range | null) => void;
}

function Editor({ group, analysis, settled, failure, zoomed, onZoom }: EditorProps) {
  const scheme = useProject((project) => project.recipe?.present.activations);
  const plan = useProject((project) => project.model?.plan);
  const limits = useMemo(() => limitsOf(scheme?.symmetric ?? false, plan?.groups ?? [], group), [scheme, plan, group]);
  const [logarithmic, setLogarithmic] = useState(true);
  const { range, figures, byHand, hold, letGo } = useDraft(group, analysis, settled);
  const fixed = analysis.chosen.source === "fixed";
  const { window } = analysis.histogram;
  const { min, max } = analysis.seen;
  const least = plan?.groups.find(({ id }) => id === group)?.least ?? null;
  const float = useMemo((): Range => ({ low: Math.min(min, 0), high: Math.max(max, 0) }), [min, max]);
  const bounds = useMemo(() => (least ? around(float, least) : float), [float, least]);
  const middle = (window.low + window.high) / 2;

  const adopt = useCallback(
    (method: Method) => {
      const mark = analysis.marks.find((entry) => entry.method === method);
      if (mark) adoptMethod(group, method, mark.figures.range);
    },
    [analysis.marks, group],
  );
  const nudge = useCallback((handle: Handle, steps: number) => nudgeHandle(handle, steps, group), [group]);
  const field = (handle: Handle, label: string) => (
    <NumberField
      label={label}
      value={range[handle]}
      disabled={fixed}
      onCommit={(value) => placeHandle(handle, value, group)}
      testId={`range-${handle}`}
    />
  );
  return (
    <section data-testid="clip-editor" aria-label="Clip range">
      <Sharing analysis={analysis} fixed={fixed} least={least} />
      <div className="tune-tools">
        {field("low", "Low")}
        {field("high", "High")}
        <span className="spacer" />
        <ToggleGroup.Root
          type="single"
          className="toggle"
          aria-label="Scale of the counts"
          value={logarithmic ? "log" : "linear"}
          onValueChange={(value) => value && setLogarithmic(value === "log")}
        >
          <ToggleGroup.Item value="linear">Linear</ToggleGroup.Item>
          <ToggleGroup.Item value="log">Log</ToggleGroup.Item>
        </ToggleGroup.Root>
        <fieldset className="zoom" aria-label="Zoom">
          <button
            type="button"
            className="button"
            aria-label="Zoom in"
            onClick={() => onZoom(zoom(window, middle, 0.5, bounds))}
          >
            +
          </button>
          <button
            type="button"
            className="button"
            aria-label="Zoom out"
            onClick={() => onZoom(zoom(window, middle, 2, bounds))}
          >
            −
          </button>
          <button
            type="button"
            className="button"
            aria-label="Show what lies left"
            disabled={window.low <= bounds.low}
            onClick={() => onZoom(pan(window, (window.low - window.high) / 4, bounds))}
          >
            ←
          </button>
          <button
            type="button"
            className="button"
            aria-label="Show what lies right"
            disabled={window.high >= bounds.high}
            onClick={() => onZoom(pan(window, (window.high - window.low) / 4, bounds))}
          >
            →
          </button>
          <button
            type="button"
            className="button"
            aria-label="Reset zoom"
            disabled={!zoomed}
            onClick={() => onZoom(null)}
          >
            Reset
          </button>
        </fieldset>
      </div>
      <ClipChart
        {...{ analysis, range, limits, logarithmic, bounds, onZoom }}
        clipped={figures?.clipped ?? null}
        readOnly={fixed}
        onDraft={hold}
        onCommit={letGo}
        onNudge={nudge}
        onAdopt={adopt}
      />
      <RangeStrip float={float} quantized={range} window={window} />
      <ClipFacts figures={figures} />
      <ProbeLine />
      {failure ? <p className="failure">{failure}</p> : null}
      {fixed ? null : (
        <>
          <ErrorChart analysis={analysis} range={range} readOnly={fixed} onAdopt={adopt} />
          <MethodButtons analysis={analysis} byHand={byHand} onAdopt={adopt} />
        </>
      )}
    </section>
  );
}

function around(a: Range, b: Range): Range {
  return { low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) };
}

interface SharingProps {
  readonly analysis: TensorAnalysis;
  readonly fixed: boolean;
  readonly least: Range | null;
}

function Sharing({ analysis, fixed, least }: SharingProps) {
  const { members } = analysis;
  const heading = <Term word="range group">Shared by {plural(members.length, "tensor")}</Term>;
  return (
    <>
      {fixed ? (
        <p className="hint" data-testid="fixed-range">
          The operator itself bounds these values, so the range is fixed and cannot be moved.
        </p>
      ) : null}
      {least ? (
        <p className="muted" data-testid="least-range">
          A Sigmoid or Tanh makes of these values what the model gives. Samples need not show all of that, so the range
          holds {interval(least)} at least, unless it is set by hand.
        </p>
      ) : null}
      {members.length > MOST_NAMED ? (
        <details className="fold" data-testid="shared-range">
          <summary>{heading}</summary>
          <ul className="muted">
            {members.map((member) => (
              <li key={member}>{member}</li>
            ))}
          </ul>
        </details>
      ) : members.length > 1 ? (
        <p className="muted" data-testid="shared-range">
          {heading}: {members.join(", ")}.
        </p>
      ) : null}
    </>
  );
}

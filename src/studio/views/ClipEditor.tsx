import { ToggleGroup } from "radix-ui";
import { useCallback, useState } from "react";
import type { TensorAnalysis } from "../../engine/model/analysis.ts";
import type { Method, Range } from "../../engine/model/range.ts";
import { ClipChart } from "../charts/ClipChart.tsx";
import { ErrorChart } from "../charts/ErrorChart.tsx";
import { RangeStrip } from "../charts/RangeStrip.tsx";
import { zoom } from "../charts/scale.ts";
import { significant } from "../format.ts";
import { NumberField } from "../parts/NumberField.tsx";
import { Term } from "../parts/Term.tsx";
import { type Handle, moveHandle } from "../state/handles.ts";
import { adoptMethod } from "../state/recipe.ts";
import { useStudio } from "../state/store.ts";
import { ClipFacts } from "./ClipFacts.tsx";
import { MethodButtons } from "./MethodButtons.tsx";
import { useAnalysis } from "./useAnalysis.ts";
import { useDraft } from "./useDraft.ts";

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
  readonly settled: unknown;
  readonly failure: string | null;
  readonly zoomed: boolean;
  readonly onZoom: (window: Range | null) => void;
}

function Editor({ group, analysis, settled, failure, zoomed, onZoom }: EditorProps) {
  const symmetric = useStudio((state) => state.recipe?.present.activations.symmetric ?? false);
  const [logarithmic, setLogarithmic] = useState(true);
  const { draft, figures: drafted, follow, commit } = useDraft(group, settled);
  const fixed = analysis.chosen.source === "fixed";
  const range = draft ?? analysis.chosen.figures.range;
  const figures = draft ? drafted : analysis.chosen.figures;
  const { window } = analysis.histogram;
  const bounds: Range = { low: Math.min(analysis.seen.min, 0), high: Math.max(analysis.seen.max, 0) };
  const middle = (window.low + window.high) / 2;

  const adopt = useCallback(
    (method: Method) => {
      const mark = analysis.marks.find((entry) => entry.method === method);
      if (mark) adoptMethod(group, method, mark.figures.range);
    },
    [analysis.marks, group],
  );
  const field = (handle: Handle, label: string) => (
    <NumberField
      label={label}
      value={range[handle]}
      disabled={fixed}
      onCommit={(value) => commit(moveHandle(range, handle, value, symmetric))}
      testId={`range-${handle}`}
    />
  );
  return (
    <section data-testid="clip-editor" aria-label="Clip range">
      <Sharing analysis={analysis} fixed={fixed} />
      <div className="tune-tools">
        {field("low", "Low")}
        {field("high", "High")}
        <span className="spacer" />
        <span className="muted small most">highest bar {significant(Math.max(...analysis.histogram.counts))}</span>
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
            aria-label="Reset zoom"
            disabled={!zoomed}
            onClick={() => onZoom(null)}
          >
            Reset
          </button>
        </fieldset>
      </div>
      <ClipChart
        {...{ analysis, range, symmetric, logarithmic, bounds, onZoom }}
        clipped={figures?.clipped ?? null}
        readOnly={fixed}
        onDraft={follow}
        onCommit={commit}
        onAdopt={adopt}
      />
      <RangeStrip float={bounds} quantized={range} window={window} />
      <ClipFacts figures={figures} />
      {failure ? <p className="failure">{failure}</p> : null}
      {fixed ? null : (
        <>
          <ErrorChart analysis={analysis} range={range} readOnly={fixed} onAdopt={adopt} />
          <MethodButtons analysis={analysis} byHand={draft !== null} onAdopt={adopt} />
        </>
      )}
    </section>
  );
}

function Sharing({ analysis, fixed }: { readonly analysis: TensorAnalysis; readonly fixed: boolean }) {
  const others = analysis.members.filter((member) => member !== analysis.group);
  return (
    <>
      {fixed ? (
        <p className="hint" data-testid="fixed-range">
          The operator itself bounds these values, so the range is fixed and cannot be moved.
        </p>
      ) : null}
      {others.length > 0 ? (
        <p className="muted" data-testid="shared-range">
          <Term word="range group">Shares its range</Term> with {others.join(", ")}.
        </p>
      ) : null}
    </>
  );
}

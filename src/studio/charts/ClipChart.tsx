import { useCallback, useEffect, useMemo, useRef } from "react";
import type { TensorAnalysis } from "../../engine/model/analysis.ts";
import type { Method, Range } from "../../engine/model/range.ts";
import type { Handle, Limits } from "../state/handles.ts";
import { ClipOverlay } from "./ClipOverlay.tsx";
import { CountAxis } from "./CountAxis.tsx";
import { HistogramBars } from "./HistogramBars.tsx";
import { MethodMarks } from "./MethodMarks.tsx";
import { SaveChart } from "./SaveChart.tsx";
import { Surface } from "./Surface.tsx";
import { binsOf, linear, pan, plotOf, zoom } from "./scale.ts";
import { useChartHeight } from "./useChartHeight.ts";
import { useWidth } from "./useWidth.ts";
import "./ClipChart.css";

interface Props {
  readonly analysis: TensorAnalysis;
  readonly range: Range;
  readonly clipped: number | null;
  readonly limits: Limits;
  readonly logarithmic: boolean;
  readonly readOnly: boolean;
  /** The widest window there is. */
  readonly bounds: Range;
  readonly onZoom: (window: Range) => void;
  readonly onDraft: (range: Range) => void;
  readonly onCommit: (range: Range) => void;
  readonly onNudge: (handle: Handle, steps: number) => void;
  readonly onAdopt: (method: Method) => void;
}

const LEAST_HEIGHT = 208;
const WHEEL_ZOOM = 1.2;

/** The histogram with the clip range drawn over it. */
export function ClipChart(props: Props) {
  const { analysis, range, limits, logarithmic, readOnly, bounds, onZoom } = props;
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const height = useChartHeight(LEAST_HEIGHT);
  const plot = useMemo(() => plotOf(width, height), [width, height]);
  const { window, counts } = analysis.histogram;
  const scale = useMemo(() => linear(window, plot.left, plot.right), [window, plot]);
  const marks = useMemo(
    () => analysis.marks.map(({ method, figures }) => ({ method, x: ends(figures.range).map(scale.toPixel) })),
    [analysis.marks, scale],
  );

  const onWheel = useCallback(
    (event: WheelEvent) => {
      event.preventDefault();
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        const pixels = event.deltaX || event.deltaY;
        return onZoom(pan(window, scale.toValue(pixels) - scale.toValue(0), bounds));
      }
      const box = frame.current?.getBoundingClientRect();
      const about = scale.toValue(event.clientX - (box?.left ?? 0));
      onZoom(zoom(window, about, event.deltaY > 0 ? WHEEL_ZOOM : 1 / WHEEL_ZOOM, bounds));
    },
    [window, scale, bounds, onZoom],
  );
  useEffect(() => {
    const element = frame.current;
    element?.addEventListener("wheel", onWheel, { passive: false });
    return () => element?.removeEventListener("wheel", onWheel);
  }, [onWheel]);

  return (
    <div ref={frame} className="clip-chart chart-frame" style={{ height }} data-testid="clip-chart">
      {width > 0 ? (
        <>
          <div className="chart-layer">
            <HistogramBars counts={counts} logarithmic={logarithmic} plot={plot} width={width} height={height} />
          </div>
          {/* biome-ignore lint/a11y/useSemanticElements: it holds sliders */}
          <svg
            className="overlay"
            width={width}
            height={height}
            role="group"
            aria-label="Clip range over the histogram"
          >
            <CountAxis counts={counts} logarithmic={logarithmic} plot={plot} />
            <Surface {...{ scale, plot, bounds, onZoom }} histogram={analysis.histogram} />
            <ClipOverlay
              {...{ range, window, scale, plot, limits, readOnly }}
              clipped={props.clipped}
              steps={limits.symmetric ? 254 : 255}
              onDraft={props.onDraft}
              onCommit={props.onCommit}
              onNudge={props.onNudge}
            />
            <MethodMarks marks={marks} plot={plot} onAdopt={readOnly ? null : props.onAdopt} />
          </svg>
          <SaveChart frame={frame} name={`histogram of ${analysis.group}`} table={() => binsOf(analysis.histogram)} />
        </>
      ) : null}
    </div>
  );
}

/** The ends of a range that clip: one that lies at zero has nothing to say. */
function ends({ low, high }: Range): number[] {
  return [low, high].filter((end) => end !== 0);
}

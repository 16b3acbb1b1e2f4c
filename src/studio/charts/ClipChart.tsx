import { useCallback, useEffect, useMemo, useRef } from "react";
import type { TensorAnalysis } from "../../engine/model/analysis.ts";
import type { Method, Range } from "../../engine/model/range.ts";
import type { Handle, Limits } from "../state/handles.ts";
import { ClipOverlay } from "./ClipOverlay.tsx";
import { HistogramBars } from "./HistogramBars.tsx";
import { MethodMarks } from "./MethodMarks.tsx";
import { linear, plotOf, zoom } from "./scale.ts";
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

const HEIGHT = 208;
const WHEEL_ZOOM = 1.2;

/** The histogram with the clip range drawn over it. */
export function ClipChart(props: Props) {
  const { analysis, range, limits, logarithmic, readOnly, bounds, onZoom } = props;
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const plot = useMemo(() => plotOf(width, HEIGHT), [width]);
  const { window, counts } = analysis.histogram;
  const scale = useMemo(() => linear(window, plot.left, plot.right), [window, plot]);
  const marks = useMemo(
    () => analysis.marks.map(({ method, figures }) => ({ method, x: ends(figures.range).map(scale.toPixel) })),
    [analysis.marks, scale],
  );

  const onWheel = useCallback(
    (event: WheelEvent) => {
      event.preventDefault();
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
    <div ref={frame} className="clip-chart" style={{ height: HEIGHT }} data-testid="clip-chart">
      {width > 0 ? (
        <>
          <div className="chart-layer">
            <HistogramBars counts={counts} logarithmic={logarithmic} plot={plot} width={width} height={HEIGHT} />
          </div>
          {/* biome-ignore lint/a11y/useSemanticElements: it holds sliders */}
          <svg
            className="overlay"
            width={width}
            height={HEIGHT}
            role="group"
            aria-label="Clip range over the histogram"
          >
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
        </>
      ) : null}
    </div>
  );
}

/** The ends of a range that clip: one that lies at zero has nothing to say. */
function ends({ low, high }: Range): number[] {
  return [low, high].filter((end) => end !== 0);
}

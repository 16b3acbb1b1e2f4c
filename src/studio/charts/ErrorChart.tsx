import { useCallback, useMemo, useRef } from "react";
import type { TensorAnalysis } from "../../engine/model/analysis.ts";
import type { Method, Range } from "../../engine/model/range.ts";
import { significant } from "../../engine/values/figures.ts";
import { ErrorCurve } from "./ErrorCurve.tsx";
import { MethodMarks } from "./MethodMarks.tsx";
import { SaveChart } from "./SaveChart.tsx";
import { linear, plotOf } from "./scale.ts";
import { useWidth } from "./useWidth.ts";

interface Props {
  readonly analysis: TensorAnalysis;
  readonly range: Range;
  readonly readOnly: boolean;
  readonly onAdopt: (method: Method) => void;
}

const HEIGHT = 112;
const SHARES = [0, 0.25, 0.5, 0.75, 1];

const extent = ({ low, high }: Range) => high - low;

/** Expected error as the range shrinks, with the range of the moment and where each method would put it. */
export function ErrorChart({ analysis, range, readOnly, onAdopt }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const plot = useMemo(() => plotOf(width, HEIGHT), [width]);
  const points = useMemo(() => analysis.curve.filter((point) => point.mse > 0), [analysis.curve]);
  const whole = analysis.curve.reduce((widest, point) => Math.max(widest, extent(point.range)), 0);
  const scale = useMemo(() => linear({ low: 0, high: 1 }, plot.left, plot.right), [plot]);
  const positionOf = useCallback(
    (shown: Range) => Math.min(plot.right, scale.toPixel(extent(shown) / whole)),
    [plot, scale, whole],
  );
  const marks = useMemo(
    () => analysis.marks.map(({ method, figures }) => ({ method, x: [positionOf(figures.range)] })),
    [analysis.marks, positionOf],
  );
  if (points.length === 0 || whole === 0) return null;
  const now = positionOf(range);
  return (
    <div ref={frame} className="clip-chart chart-frame" style={{ height: HEIGHT }} data-testid="error-chart">
      {width > 0 ? (
        <>
          <div className="chart-layer">
            <ErrorCurve points={points} plot={plot} width={width} height={HEIGHT} />
          </div>
          <svg
            className="overlay"
            width={width}
            height={HEIGHT}
            role="img"
            aria-label="Expected error against the share of the range kept"
          >
            <text className="count-label" x={plot.left + 5} y={plot.bottom - 8}>
              expected MSE (log), least {significant(Math.min(...points.map((point) => point.mse)))}
            </text>
            <line className="axis" x1={plot.left} x2={plot.right} y1={plot.bottom} y2={plot.bottom} />
            {SHARES.map((share) => (
              <g key={share} className="tick">
                <line x1={scale.toPixel(share)} x2={scale.toPixel(share)} y1={plot.bottom} y2={plot.bottom + 4} />
                <text x={scale.toPixel(share)} y={plot.bottom + 15} textAnchor="middle">
                  {share * 100} %{share === 0.5 ? " of the float range" : ""}
                </text>
              </g>
            ))}
            <line className="now" x1={now} x2={now} y1={plot.top} y2={plot.bottom} />
            <MethodMarks marks={marks} plot={plot} onAdopt={readOnly ? null : onAdopt} />
          </svg>
          <SaveChart
            frame={frame}
            name={`expected error of ${analysis.group}`}
            table={() => points.map(({ share, range: { low, high }, mse }) => ({ share, low, high, mse }))}
          />
        </>
      ) : null}
    </div>
  );
}

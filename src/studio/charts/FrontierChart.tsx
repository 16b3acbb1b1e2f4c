import { memo, useRef } from "react";
import type { Range } from "../../engine/model/range.ts";
import type { TunePoint, Tuning } from "../../engine/model/tuning.ts";
import { significant } from "../../engine/values/figures.ts";
import { percent } from "../../engine/values/shares.ts";
import { byteSize, decibel } from "../../engine/values/units.ts";
import { frontierOf, type Worth } from "./frontier.ts";
import { SaveChart } from "./SaveChart.tsx";
import { linear, shareTicks, ticks } from "./scale.ts";
import { useWidth } from "./useWidth.ts";
import "./FrontierChart.css";

const HEIGHT = 250;
const EDGE = { left: 58, right: 18, top: 24, bottom: 38 };
const SIZE = 5;

interface Props {
  readonly tuning: Tuning;
  readonly selected: number;
  readonly onSelect: (index: number) => void;
}

/** What stands along the upright axis; the smaller perplexity is, the higher. */
type Figure = "top-1" | "perplexity" | "SQNR";

interface Point extends Worth {
  readonly index: number;
  readonly passed: boolean;
}

/** Every point of a search by its size and its worth, with the frontier and the limit. */
export const FrontierChart = memo(function FrontierChart({ tuning, selected, onSelect }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const figure = figureOf(tuning);
  const points = tuning.points.map(
    (point, index): Point => ({ index, bytes: point.bytes, passed: point.passed, value: worthOf(figure, point) }),
  );
  const line = limitLine(figure, tuning);
  const x = linear(
    around(
      points.map(({ bytes }) => bytes),
      0.02,
    ),
    EDGE.left,
    width - EDGE.right,
  );
  const range = around([...points.map(({ value }) => value), line], 0.01);
  const y = linear(range, HEIGHT - EDGE.bottom, EDGE.top);
  const place = (point: Worth) => [x.toPixel(point.bytes), y.toPixel(point.value)] as const;
  return (
    <div ref={frame} className="frontier chart-frame" style={{ height: HEIGHT }} data-testid="frontier">
      {width > 0 ? (
        <svg width={width} height={HEIGHT} role="img" aria-label={describe(tuning, points.length)}>
          <Axes x={x} y={y} width={width} range={range} figure={figure} />
          <g className="frontier-limit">
            <line x1={EDGE.left} x2={width - EDGE.right} y1={y.toPixel(line)} y2={y.toPixel(line)} />
            <text x={width - EDGE.right} y={y.toPixel(line) + 13} textAnchor="end">
              limit {valueText(figure, line)}
            </text>
          </g>
          <path className="frontier-line" d={stairs(frontierOf(points).map(place), width - EDGE.right)} />
          {[...points].sort(byPlace(selected)).map((point) => (
            <Mark
              key={point.index}
              place={place(point)}
              point={point}
              chosen={point.index === tuning.best}
              selected={point.index === selected}
              title={`${point.index + 1}: ${tuning.points[point.index]!.label}`}
              onSelect={onSelect}
            />
          ))}
        </svg>
      ) : null}
      <SaveChart
        frame={frame}
        name="points of the search"
        table={() =>
          tuning.points.map(({ label, bytes, sqnr, top1, perplexity, passed }) => ({
            ...{ label, bytes, "SQNR in dB": sqnr },
            ...(perplexity && {
              "perplexity in float": perplexity.float,
              "perplexity quantized": perplexity.quantized,
            }),
            ...{ "top-1 in float": top1?.float ?? null, "top-1 quantized": top1?.quantized ?? null },
            "keeps the limit": String(passed),
          }))
        }
      />
    </div>
  );
});

interface MarkProps {
  readonly place: readonly [x: number, y: number];
  readonly point: Point;
  readonly chosen: boolean;
  readonly selected: boolean;
  readonly title: string;
  readonly onSelect: (index: number) => void;
}

/** A disc keeps the limit, a cross does not; a ring is about the one on offer. The table has the same by keyboard. */
function Mark({ place: [x, y], point, chosen, selected, title, onSelect }: MarkProps) {
  const state = `${point.passed ? "kept" : "missed"}${selected ? " selected" : ""}`;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the table below holds a button for each point
    <g className={`frontier-point ${state}`} onClick={() => onSelect(point.index)} data-testid="frontier-point">
      <title>{title}</title>
      <circle className="frontier-reach" cx={x} cy={y} r={12} />
      {chosen ? <circle className="frontier-ring" cx={x} cy={y} r={SIZE + 4} /> : null}
      {point.passed ? (
        <circle className="frontier-mark" cx={x} cy={y} r={SIZE} />
      ) : (
        <path
          className="frontier-mark"
          d={`M${x - SIZE} ${y - SIZE}L${x + SIZE} ${y + SIZE}M${x - SIZE} ${y + SIZE}L${x + SIZE} ${y - SIZE}`}
        />
      )}
    </g>
  );
}

interface AxesProps {
  readonly x: ReturnType<typeof linear>;
  readonly y: ReturnType<typeof linear>;
  readonly width: number;
  readonly range: Range;
  readonly figure: Figure;
}

function Axes({ x, y, width, range, figure }: AxesProps) {
  const [left, right, bottom] = [EDGE.left, width - EDGE.right, HEIGHT - EDGE.bottom];
  const sizes = { low: x.toValue(left), high: x.toValue(right) };
  return (
    <g className="frontier-axes">
      {(figure === "top-1" ? shareTicks : ticks)(range, 5).map((value) => (
        <g key={value}>
          <line x1={left} x2={right} y1={y.toPixel(value)} y2={y.toPixel(value)} />
          <text x={left - 6} y={y.toPixel(value) + 4} textAnchor="end">
            {valueText(figure, value)}
          </text>
        </g>
      ))}
      {ticks(sizes, Math.max(2, Math.floor(width / 130))).map((size) => (
        <text key={size} x={x.toPixel(size)} y={bottom + 15} textAnchor="middle">
          {byteSize(size)}
        </text>
      ))}
      <line className="frontier-base" x1={left} x2={right} y1={bottom} y2={bottom} />
      <text x={EDGE.left} y={14} textAnchor="start">
        {figure === "perplexity" ? "perplexity, less is better" : figure}
      </text>
      <text x={(left + right) / 2} y={bottom + 31} textAnchor="middle">
        size of the exported model
      </text>
    </g>
  );
}

function figureOf({ request, points }: Tuning): Figure {
  if (request.limit.kind === "sqnr") return "SQNR";
  return points.some(({ top1 }) => top1) || !points.some(({ perplexity }) => perplexity) ? "top-1" : "perplexity";
}

function worthOf(figure: Figure, { sqnr, top1, perplexity }: TunePoint): number {
  const value = figure === "top-1" ? top1?.quantized : figure === "SQNR" ? sqnr : -(perplexity?.quantized ?? 0);
  return value !== undefined && Number.isFinite(value) ? value : 0;
}

function valueText(figure: Figure, value: number): string {
  if (figure === "perplexity") return significant(-value);
  return figure === "top-1" ? percent(Math.max(0, value)) : decibel(value);
}

function limitLine(figure: Figure, { request: { limit }, points }: Tuning): number {
  if (limit.kind === "sqnr") return limit.decibels;
  const [first] = points;
  if (figure === "perplexity") return -(first?.perplexity?.float ?? 0) * (1 + limit.share);
  return (first?.top1?.float ?? 0) - limit.share;
}

/** The frontier as stairs: what a model may weigh buys no more than the step below. */
function stairs(places: readonly (readonly [number, number])[], right: number): string {
  return (
    places.map(([x, y], i) => (i === 0 ? `M${x} ${y}` : `H${x}V${y}`)).join("") + (places.length > 0 ? `H${right}` : "")
  );
}

/** Draws the selected point last, above the others. */
function byPlace(selected: number) {
  return (a: Point, b: Point) => Number(a.index === selected) - Number(b.index === selected);
}

function describe(tuning: Tuning, count: number): string {
  const kept = tuning.points.filter(({ passed }) => passed).length;
  const figure = figureOf(tuning);
  return `${figure.charAt(0).toUpperCase()}${figure.slice(1)} of ${count} points against their size; ${kept} keep the limit. The table below has the figures.`;
}

/** The span of values with some room, at least `least` of their size. */
function around(values: readonly number[], least: number): Range {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = Math.max((high - low) * 0.12, Math.abs(high) * least) || 1;
  return { low: low - room, high: high + room };
}

import { useRef } from "react";
import type { Evaluation } from "../../../../engine/model/evaluation.ts";
import type { Range } from "../../../../engine/model/range.ts";
import { percent } from "../../../../engine/values/shares.ts";
import { byteSize, decibel } from "../../../../engine/values/units.ts";
import { SaveChart } from "../../../charts/SaveChart.tsx";
import { linear, shareTicks, spread, ticks } from "../../../charts/scale.ts";
import { useWidth } from "../../../charts/useWidth.ts";
import { unlike } from "../../../state/resultTable.ts";
import type { StoredResult } from "../../../state/stored.ts";

const LINE = 15;
const LEAST_HEIGHT = 170;
const EDGE = { left: 58, right: 16, top: 24, bottom: 34 };
const LABEL_GAP = 14;

interface Point {
  readonly id: string;
  readonly name: string;
  readonly size: number;
  readonly value: number;
  readonly unlike: boolean;
}

/** What each result is worth against what it weighs: accuracy, or SQNR where there are no labels. */
export function CompareChart({ results }: { readonly results: readonly StoredResult[] }) {
  const frame = useRef<HTMLElement>(null);
  const width = useWidth(frame);
  const first = results[0]!;
  const labelled = results.every(({ evaluation }) => evaluation.top1 !== null);
  const { outputs } = first.evaluation;
  const output = outputs.find(({ sqnr }) => sqnr !== null);
  const worth = ({ top1, outputs }: Evaluation) =>
    labelled ? top1?.quantized : outputs.find(({ name }) => name === output?.name)?.sqnr;
  const points = results.flatMap((result): Point[] => {
    const { id, name, evaluation } = result;
    const value = worth(evaluation);
    if (value == null || !Number.isFinite(value)) return [];
    return [{ id, name, size: evaluation.bytes.quantized, value, unlike: unlike(result, first).samples }];
  });
  const measure = labelled ? "top-1, quantized" : output && outputs.length > 1 ? `SQNR of ${output.name}` : "SQNR";
  const [text, marks] = labelled ? ([percent, shareTicks] as const) : ([decibel, ticks] as const);
  return (
    <figure ref={frame} className="compare-chart chart-frame" data-testid="compare-chart">
      <figcaption className="muted small">
        {measure} against size; up and to the left is better
        {points.some((point) => point.unlike) ? "; hollow: measured on other samples" : ""}
      </figcaption>
      {width > 0 && points.length > 0 ? <Plot points={points} width={width} {...{ text, marks, measure }} /> : null}
      <SaveChart
        frame={frame}
        name="results by size"
        table={() => points.map(({ name, size, value }) => ({ name, bytes: size, [measure]: value }))}
      />
    </figure>
  );
}

interface PlotProps {
  readonly points: readonly Point[];
  readonly width: number;
  readonly measure: string;
  readonly text: (value: number) => string;
  readonly marks: typeof ticks;
}

function Plot({ points, width, measure, text, marks }: PlotProps) {
  const height = Math.max(LEAST_HEIGHT, EDGE.top + EDGE.bottom + points.length * LINE);
  const [left, right, top, bottom] = [EDGE.left, width - EDGE.right, EDGE.top, height - EDGE.bottom];
  const sizes = around(
    points.map(({ size }) => size),
    0.05,
  );
  const values = around(
    points.map(({ value }) => value),
    0.01,
  );
  const x = linear(sizes, left, right);
  const y = linear(values, bottom, top);
  const places = spread(
    points.map(({ value }) => y.toPixel(value)),
    LINE,
    top,
    bottom - LINE / 2,
  );
  return (
    <svg
      width={width}
      height={height}
      role="img"
      aria-label={`${measure} against size: ${points.map((point) => `${point.name} ${text(point.value)} at ${byteSize(point.size)}`).join("; ")}`}
    >
      {marks(values, 4).map((value) => (
        <g key={value} className="compare-tick">
          <line x1={left} x2={right} y1={y.toPixel(value)} y2={y.toPixel(value)} />
          <text x={left - 6} y={y.toPixel(value) + 4} textAnchor="end">
            {text(value)}
          </text>
        </g>
      ))}
      {ticks(sizes, Math.max(2, Math.floor(width / 160))).map((size) => (
        <g key={size} className="compare-tick">
          <line x1={x.toPixel(size)} x2={x.toPixel(size)} y1={bottom} y2={bottom + 4} />
          <text x={x.toPixel(size)} y={bottom + 17} textAnchor="middle">
            {byteSize(size)}
          </text>
        </g>
      ))}
      <line className="compare-axis" x1={left} x2={right} y1={bottom} y2={bottom} />
      {points.map((point, i) => {
        const [px, py] = [x.toPixel(point.size), y.toPixel(point.value)];
        const toRight = px < (left + right) / 2;
        const lx = px + (toRight ? LABEL_GAP : -LABEL_GAP);
        return (
          <g key={point.id} className="compare-point">
            <line x1={px} y1={py} x2={lx} y2={places[i]} />
            <circle cx={px} cy={py} r={4} className={point.unlike ? "hollow" : undefined} />
            <text x={lx + (toRight ? 3 : -3)} y={places[i]! + 4} textAnchor={toRight ? "start" : "end"}>
              {point.name}
            </text>
          </g>
        );
      })}
    </svg>
  );
}

/** The span of values with some room, at least `least` of their size. */
function around(values: readonly number[], least: number): Range {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = Math.max((high - low) * 0.15, Math.abs(high) * least) || 1;
  return { low: low - room, high: high + room };
}

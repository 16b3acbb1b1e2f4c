import { useRef } from "react";
import type { CodeCounts, StoredActivation, StoredConstant, StoredLayer } from "../../../engine/model/quantizedFile.ts";
import { dimsText } from "../../../engine/values/dims.ts";
import { count, interval, plural, significant } from "../../../engine/values/figures.ts";
import { percent } from "../../../engine/values/shares.ts";
import { HistogramBars } from "../../charts/HistogramBars.tsx";
import { SaveChart } from "../../charts/SaveChart.tsx";
import { useWidth } from "../../charts/useWidth.ts";
import { weightText } from "./weightText.ts";

const HEIGHT = 96;

/** A layer of a quantized file: ranges of what it reads and makes, and scales and codes of its weights. */
export function QuantizedLayer({ layer }: { readonly layer: StoredLayer }) {
  const { id, operator, weights, reads, makes } = layer;
  const rows = [
    ...reads.map((activation) => ["reads", activation] as const),
    ...makes.map((activation) => ["makes", activation] as const),
  ].filter(([, { type }]) => type !== null);
  return (
    <section className="quantized-layer" aria-label={`Layer ${id}`} data-testid="quantized-layer">
      <h3 title={id}>
        {id} <span className="muted">{operator}</span>
      </h3>
      {rows.length > 0 ? (
        <table className="table">
          <tbody>
            {rows.map(([what, activation]) => (
              <tr key={`${what} ${activation.tensor}`}>
                <td className="muted quantized-what">{what}</td>
                <td title={activation.tensor}>{activation.tensor}</td>
                <td>{rangeText(activation)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : null}
      {weights.map((weight) => (
        <Weight key={weight.name} weight={weight} />
      ))}
    </section>
  );
}

function rangeText({ type, scale, zeroPoint, range, isDynamic }: StoredActivation): string {
  if (isDynamic) return `${type}, scale found at run time`;
  if (scale === null || !range) return `${type}, several scales`;
  return `${type} ${interval(range)}, scale ${significant(scale)}, zero point ${count(zeroPoint ?? 0)}`;
}

function Weight({ weight }: { readonly weight: StoredConstant }) {
  const { name, dims, scales, zeroPoints, codes } = weight;
  return (
    <>
      <p>
        <span title={name}>{name}</span>: {weightText(weight)}, {dimsText(dims)}
        {zeroPoints ? `, ${plural(zeroPoints.length, "zero point")}` : ""}
      </p>
      {codes ? (
        <Bars
          label={`Codes ${count(codes.low)} to ${count(codes.high)}: ${count(codes.distinct)} of ${count(codes.high - codes.low + 1)} used, ${percent(codes.atEnds)} at the ends`}
          name={`codes of ${name}`}
          values={codes.counts}
          table={() => codeRows(codes)}
        />
      ) : null}
      {scales.length > 1 ? (
        <Bars
          label={`${plural(scales.length, "scale")}, ${interval(extremesOf(scales))}`}
          name={`scales of ${name}`}
          values={[...scales].map(Math.abs)}
          table={() => [...scales].map((scale, place) => ({ place, scale }))}
        />
      ) : scales.length === 1 ? (
        <p className="muted">One scale, {significant(scales[0] as number)}</p>
      ) : null}
    </>
  );
}

function extremesOf(values: Float32Array): { readonly low: number; readonly high: number } {
  return { low: values.reduce((a, b) => Math.min(a, b)), high: values.reduce((a, b) => Math.max(a, b)) };
}

function codeRows({ low, width, counts }: CodeCounts) {
  return counts.map((occurs, bin) => ({ "from code": low + bin * width, count: occurs }));
}

interface BarsProps {
  readonly label: string;
  readonly name: string;
  readonly values: readonly number[];
  readonly table: () => readonly Readonly<Record<string, number>>[];
}

/** More bars than these are drawn as the largest of neighbours. */
const MOST_BARS = 512;

function Bars({ label, name, values, table }: BarsProps) {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  return (
    <figure className="quantized-bars">
      <figcaption className="muted">{label}</figcaption>
      <div ref={frame} className="chart-frame">
        {width > 0 ? (
          <HistogramBars
            counts={thinned(values)}
            logarithmic={false}
            plot={{ left: 0, right: width, top: 2, bottom: HEIGHT }}
            width={width}
            height={HEIGHT}
          />
        ) : null}
        <SaveChart frame={frame} name={name} table={table} />
      </div>
    </figure>
  );
}

function thinned(values: readonly number[]): readonly number[] {
  if (values.length <= MOST_BARS) return values;
  const each = Math.ceil(values.length / MOST_BARS);
  return Array.from({ length: Math.ceil(values.length / each) }, (_, at) =>
    Math.max(...values.slice(at * each, (at + 1) * each)),
  );
}

import { useEffect, useMemo, useRef, useState } from "react";
import type { SeenValues } from "../../../../engine/model/analysis.ts";
import { count, plural, significant } from "../../../../engine/values/figures.ts";
import { percent } from "../../../../engine/values/shares.ts";
import { CountAxis } from "../../../charts/CountAxis.tsx";
import { HistogramBars } from "../../../charts/HistogramBars.tsx";
import { SaveChart } from "../../../charts/SaveChart.tsx";
import { binsOf, plotOf } from "../../../charts/scale.ts";
import { useWidth } from "../../../charts/useWidth.ts";
import { Facts } from "../../../parts/Facts.tsx";
import { studio } from "../../../state/store.ts";
import { useResults } from "../../../state/useStudio.ts";
import { analysis } from "../../../state/workers.ts";
import "../../../charts/ClipChart.css";

const HEIGHT = 150;

/** The values of a tensor that stays in float, and so has no clip range. */
export function ValuesPanel({ tensor }: { readonly tensor: string }) {
  // New with every estimate, before which the worker has no statistics.
  const overview = useResults((results) => results.overview);
  const [values, setValues] = useState<SeenValues | null>(null);
  useEffect(() => {
    if (!overview || !studio.getState().project.calibration?.statistics.has(tensor)) return;
    let wanted = true;
    analysis
      .ask((api) => api.values(tensor))
      .then((answer) => wanted && setValues(answer))
      .catch(() => wanted && setValues(null));
    return () => {
      wanted = false;
    };
  }, [tensor, overview]);
  return (
    <section className="values" aria-label="Values" data-testid="values">
      <p className="muted">
        This output is not quantized, so it has no clip range.
        {values ? ` What calibration saw of it in ${plural(values.seen.samples, "sample")}:` : ""}
      </p>
      {values ? <Histogram tensor={tensor} values={values} /> : null}
    </section>
  );
}

interface HistogramProps {
  readonly tensor: string;
  readonly values: SeenValues;
}

function Histogram({ tensor, values: { seen, histogram } }: HistogramProps) {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const plot = useMemo(() => plotOf(width, HEIGHT), [width]);
  const { low, high } = histogram.window;
  return (
    <>
      <div ref={frame} className="clip-chart chart-frame plain" style={{ height: HEIGHT }} data-testid="values-chart">
        {width > 0 ? (
          <>
            <div className="chart-layer" role="img" aria-label={`Histogram from ${low} to ${high}, counts logarithmic`}>
              <HistogramBars counts={histogram.counts} logarithmic plot={plot} width={width} height={HEIGHT} />
            </div>
            <svg className="overlay" width={width} height={HEIGHT} aria-hidden="true">
              <CountAxis counts={histogram.counts} logarithmic plot={plot} />
            </svg>
            <SaveChart frame={frame} name={`histogram of ${tensor}`} table={() => binsOf(histogram)} />
            <span className="values-end low">{significant(low)}</span>
            <span className="values-end high">{significant(high)}</span>
          </>
        ) : null}
      </div>
      <Facts
        wide
        facts={[
          { key: "Least", value: significant(seen.min) },
          { key: "Greatest", value: significant(seen.max) },
          { key: "Zero", value: percent(seen.finite > 0 ? seen.zeros / seen.finite : 0) },
          { key: "NaN or Inf", value: seen.nonFinite > 0 ? count(seen.nonFinite) : "none" },
        ]}
      />
    </>
  );
}

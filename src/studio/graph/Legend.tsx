import { rampColor } from "../charts/ramp.ts";
import { type Precision, PrecisionMark, precisionName } from "../parts/Precision.tsx";
import { useProject } from "../state/useStudio.ts";
import type { HeatScale } from "./heat.ts";

const STOPS = 8;
const PRECISIONS: readonly Precision[] = [
  ...(["uint2", "int2", "codebook16", "nf4", "uint4", "int4", "codebook256", "uint8", "int8", "int16"] as const),
  ...(["float8", "float16", "bfloat16", "float32"] as const),
];

/** What the colours of the nodes stand for. */
export function Legend({ scale }: { readonly scale: HeatScale }) {
  const layers = useProject((project) => project.model?.plan.layers);
  const has = (precision: Precision) => layers?.some((layer) => layer.precision === precision) ?? false;
  const precisions = PRECISIONS.filter((precision) => precision === "float32" || has(precision));
  const colours = Array.from({ length: STOPS + 1 }, (_, index) => rampColor(index / STOPS));
  return (
    <dl className={scale.stale ? "graph-legend stale" : "graph-legend"} data-testid="graph-legend">
      <div>
        <dt>
          {scale.title}
          {scale.stale ? ", stale" : ""}
        </dt>
        {scale.ends ? (
          <dd>
            {scale.ends.low}
            <span
              className="graph-ramp"
              aria-hidden="true"
              style={{ background: `linear-gradient(to right, ${colours.join(", ")})` }}
            />
            {scale.ends.high}
          </dd>
        ) : null}
      </div>
      <div>
        <dt className="visually-hidden">Precision</dt>
        {precisions.map((precision) => (
          <dd key={precision}>
            <PrecisionMark precision={precision} /> {precisionName(precision)}
          </dd>
        ))}
      </div>
    </dl>
  );
}

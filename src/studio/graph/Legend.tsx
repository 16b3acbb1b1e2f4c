import { rampColor } from "../charts/ramp.ts";
import { type Precision, PrecisionMark, precisionName } from "../parts/Precision.tsx";
import { useProject } from "../state/useStudio.ts";
import type { HeatScale } from "./heat.ts";

const STOPS = 8;
const PRECISIONS: readonly Precision[] = [
  ...(["uint2", "int2", "codebook16", "nf4", "uint4", "int4", "codebook256", "uint8", "int8", "int16"] as const),
  ...(["float8", "float16", "bfloat16", "float32"] as const),
];

interface Props {
  readonly scale: HeatScale;
  /** The quantized file that is drawn beside, which has colours of its own. */
  readonly second?: { readonly name: string; readonly scale: HeatScale } | null;
}

/** What the colours of the nodes stand for. */
export function Legend({ scale, second = null }: Props) {
  const layers = useProject((project) => project.model?.plan.layers);
  const has = (precision: Precision) => layers?.some((layer) => layer.precision === precision) ?? false;
  const precisions = PRECISIONS.filter((precision) => precision === "float32" || has(precision));
  return (
    <dl className={scale.stale ? "graph-legend stale" : "graph-legend"} data-testid="graph-legend">
      <Scale scale={scale} title={scale.title} />
      {second ? <Scale scale={second.scale} title={`${second.name}: ${second.scale.title}`} /> : null}
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

const COLOURS = Array.from({ length: STOPS + 1 }, (_, index) => rampColor(index / STOPS));

function Scale({ scale: { ends, stale }, title }: { readonly scale: HeatScale; readonly title: string }) {
  return (
    <div>
      <dt>
        {title}
        {stale ? ", stale" : ""}
      </dt>
      {ends ? (
        <dd>
          {ends.low}
          <span
            className="graph-ramp"
            aria-hidden="true"
            style={{ background: `linear-gradient(to right, ${COLOURS.join(", ")})` }}
          />
          {ends.high}
        </dd>
      ) : null}
    </div>
  );
}

import { rampColor } from "../charts/ramp.ts";
import { PrecisionMark, precisionName } from "../parts/Precision.tsx";
import { useProject } from "../state/useStudio.ts";
import type { HeatScale } from "./heat.ts";

const STOPS = 8;
/** Precisions that are named where a layer has them. */
const OTHERS = ["uint4", "int4", "uint8"] as const;

/** What the colours of the nodes stand for. */
export function Legend({ scale }: { readonly scale: HeatScale }) {
  const others = useProject((project) => {
    const present = new Set(project.model?.plan.layers.map(({ precision }) => precision));
    return OTHERS.filter((precision) => present.has(precision)).join();
  });
  const precisions = [
    ...OTHERS.filter((precision) => others.split(",").includes(precision)),
    "int8",
    "float32",
  ] as const;
  const colours = Array.from({ length: STOPS + 1 }, (_, index) => rampColor(index / STOPS));
  return (
    <dl className={scale.stale ? "graph-legend stale" : "graph-legend"} data-testid="graph-legend">
      <div>
        <dt>
          {scale.title}
          {scale.stale ? ", stale" : ""}
        </dt>
        <dd>
          {scale.low}
          <span
            className="graph-ramp"
            aria-hidden="true"
            style={{ background: `linear-gradient(to right, ${colours.join(", ")})` }}
          />
          {scale.high}
        </dd>
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

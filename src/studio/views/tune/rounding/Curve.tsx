import type { ReactNode } from "react";
import { Term } from "../../../parts/Term.tsx";

interface CurveProps {
  readonly of: string;
  readonly unit: "iteration" | "step";
  readonly live?: boolean;
  readonly children: ReactNode;
}

/** A chart of losses under its heading. */
export function Curve({ of, unit, live, children }: CurveProps) {
  return (
    <section className="loss" aria-label="Loss">
      <h3 data-testid="loss-layer">
        <Term word="loss">Loss</Term> of {of} <span className="muted">by {unit}</span>
        {live ? <span className="badge">under way</span> : null}
      </h3>
      {children}
    </section>
  );
}

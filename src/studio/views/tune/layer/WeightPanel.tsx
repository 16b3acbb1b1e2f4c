import { useEffect, useState } from "react";
import type { WeightAnalysis } from "../../../../engine/model/analysis.ts";
import { dimsText } from "../../../../engine/values/dims.ts";
import { plural } from "../../../../engine/values/figures.ts";
import { decibel } from "../../../../engine/values/units.ts";
import { WeightChart } from "../../../charts/WeightChart.tsx";
import { Term } from "../../../parts/Term.tsx";
import { studio } from "../../../state/store.ts";
import { useProject } from "../../../state/useStudio.ts";
import { analyseWeight } from "../../../state/weights.ts";

/** Below this the error of a channel is more than a third of its values, in root mean square. */
const POOR_DB = 10;

/** The ranges of a layer's weight, channel by channel. */
export function WeightPanel({ name }: { readonly name: string }) {
  const scheme = useProject((project) => project.recipe?.present.weights);
  const rounding = useProject((project) => project.recipe?.present.rounding);
  const [weights, setWeights] = useState<WeightAnalysis | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  useEffect(() => {
    let wanted = true;
    const recipe = studio.getState().project.recipe?.present;
    if (!recipe || recipe.weights !== scheme || recipe.rounding !== rounding) return;
    analyseWeight(name, recipe)
      .then((answer) => wanted && setWeights(answer))
      .catch((error: Error) => wanted && setFailure(error.message));
    return () => {
      wanted = false;
    };
  }, [name, scheme, rounding]);
  const poor = weights?.channels.filter(({ sqnr }) => sqnr < POOR_DB).length ?? 0;
  return (
    <section className="weights" aria-labelledby="weights-heading">
      <div className="tune-head">
        <h3 id="weights-heading">Weights</h3>
        {weights ? (
          <span className="muted" data-testid="weight-facts">
            {name}, {dimsText(weights.dims)}, <Term word={weights.axis === null ? "per tensor" : "per channel"} />
            {weights.axis === null ? "" : ` (${plural(weights.channels.length, "scale")}, axis ${weights.axis})`},{" "}
            <Term word="SQNR" /> {decibel(weights.sqnr)}
            {poor > 0 ? (
              <strong className="hint">
                , {poor} of {plural(weights.channels.length, "channel")} below {POOR_DB} dB
              </strong>
            ) : null}
          </span>
        ) : null}
      </div>
      {failure ? (
        <p className="failure">{failure}</p>
      ) : weights ? (
        <WeightChart weights={weights} type={scheme?.type ?? "int8"} />
      ) : (
        <div className="skeleton weights-waiting" />
      )}
    </section>
  );
}

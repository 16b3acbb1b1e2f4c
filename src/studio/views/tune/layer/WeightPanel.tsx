import { useEffect, useState } from "react";
import type { WeightAnalysis } from "../../../../engine/model/analysis.ts";
import { weightTypeOf } from "../../../../engine/model/recipe.ts";
import { withLayerType } from "../../../../engine/recipe/edits.ts";
import { WEIGHT_TYPES, type WeightType } from "../../../../engine/values/codes.ts";
import { dimsText } from "../../../../engine/values/dims.ts";
import { plural } from "../../../../engine/values/figures.ts";
import { decibel } from "../../../../engine/values/units.ts";
import { WeightChart } from "../../../charts/WeightChart.tsx";
import { Term } from "../../../parts/Term.tsx";
import { editRecipe } from "../../../state/recipe.ts";
import { studio } from "../../../state/store.ts";
import { isRefused } from "../../../state/taken.ts";
import { useProject } from "../../../state/useStudio.ts";
import { analyseWeight } from "../../../state/weights.ts";

/** Below this the error of a channel is more than a third of its values, in root mean square. */
const POOR_DB = 10;

/** The ranges of a layer's weight, channel by channel, and its type. */
export function WeightPanel({ name, layer }: { readonly name: string; readonly layer: string }) {
  const scheme = useProject((project) => project.recipe?.present.weights);
  const rounding = useProject((project) => project.recipe?.present.rounding);
  const codes = useProject((project) => project.recipe?.present.codes);
  const [weights, setWeights] = useState<WeightAnalysis | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  useEffect(() => {
    let wanted = true;
    const recipe = studio.getState().project.recipe?.present;
    if (!recipe || recipe.weights !== scheme || recipe.rounding !== rounding || recipe.codes !== codes) return;
    analyseWeight(name, recipe)
      .then((answer) => wanted && setWeights(answer))
      .catch((error: Error) => wanted && setFailure(error.message));
    return () => {
      wanted = false;
    };
  }, [name, scheme, rounding, codes]);
  const poor = weights?.channels.filter(({ sqnr }) => sqnr < POOR_DB).length ?? 0;
  return (
    <section className="weights" aria-labelledby="weights-heading">
      <div className="tune-head">
        <h3 id="weights-heading">Weights</h3>
        {weights ? (
          <span className="muted" data-testid="weight-facts">
            {name}, {dimsText(weights.dims)}, <Sharing weights={weights} />, <Term word="SQNR" />{" "}
            {decibel(weights.sqnr)}
            {poor > 0 ? (
              <strong className="hint">
                , {poor} of {plural(weights.channels.length, "channel")} below {POOR_DB} dB
              </strong>
            ) : null}
          </span>
        ) : null}
        <LayerType layer={layer} />
      </div>
      {failure ? (
        <p className="failure">{failure}</p>
      ) : weights ? (
        <WeightChart weights={weights} type={scheme ? weightTypeOf(scheme, layer) : "int8"} />
      ) : (
        <div className="skeleton weights-waiting" />
      )}
    </section>
  );
}

/** How many weights share a scale. */
function Sharing({ weights: { axis, block, channels } }: { readonly weights: WeightAnalysis }) {
  if (block !== null) return <Term word="blocks">blocks of {block}</Term>;
  if (axis === null) return <Term word="per tensor" />;
  return (
    <>
      <Term word="per channel" /> ({plural(channels.length, "scale")}, axis {axis})
    </>
  );
}

/** The type of one layer's weight, where its target takes another beside that of all. */
function LayerType({ layer }: { readonly layer: string }) {
  const recipe = useProject((project) => project.recipe?.present);
  if (!recipe) return null;
  const type = weightTypeOf(recipe.weights, layer);
  const taken = WEIGHT_TYPES.filter((each) => !isRefused(recipe, withLayerType(recipe, [layer], each)));
  if (taken.length < 2) return null;
  return (
    <select
      className="input select"
      aria-label={`Type of the weight of ${layer}`}
      value={type}
      onChange={(event) => {
        const chosen = event.target.value as WeightType;
        editRecipe(`weight type ${layer}`, (before) => withLayerType(before, [layer], chosen));
      }}
      data-testid="layer-weight-type"
    >
      {taken.map((each) => (
        <option key={each} value={each}>
          {each}
        </option>
      ))}
    </select>
  );
}

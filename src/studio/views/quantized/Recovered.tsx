import { settingsOf } from "../../../engine/model/comparison.ts";
import type { Matching, Recovery, Unmatched as UnmatchedLayer } from "../../../engine/model/quantizedFile.ts";
import { plural } from "../../../engine/values/figures.ts";

/** Settings that are always told: what they are says what the file is. */
const TOLD = new Set(["target", "format", "activations", "weights", "rounding", "layers in float"]);

/** The recipe that a quantized file was made by, and what its export has otherwise. */
export function Recovered({ recovery }: { readonly recovery: Recovery }) {
  const { recipe, counts, differences, targets } = recovery;
  const { weights, activations } = counts;
  return (
    <section aria-label="Recovered recipe" data-testid="quantized-recipe">
      <h3>Its recipe</h3>
      {recipe ? (
        <>
          <p>
            Exported and read again, this recipe gives the codes and scales of {weights.same} of{" "}
            {plural(weights.all, "weight")}
            {weights.sameScales > 0 ? `, of ${weights.sameScales} more the scales` : ""}
            {activations.all > 0
              ? `, and the scale and zero point of ${activations.same} of ${plural(activations.all, "activation")}`
              : ""}
            {targets.length > 1 ? `, the closest of those for ${targets.join(", ")}` : ""}.
          </p>
          <dl className="facts quantized-settings">
            {settingsOf(recipe)
              .filter(({ name, values }) => TOLD.has(name) && values.length > 0)
              .map(({ name, values }) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>{values.join(", ")}</dd>
                </div>
              ))}
          </dl>
        </>
      ) : (
        <p className="hint">None was recovered: {differences.map(({ message }) => message).join(" ")}</p>
      )}
      {recipe && differences.length > 0 ? (
        <details>
          <summary>{plural(differences.length, "difference")} to the file</summary>
          <ul>
            {differences.map(({ subject, message }) => (
              <li key={`${subject} ${message}`}>
                <strong>{subject}</strong> {message}
              </li>
            ))}
          </ul>
        </details>
      ) : null}
    </section>
  );
}

/** Layers of either model that have no counterpart in the other, each with the reason. */
export function Unmatched({ matching }: { readonly matching: Matching }) {
  const { stored, float, fused } = matching;
  return (
    <>
      {fused.length > 0 ? (
        <p className="muted">{plural(fused.length, "layer")} of the float model are within others of the file.</p>
      ) : null}
      <Reasons title="of the file that are none of the float model" layers={stored} />
      <Reasons title="of the float model that the file has none for" layers={float} />
    </>
  );
}

/** Layers that both have and that a walk leaves out: how many for which reason, and each. */
export function Unwalked({ layers }: { readonly layers: readonly UnmatchedLayer[] }) {
  const reasons = new Map<string, number>();
  for (const { why } of layers) reasons.set(why, (reasons.get(why) ?? 0) + 1);
  return (
    <div data-testid="quantized-unwalked">
      {[...reasons].map(([why, times]) => (
        <p key={why} className="hint">
          {plural(times, "layer")} that both have {times === 1 ? "is" : "are"} not walked; of each: {why}.
        </p>
      ))}
      <Reasons title="that both have and that are not walked" layers={layers} />
    </div>
  );
}

function Reasons({ title, layers }: { readonly title: string; readonly layers: readonly UnmatchedLayer[] }) {
  if (layers.length === 0) return null;
  return (
    <details>
      <summary>
        {plural(layers.length, "layer")} {title}
      </summary>
      <ul>
        {layers.map(({ layer, operator, why }) => (
          <li key={layer}>
            <strong>{layer}</strong> ({operator}): {why}
          </li>
        ))}
      </ul>
    </details>
  );
}

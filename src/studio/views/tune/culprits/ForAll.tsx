import type { Suggestion } from "../../../../engine/model/culprit.ts";
import { ApplyButton } from "./ApplyButton.tsx";

/** What can be changed for all layers at once: whether it gains is measured once it is applied. */
export function ForAll({ suggestions }: { readonly suggestions: readonly Suggestion[] }) {
  if (suggestions.length === 0) return null;
  return (
    <section aria-labelledby="for-all-heading" className="for-all" data-testid="for-all">
      <h3 id="for-all-heading">For all layers</h3>
      <ul>
        {suggestions.map((suggestion) => (
          <li key={JSON.stringify(suggestion.edit)} className="for-all-line">
            <span>{suggestion.sentence}</span>
            <ApplyButton suggestion={suggestion} layer={null} />
          </li>
        ))}
      </ul>
    </section>
  );
}

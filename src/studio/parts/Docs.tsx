import { DOCUMENTATION, type Screen } from "../documentation.ts";

/** The way to the page that explains a screen, in a tab of its own. */
export function Docs({ screen, text = "Docs" }: { readonly screen: Screen; readonly text?: string }) {
  return (
    <a
      className="docs"
      href={`docs/${DOCUMENTATION[screen]}`}
      target="_blank"
      rel="noopener"
      title="What this is, in the documentation (a new tab)"
      data-testid={`docs-${screen}`}
    >
      {text}
    </a>
  );
}

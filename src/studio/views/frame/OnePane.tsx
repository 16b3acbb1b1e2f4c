import { ToggleGroup } from "radix-ui";
import { type ReactNode, useEffect, useRef } from "react";
import type { Pane } from "../../state/slices/view.ts";
import { actions } from "../../state/store.ts";
import { useResults, useView } from "../../state/useStudio.ts";
import "./OnePane.css";

const PANES: readonly { readonly pane: Pane; readonly text: string; readonly label: string }[] = [
  { pane: "layers", text: "Layers", label: "Layers" },
  { pane: "step", text: "Step", label: "Step" },
  { pane: "recipe", text: "Recipe, results", label: "Recipe and evaluation" },
];

/** The parts of the workbench one at a time, where they have no room beside one another; a new result is shown. */
export function OnePane(parts: Readonly<Record<Pane, ReactNode>>) {
  const shown = useView((view) => view.pane);
  const basis = useResults((results) => results.evaluation?.basis);
  const seen = useRef(basis);
  useEffect(() => {
    if (basis && basis !== seen.current) actions.paneChosen("recipe");
    seen.current = basis;
  }, [basis]);
  return (
    <div className="one-pane">
      <ToggleGroup.Root
        type="single"
        className="toggle"
        aria-label="Show"
        data-testid="panes"
        value={shown}
        onValueChange={(value) => value && actions.paneChosen(value as Pane)}
      >
        {PANES.map(({ pane, text }) => (
          <ToggleGroup.Item key={pane} value={pane}>
            {text}
          </ToggleGroup.Item>
        ))}
      </ToggleGroup.Root>
      {PANES.map(({ pane, label }) => (
        <section
          key={pane}
          className={`pane pane-body${pane === "recipe" ? " scroll" : ""}`}
          aria-label={label}
          data-pane={pane}
          hidden={pane !== shown}
        >
          {parts[pane]}
        </section>
      ))}
    </div>
  );
}

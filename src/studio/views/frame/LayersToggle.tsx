import { ToggleGroup } from "radix-ui";
import type { LayersView } from "../../state/layersView.ts";
import { actions } from "../../state/store.ts";
import { useView } from "../../state/useStudio.ts";

/** Whether the layers are a list, a graph beside the steps, or a graph over the whole width. */
export function LayersToggle() {
  const view = useView((view) => view.layersView);
  return (
    <ToggleGroup.Root
      type="single"
      className="toggle left-views"
      aria-label="Layers as"
      data-testid="layers-view"
      value={view}
      onValueChange={(value) => value && actions.layersViewChosen(value as LayersView)}
    >
      <ToggleGroup.Item value="list">List</ToggleGroup.Item>
      <ToggleGroup.Item value="graph" aria-keyshortcuts="g">
        Graph
      </ToggleGroup.Item>
      <ToggleGroup.Item value="wide" aria-keyshortcuts="w">
        Full width
      </ToggleGroup.Item>
    </ToggleGroup.Root>
  );
}

import { ToggleGroup } from "radix-ui";
import { lazy, type RefObject, Suspense, useEffect } from "react";
import { type LayersView, rememberLayersView } from "../../state/layersView.ts";
import { actions } from "../../state/store.ts";
import { useView } from "../../state/useStudio.ts";
import { LayerList } from "../tune/LayerList.tsx";
import { SensitivityTools } from "../tune/SensitivityTools.tsx";
import "./LeftPane.css";

const GraphView = lazy(() => import("../../graph/GraphView.tsx"));

/** The layers as a list or as a graph. */
export function LeftPane({ filterRef }: { readonly filterRef: RefObject<HTMLInputElement | null> }) {
  const view = useView((view) => view.layersView);
  useEffect(() => rememberLayersView(view), [view]);
  return (
    <div className="left">
      <div className="left-head">
        <ToggleGroup.Root
          type="single"
          className="left-views"
          aria-label="Layers as"
          data-testid="layers-view"
          value={view}
          onValueChange={(value) => value && actions.layersViewChosen(value as LayersView)}
        >
          <ToggleGroup.Item value="list">List</ToggleGroup.Item>
          <ToggleGroup.Item value="graph" aria-keyshortcuts="g">
            Graph
          </ToggleGroup.Item>
        </ToggleGroup.Root>
        <SensitivityTools />
      </div>
      {view === "list" ? (
        <LayerList filterRef={filterRef} />
      ) : (
        <Suspense fallback={<div className="skeleton fill" />}>
          <GraphView />
        </Suspense>
      )}
    </div>
  );
}

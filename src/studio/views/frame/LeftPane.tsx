import { lazy, type RefObject, Suspense, useEffect } from "react";
import { rememberLayersView } from "../../state/layersView.ts";
import { useView } from "../../state/useStudio.ts";
import { LayerList } from "../tune/LayerList.tsx";
import { SensitivityTools } from "../tune/SensitivityTools.tsx";
import { LayersToggle } from "./LayersToggle.tsx";
import "./LeftPane.css";

const GraphView = lazy(() => import("../../graph/GraphView.tsx"));

/** The layers as a list or as a graph. */
export function LeftPane({ filterRef }: { readonly filterRef: RefObject<HTMLInputElement | null> }) {
  const view = useView((view) => view.layersView);
  useEffect(() => rememberLayersView(view), [view]);
  return (
    <div className="left">
      <div className="left-head">
        <LayersToggle />
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

import { Tooltip } from "radix-ui";
import { lazy, Suspense, useEffect, useRef } from "react";
import { flushSync } from "react-dom";
import { Group, Panel, Separator, useDefaultLayout } from "react-resizable-panels";
import { BitDepthDoor } from "../../explain/BitDepthDoor.tsx";
import { startFollowing } from "../../state/following.ts";
import { memory } from "../../state/memory.ts";
import { actions } from "../../state/store.ts";
import { useView } from "../../state/useStudio.ts";
import { Tour } from "../../tour/Tour.tsx";
import { EvaluationPane } from "../evaluation/EvaluationPane.tsx";
import { RecipePane } from "../recipe/RecipePane.tsx";
import { Bottom } from "./Bottom.tsx";
import { Centre } from "./Centre.tsx";
import { Header } from "./Header.tsx";
import { HelpDialog } from "./HelpDialog.tsx";
import { LeftPane } from "./LeftPane.tsx";
import { OnePane } from "./OnePane.tsx";
import { useKeys } from "./useKeys.ts";
import { useNarrow } from "./useNarrow.ts";
import "./Workbench.css";

const GraphScreen = lazy(() => import("../../graph/GraphScreen.tsx"));

/** Everything about the open model at once: layers, the step's view, recipe and results, job and log. */
export default function Workbench() {
  useEffect(startFollowing, []);
  const filter = useRef<HTMLInputElement>(null);
  const wide = useView((view) => view.layersView === "wide");
  const { help, setHelp } = useKeys(() => {
    if (!wide) flushSync(() => actions.layersViewChosen("list"));
    filter.current?.focus();
  });
  const layout = useDefaultLayout({ id: "octet-panes", storage: memory });
  const narrow = useNarrow();
  const layers = <LeftPane filterRef={filter} />;
  const recipe = (
    <>
      <RecipePane />
      <EvaluationPane />
    </>
  );
  return (
    <Tooltip.Provider delayDuration={350} skipDelayDuration={150}>
      <div className="workbench" data-testid="workbench">
        <Header onHelp={() => setHelp(true)} />
        <main className="panes">
          {wide ? (
            <Suspense fallback={<div className="skeleton fill" />}>
              <GraphScreen filterRef={filter} />
            </Suspense>
          ) : narrow ? (
            <OnePane layers={layers} step={<Centre />} recipe={recipe} />
          ) : (
            <Group
              orientation="horizontal"
              defaultLayout={layout.defaultLayout}
              onLayoutChanged={layout.onLayoutChanged}
            >
              <Panel id="layers" className="pane" defaultSize="30%" minSize="240px" maxSize="50%">
                <section className="pane-body" aria-label="Layers">
                  {layers}
                </section>
              </Panel>
              <Separator className="separator" aria-label="Width of the list of layers" />
              <Panel id="centre" className="pane" minSize="400px">
                <section className="pane-body" aria-label="Step">
                  <Centre />
                </section>
              </Panel>
              <Separator className="separator" aria-label="Width of the recipe" />
              <Panel id="recipe" className="pane" defaultSize="24%" minSize="270px" maxSize="45%">
                <section className="pane-body scroll" aria-label="Recipe and evaluation">
                  {recipe}
                </section>
              </Panel>
            </Group>
          )}
        </main>
        <Bottom />
        {help ? <HelpDialog onClose={() => setHelp(false)} /> : null}
        <BitDepthDoor />
        <Tour />
      </div>
    </Tooltip.Provider>
  );
}

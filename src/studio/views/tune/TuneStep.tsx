import { Tabs } from "radix-ui";
import { type ComponentType, lazy, Suspense } from "react";
import { Docs } from "../../parts/Docs.tsx";
import type { TuneView } from "../../state/slices/view.ts";
import { actions } from "../../state/store.ts";
import { useView } from "../../state/useStudio.ts";
import "./TuneStep.css";

const VIEWS: readonly { readonly view: TuneView; readonly text: string; readonly View: ComponentType }[] = [
  { view: "layer", text: "Layer", View: lazy(() => import("./layer/LayerView.tsx")) },
  { view: "culprits", text: "Culprits", View: lazy(() => import("./culprits/CulpritsView.tsx")) },
  { view: "walk", text: "Error walk", View: lazy(() => import("./walk/WalkView.tsx")) },
  { view: "search", text: "Search", View: lazy(() => import("./search/SearchView.tsx")) },
  { view: "rounding", text: "Rounding", View: lazy(() => import("./rounding/RoundingView.tsx")) },
  { view: "codes", text: "Codes", View: lazy(() => import("./codes/CodesView.tsx")) },
  { view: "compare", text: "Compare", View: lazy(() => import("./compare/CompareView.tsx")) },
];

/** What the person looks at while tuning: one layer, the whole model, a search, or several results. */
export default function TuneStep() {
  const tuneView = useView((view) => view.tuneView);
  return (
    <Tabs.Root value={tuneView} onValueChange={(value) => actions.tuneViewChosen(value as TuneView)}>
      <Docs screen={tuneView} />
      <Tabs.List className="tabs" aria-label="Views for tuning">
        {VIEWS.map(({ view, text }) => (
          <Tabs.Trigger key={view} value={view} className="tab" data-testid={`tab-${view}`}>
            {text}
          </Tabs.Trigger>
        ))}
      </Tabs.List>
      {VIEWS.map(({ view, View }) => (
        <Tabs.Content key={view} value={view} className="tab-view" tabIndex={-1}>
          <Suspense fallback={<div className="skeleton chart-waiting" />}>
            <View />
          </Suspense>
        </Tabs.Content>
      ))}
    </Tabs.Root>
  );
}

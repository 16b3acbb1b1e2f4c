import { lazy, Suspense, useEffect } from "react";
import { startComparing } from "./state/comparing.ts";
import { startDiagnosis } from "./state/diagnosis.ts";
import { startEffects } from "./state/effects.ts";
import { listSessions, saveBeforeLeaving } from "./state/persistence.ts";
import { startProbes } from "./state/probe.ts";
import { useProject } from "./state/useStudio.ts";
import { Alerts } from "./views/frame/Alerts.tsx";
import { DropTarget } from "./views/frame/DropTarget.tsx";
import { Start } from "./views/frame/Start.tsx";

const Workbench = lazy(() => import("./views/frame/Workbench.tsx"));

export function App() {
  const open = useProject((project) => project.model !== null);
  useEffect(() => {
    const stops = [startEffects(), startDiagnosis(), startProbes(), startComparing(), saveBeforeLeaving()];
    listSessions();
    return () => {
      for (const stop of stops) stop();
    };
  }, []);
  return (
    <DropTarget>
      <Alerts />
      {open ? (
        <Suspense fallback={<Start />}>
          <Workbench />
        </Suspense>
      ) : (
        <Start />
      )}
    </DropTarget>
  );
}

import { lazy, Suspense, useEffect } from "react";
import { startEffects } from "./state/effects.ts";
import { listSessions } from "./state/persistence.ts";
import { useStudio } from "./state/store.ts";
import { Alerts } from "./views/Alerts.tsx";
import { DropTarget } from "./views/DropTarget.tsx";
import { Start } from "./views/Start.tsx";

const InputsDialog = lazy(() => import("./views/InputsDialog.tsx"));
const Workbench = lazy(() => import("./views/Workbench.tsx"));

export function App() {
  const open = useStudio((state) => state.model !== null);
  const asking = useStudio((state) => state.question !== null);
  useEffect(() => {
    const stop = startEffects();
    listSessions();
    return stop;
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
      {asking ? (
        <Suspense>
          <InputsDialog />
        </Suspense>
      ) : null}
    </DropTarget>
  );
}

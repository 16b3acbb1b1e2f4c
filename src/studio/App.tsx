import { lazy, Suspense, useEffect } from "react";
import { removeLeftovers } from "../../workers/client.ts";
import { startPassing } from "./state/alerts.ts";
import { startEffects } from "./state/effects.ts";
import { askBeforeLeaving } from "./state/leaving.ts";
import { openLinked } from "./state/links.ts";
import { finishStoring, listSessions, saveBeforeLeaving } from "./state/persistence.ts";
import { actions } from "./state/store.ts";
import { giveOver } from "./state/tabs.ts";
import { useProject, useView } from "./state/useStudio.ts";
import { Alerts } from "./views/frame/Alerts.tsx";
import { DropTarget } from "./views/frame/DropTarget.tsx";
import { Fault } from "./views/frame/Fault.tsx";
import { Start } from "./views/frame/Start.tsx";

const QuantizedDialog = lazy(() => import("./views/quantized/QuantizedDialog.tsx"));
const FamilyDialog = lazy(() => import("./views/family/FamilyDialog.tsx"));
const PassphraseDialog = lazy(() => import("./views/frame/PassphraseDialog.tsx"));
const Workbench = lazy(() => import("./views/frame/Workbench.tsx"));

export function App() {
  const open = useProject((project) => project.model !== null);
  useEffect(() => {
    const stops = [startEffects(), startPassing(), saveBeforeLeaving(), askBeforeLeaving(), giveOver(finishStoring)];
    listSessions();
    openLinked();
    void removeLeftovers();
    return () => {
      for (const stop of stops) stop();
    };
  }, []);
  return (
    <Fault>
      <DropTarget>
        <FamilyDoor />
        <QuantizedDoor />
        <PassphraseDoor />
        {open ? (
          <Suspense fallback={<Start />}>
            <Workbench />
          </Suspense>
        ) : (
          <Start />
        )}
        <Alerts />
      </DropTarget>
    </Fault>
  );
}

const closeQuantized = () => actions.quantizedShown(null);

/** Opens where a quantized model was dropped or chosen. */
function QuantizedDoor() {
  const files = useView((view) => view.quantized);
  if (!files) return null;
  return (
    <Suspense fallback={null}>
      <QuantizedDialog files={files} onClose={closeQuantized} />
    </Suspense>
  );
}

/** Opens where an encrypted file was dropped or chosen. */
function PassphraseDoor() {
  const locked = useView((view) => view.locked);
  if (!locked) return null;
  return (
    <Suspense fallback={null}>
      <PassphraseDialog key={locked.path} {...locked} />
    </Suspense>
  );
}

const closeFamily = () => actions.familyChosen(null);

/** Opens where a folder of models was dropped or chosen. */
function FamilyDoor() {
  const files = useView((view) => view.family);
  if (!files) return null;
  return (
    <Suspense fallback={null}>
      <FamilyDialog files={files} onClose={closeFamily} />
    </Suspense>
  );
}

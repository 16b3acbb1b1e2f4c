import { lazy, Suspense } from "react";
import { Docs } from "../../parts/Docs.tsx";
import { useView } from "../../state/useStudio.ts";
import { TourOffer } from "../../tour/TourOffer.tsx";
import { CalibrateStep } from "../calibrate/CalibrateStep.tsx";
import { DataStep } from "../data/DataStep.tsx";
import { ExportStep } from "../export/ExportStep.tsx";
import { ModelStep } from "../model/ModelStep.tsx";
import "./Centre.css";

const TuneStep = lazy(() => import("../tune/TuneStep.tsx"));

const VIEWS = {
  model: ModelStep,
  data: DataStep,
  calibrate: CalibrateStep,
  tune: TuneStep,
  export: ExportStep,
} as const;

/** The view of the step that the person is in. */
export function Centre() {
  const step = useView((view) => view.step);
  const View = VIEWS[step];
  return (
    <div className="centre" data-testid={`view-${step}`}>
      {step === "tune" ? null : <Docs screen={step} />}
      {step === "calibrate" ? <TourOffer /> : null}
      <Suspense fallback={<div className="skeleton fill" />}>
        <View />
      </Suspense>
    </div>
  );
}

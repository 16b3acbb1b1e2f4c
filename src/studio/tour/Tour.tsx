import { lazy, Suspense, useEffect } from "react";
import { useProject } from "../state/useStudio.ts";
import { leaveTour, useTour } from "./state.ts";

const TourCard = lazy(() => import("./TourCard.tsx"));

/** The tour while it runs; it ends with the model it runs on. */
export function Tour() {
  const open = useProject((project) => project.model?.file ?? null);
  const { file, at } = useTour();
  const gone = file !== null && file !== open;
  useEffect(() => {
    if (gone) leaveTour();
  }, [gone]);
  return at === null || gone ? null : (
    <Suspense>
      <TourCard at={at} />
    </Suspense>
  );
}

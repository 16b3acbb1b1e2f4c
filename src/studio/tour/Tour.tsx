import { lazy, Suspense, useEffect } from "react";
import { useStudio } from "../state/store.ts";
import { useTour } from "./state.ts";

const TourCard = lazy(() => import("./TourCard.tsx"));

/** The tour while it runs; it ends with the model it runs on. */
export function Tour() {
  const open = useStudio((state) => state.model?.file ?? null);
  const { file, at } = useTour();
  const gone = file !== null && file !== open;
  useEffect(() => {
    if (gone) useTour.setState({ file: null, at: null });
  }, [gone]);
  return at === null || gone ? null : (
    <Suspense>
      <TourCard at={at} />
    </Suspense>
  );
}

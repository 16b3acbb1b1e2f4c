import { useShallow } from "zustand/react/shallow";
import type { Facts } from "./steps.ts";
import { useStudio } from "./store.ts";

/** What the standing of the steps follows from. */
export function useFacts(): Facts {
  return useStudio(
    useShallow(({ model, data, samples, recipe, calibration, evaluation, exported }) => ({
      ...{ model, data, samples, recipe, calibration, evaluation, exported },
    })),
  );
}

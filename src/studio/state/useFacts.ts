import { useShallow } from "zustand/react/shallow";
import { type Facts, factsOf } from "./steps.ts";
import { useStudio } from "./useStudio.ts";

/** What the standing of the steps follows from. */
export function useFacts(): Facts {
  return useStudio(useShallow(factsOf));
}

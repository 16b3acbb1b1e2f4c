import { openSample } from "../state/sample.ts";
import { studio } from "../state/store.ts";
import { beginTour, isSample } from "./state.ts";

/** Starts the tour, on the sample project: another model that is open is closed for it. */
export async function startTour(): Promise<void> {
  if (!ready()) await openSample();
  if (ready()) beginTour();
}

function ready(): boolean {
  const { project } = studio.getState();
  return isSample(project) && project.data !== null;
}

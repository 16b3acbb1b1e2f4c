import { useProject } from "../state/useStudio.ts";
import { startTour } from "./start.ts";
import { endTour, useTour } from "./state.ts";
import "./Tour.css";

/** Asks once, on the sample project, whether the person wants to be shown around. */
export function TourOffer() {
  const open = useProject((project) => project.model?.file ?? null);
  const offered = useTour(({ file, at }) => file !== null && file === open && at === null);
  if (!offered) return null;
  return (
    <aside className="tour-offer" aria-label="Tour" data-testid="tour-offer">
      <span>New here? See how one setting ruins this model, and what saves it.</span>
      <button type="button" className="button primary" onClick={startTour} data-testid="tour-start">
        Take the tour (2 minutes)
      </button>
      <button type="button" className="button quiet" onClick={endTour} data-testid="tour-skip">
        Skip
      </button>
    </aside>
  );
}

import { Popover } from "radix-ui";
import { useEffect, useRef, useState } from "react";
import { useStore } from "zustand";
import { count } from "../../engine/values/figures.ts";
import { studio } from "../state/store.ts";
import { useWork } from "../state/useStudio.ts";
import { useNarrow } from "../views/frame/useNarrow.ts";
import { idle, PERFORM } from "./perform.ts";
import { endTour, goOn, useTour } from "./state.ts";
import { measuredBy, TOUR } from "./steps.ts";
import { useTarget } from "./useTarget.ts";
import "./Tour.css";

/** One step of the tour beside what it points at. The studio stays usable, and a step goes on once it was done. */
export default function TourCard({ at }: { readonly at: number }) {
  const step = TOUR[at]!;
  const state = useStore(studio);
  const seen = useTour((tour) => tour.seen);
  const narrow = useNarrow();
  const target = useTarget(step.targets(state));
  const { working, failed, perform } = usePerform(at);
  useAdvance(at);
  const anchor = useRef<Element | null>(null);
  anchor.current = target ?? document.querySelector("header");
  const busy = working || state.work.job !== null;
  const last = at === TOUR.length - 1;
  return (
    <Popover.Root open onOpenChange={(open) => !open && endTour()}>
      <Popover.Anchor virtualRef={anchor as { current: Element }} />
      <Popover.Portal>
        <Popover.Content
          className="tour-card"
          side={narrow ? "bottom" : step.side}
          sideOffset={10}
          collisionPadding={10}
          sticky="always"
          updatePositionStrategy="always"
          aria-labelledby="tour-title"
          data-testid="tour"
          data-step={at}
          onOpenAutoFocus={(event) => {
            event.preventDefault();
            (event.currentTarget as Element).querySelector<HTMLElement>(".primary")?.focus();
          }}
          onInteractOutside={(event) => event.preventDefault()}
          onCloseAutoFocus={(event) => event.preventDefault()}
        >
          <p className="muted small">
            Tour, {at + 1} of {TOUR.length}
          </p>
          <h2 id="tour-title">{step.title}</h2>
          <p role="status" data-testid="tour-text">
            {step.text(state, seen)}
          </p>
          {failed && !busy ? (
            <p className="failure" role="alert" data-testid="tour-failed">
              That did not come to its end. Do it again to go on.
            </p>
          ) : null}
          <div className="tour-ways">
            {last ? null : (
              <button type="button" className="button quiet" onClick={endTour} data-testid="tour-end">
                End the tour
              </button>
            )}
            {step.done ? (
              <button
                type="button"
                className="button primary"
                aria-disabled={working}
                onClick={() => !working && perform()}
                data-testid="tour-do"
              >
                {busy ? <Working /> : "Do it for me"}
              </button>
            ) : (
              <button
                type="button"
                className="button primary"
                onClick={last ? endTour : () => goOn(at, undefined, null)}
                data-testid="tour-next"
              >
                {last ? "Finish" : "Next"}
              </button>
            )}
          </div>
          <Popover.Arrow className="tour-arrow" />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function Working() {
  const progress = useWork((work) => work.job?.progress);
  return progress && progress.total > 0 ? `Working, ${count(progress.done)}/${count(progress.total)}` : "Working…";
}

/** Goes to the next step as soon as the state shows that this one was done, by whoever did it. */
function useAdvance(at: number): void {
  useEffect(() => {
    const { done, leaves } = TOUR[at]!;
    if (!done) return;
    const look = () => {
      const state = studio.getState();
      if (!done(state)) return;
      goOn(at, leaves, measuredBy(state));
    };
    const stop = studio.subscribe(look);
    look();
    return stop;
  }, [at]);
}

/** “Do it for me”, whether it is under way, and whether it or the person's own job ended without the step being done. */
function usePerform(at: number) {
  const [working, setWorking] = useState(false);
  const [failedAt, setFailedAt] = useState<number | null>(null);
  useEffect(
    () =>
      studio.subscribe((state, before) => {
        if (state.work.job !== null) setFailedAt(null);
        const alarmed =
          (state.work.alerts.at(-1)?.id ?? 0) > (before.work.alerts.at(-1)?.id ?? 0) || before.work.job?.cancelling;
        if (alarmed && !TOUR[at]?.done?.(state)) setFailedAt(at);
      }),
    [at],
  );
  const perform = async () => {
    setWorking(true);
    setFailedAt(null);
    await idle();
    if (useTour.getState().at === at) await PERFORM[at]?.();
    setWorking(false);
    if (useTour.getState().at === at) setFailedAt(at);
  };
  return { working, failed: failedAt === at, perform };
}

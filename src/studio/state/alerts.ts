import type { StudioState } from "./slices/studio.ts";
import type { Alert } from "./slices/work.ts";
import { awaitedOf } from "./steps.ts";
import { actions, studio } from "./store.ts";

/** How long what only informs stays on screen, milliseconds; it stays in the log. */
const READ_MS = 30_000;

/** Whether what an alert waits for has come about. */
const HAS_COME: Readonly<Record<Exclude<Alert["until"], null | "read">, (state: StudioState) => boolean>> = {
  model: ({ project }) => project.model !== null,
  samples: ({ project }) => project.data !== null,
  "samples to judge": ({ project: { data, samples } }) => data !== null && data.summary.samples > samples,
  calibration: ({ project }) => project.calibration !== null,
  idle: ({ work }) => work.job === null,
  "nothing awaited": ({ project: { recipe } }) => recipe === null || awaitedOf(recipe.present) === null,
};

/** The alerts whose cause is gone. */
export function passedAlerts(state: StudioState): readonly Alert[] {
  return state.work.alerts.filter(({ until }) => until !== null && until !== "read" && HAS_COME[until](state));
}

/** Lets go what has passed: once its cause is gone, or, where it only informs, after a time. Returns how to stop it. */
export function startPassing(): () => void {
  const timers = new Map<number, ReturnType<typeof setTimeout>>();
  const stop = studio.subscribe((state, before) => {
    for (const { id } of passedAlerts(state)) actions.alertDismissed(id);
    if (state.work.alerts === before.work.alerts) return;
    for (const { id, until } of state.work.alerts) {
      if (until === "read" && !timers.has(id))
        timers.set(
          id,
          setTimeout(() => actions.alertDismissed(id), READ_MS),
        );
    }
  });
  return () => {
    stop();
    for (const timer of timers.values()) clearTimeout(timer);
  };
}

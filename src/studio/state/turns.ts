import { studio } from "./store.ts";

let last: Promise<unknown> = Promise.resolve();

/** Opens what was given once all that was given before is open: what comes in the middle of that is not turned away. */
export function inTurn<R>(open: () => Promise<R>): Promise<R> {
  const turn = last.then(open);
  last = turn.catch(() => undefined);
  return turn;
}

/** Resolves when no job runs that settles the recipe, which no person asked for. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    const isRest = () => !studio.getState().work.job?.settles;
    if (isRest()) return resolve();
    const stop = studio.subscribe(() => {
      if (!isRest()) return;
      stop();
      resolve();
    });
  });
}

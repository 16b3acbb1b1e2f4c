import { InputError } from "../src/engine/model/job.ts";

const READY = "octet-alive";

/**
 * Called in a worker: holds the Web Lock of the worker's own name for as long as the worker lives, and tells whoever
 * started it. Web Locks are the one sign of a worker's death that the browser gives when it is killed.
 */
export function holdLifeline(): void {
  const hold = navigator.locks.request(self.name, () => {
    self.postMessage(READY);
    return new Promise(() => undefined);
  });
  // Where the browser gives pages no locks a worker that is killed is not missed.
  hold.catch(() => undefined);
}

/** How a worker ended: as one that ran, or without a start, since its script or what that imports could not be loaded. */
export type Ending = "ended" | "unloaded";

/** Resolves when the worker called `name`, which calls `holdLifeline`, has ended in whatever way. */
export function lockReleased(worker: Worker, name: string): Promise<Ending> {
  return new Promise((resolve) => {
    worker.addEventListener("error", (event) => resolve(event instanceof ErrorEvent ? "ended" : "unloaded"), {
      once: true,
    });
    const onMessage = ({ data }: MessageEvent) => {
      if (data !== READY) return;
      worker.removeEventListener("message", onMessage);
      navigator.locks.request(name, () => resolve("ended")).catch(() => undefined);
    };
    worker.addEventListener("message", onMessage);
  });
}

/** What to tell of a part of the studio whose script could not be loaded: no network, or a newer version took its place. */
export function notLoaded(part: string): InputError {
  return new InputError(
    `${part} could not be loaded: reload the page, with a network where it was not used before; what was done is kept.`,
  );
}

const READY = "octet-alive";

/**
 * Called in a worker: holds the Web Lock of the worker's own name for as long as the worker lives, and tells whoever
 * started it. Web Locks are the one sign of a worker's death that the browser gives when it is killed.
 */
export function holdLifeline(): void {
  void navigator.locks.request(self.name, () => {
    self.postMessage(READY);
    return new Promise(() => undefined);
  });
}

/** Resolves when the worker called `name`, which calls `holdLifeline`, has ended in whatever way. */
export function lockReleased(worker: Worker, name: string): Promise<void> {
  return new Promise((resolve) => {
    worker.addEventListener("error", () => resolve(), { once: true });
    const onMessage = ({ data }: MessageEvent) => {
      if (data !== READY) return;
      worker.removeEventListener("message", onMessage);
      void navigator.locks.request(name, () => resolve());
    };
    worker.addEventListener("message", onMessage);
  });
}

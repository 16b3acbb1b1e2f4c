import { proxy, type Remote, wrap } from "comlink";
import { Lifetime } from "../src/engine/model/lifetime.ts";
import { WorkerDied } from "../src/engine/model/runtime.ts";
import { lockReleased, notLoaded } from "./lifeline.ts";
import type { AnalysisApi, EngineApi, LayoutApi } from "./protocol.ts";

export { adoptLeft, deleteLeft, type LeftCalibration } from "./leftCalibrations.ts";
export { removeLeftovers } from "./leftovers.ts";
export { sharesMemory } from "./sharedMemory.ts";
export { Standing } from "./standing.ts";
export { proxy };

export type Door<Api> = Pick<Remote<Api>, keyof Remote<Api>>;

/** One worker and the only way to ask it anything: a call is answered, or rejects with WorkerDied. */
export interface WorkerHandle<Api> {
  readonly alive: boolean;
  call<R>(ask: (api: Door<Api>) => Promise<R>): Promise<R>;
  /** Resolves with the reason once the worker is gone, however it went; null where it never ran, which whoever asks it is told. */
  readonly death: Promise<string | null>;
  terminate(reason: string): void;
}

function supervise<Api>(worker: Worker, name: string): WorkerHandle<Api> {
  const remote = wrap<Api>(worker) as Door<Api>;
  let alive = true;
  let announceDeath: (reason: string | null) => void = () => {};
  const death = new Promise<string | null>((resolve) => {
    announceDeath = resolve;
  });
  const life = new Lifetime();

  const close = (error: Error, reason: string | null) => {
    if (!alive) return;
    alive = false;
    worker.terminate();
    life.end(error);
    announceDeath(reason);
  };
  const end = (reason: string) => close(new WorkerDied(reason), reason);
  worker.addEventListener("error", ({ message }) => {
    if (message) end(message);
  });
  lockReleased(worker, name).then((ending) => {
    if (ending === "unloaded") close(notLoaded("A part of Octet"), null);
    else end("it was ended from outside");
  });

  return {
    get alive() {
      return alive;
    },
    death,
    terminate: end,
    call: (ask) => life.within(() => ask(remote)),
  };
}

/** Starts the worker that runs jobs. */
export function startEngine(): WorkerHandle<EngineApi> {
  const name = `octet-engine-${crypto.randomUUID()}`;
  return supervise(new Worker(new URL("./engine.worker.ts", import.meta.url), { type: "module", name }), name);
}

/** Starts the worker that answers about statistics. */
export function startAnalysis(): WorkerHandle<AnalysisApi> {
  const name = `octet-analysis-${crypto.randomUUID()}`;
  return supervise(new Worker(new URL("./analysis.worker.ts", import.meta.url), { type: "module", name }), name);
}

/** Starts the worker that lays out graphs. */
export function startLayout(): WorkerHandle<LayoutApi> {
  const name = `octet-layout-${crypto.randomUUID()}`;
  return supervise(new Worker(new URL("./layout.worker.ts", import.meta.url), { type: "module", name }), name);
}

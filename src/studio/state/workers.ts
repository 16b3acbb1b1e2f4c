import { type Door, proxy, startAnalysis, startEngine, type WorkerHandle } from "../../../workers/client.ts";
import type { AnalysisApi, EngineApi } from "../../../workers/protocol.ts";
import { alarmFor, say } from "./log.ts";
import { samplesPart } from "./recipeParts.ts";
import { studio } from "./store.ts";

/** Keeps one worker running and gives a new one what the last one held before it is asked anything. */
function host<Api>(
  what: string,
  start: () => WorkerHandle<Api>,
  restore: (handle: WorkerHandle<Api>) => Promise<void>,
) {
  let handle: WorkerHandle<Api> | null = null;
  let closing: WorkerHandle<Api> | null = null;
  let restored: Promise<void> = Promise.resolve();

  const living = async (): Promise<WorkerHandle<Api>> => {
    if (!handle?.alive) {
      const fresh = start();
      handle = fresh;
      fresh.death.then((reason) => {
        if (fresh !== closing && reason !== null)
          say("warning", `${what} stopped (${reason}); a new one takes over and goes on.`);
      });
      restored = restore(fresh).catch((error: Error) => {
        if (fresh.alive) say("warning", `${what} could not take up what was open: ${error.message}`);
      });
    }
    const current = handle;
    await restored;
    return current;
  };
  return {
    get running() {
      return handle?.alive === true;
    },
    /** Asks the worker; rejects with WorkerDied when it ends before it answered. */
    async ask<R>(question: (api: Door<Api>) => Promise<R>): Promise<R> {
      return (await living()).call(question);
    },
    /** Tells a running worker something without starting one. */
    async tell(question: (api: Door<Api>) => Promise<void>): Promise<void> {
      if (handle?.alive) await handle.call(question).catch(() => {});
    },
    /** Ends a worker that hangs; the log says why. */
    end(reason: string): void {
      handle?.terminate(reason);
    },
    /** Ends the worker and gives its memory back. */
    close(): void {
      closing = handle;
      handle?.terminate("closed");
    },
  };
}

export const engine = host<EngineApi>("The engine", startEngine, async (handle) => {
  const { model, data, recipe } = studio.getState().project;
  if (model && recipe) {
    const { file, beside } = model;
    const { inputs } = recipe.present;
    await handle.call((api) =>
      api.open(
        file,
        file.name,
        beside,
        inputs,
        proxy(() => {}),
        proxy(() => {}),
      ),
    );
    if (data)
      await handle.call((api) =>
        api.setData(
          data.files,
          samplesPart(recipe.present),
          proxy(() => {}),
        ),
      );
  }
});

export const analysis = host<AnalysisApi>("The worker for estimates", startAnalysis, async (handle) => {
  const { model, calibration } = studio.getState().project;
  if (model && calibration) await handle.call((api) => api.load(model.plan, calibration.statistics));
});

/** Asks the engine something small beside the jobs; a failure is shown, and the answer is then null. */
export async function inquire<R>(task: string, question: (api: Door<EngineApi>) => Promise<R>): Promise<R | null> {
  try {
    return await engine.ask(question);
  } catch (error) {
    alarmFor(error, task);
    return null;
  }
}

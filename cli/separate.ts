import { freemem } from "node:os";
import type { ModelFile, Runtime, Session, SessionOptions } from "../src/engine/model/runtime.ts";
import type { Answers } from "./executor.worker.ts";
import { announced, announcedFeeds, bytesOf, executorProcess, giveBack, startAhead } from "./executorProcess.ts";

/**
 * The runtime, with another beside it that runs each model in a process of its own: what crashes there ends nothing else. With
 * `ahead` the process starts at once, while a model is opened.
 */
export function withSeparate(main: Runtime, ahead: boolean): Runtime {
  if (ahead) startAhead(1);
  const { label, maxThreads, provider } = main;
  const createSession = (file: ModelFile, options: SessionOptions) => openSession(main, file, options);
  return { ...main, separate: { label, maxThreads, provider, createSession, freeBytes } };
}

export function freeBytes(): number {
  return process.availableMemory?.() ?? freemem();
}

async function openSession(main: Runtime, file: ModelFile, options: SessionOptions): Promise<Session> {
  const executor = await executorProcess();
  let opened: Answers["open"];
  try {
    const given = announced(file, main);
    opened = await executor.ask({ kind: "open", model: given.model, options }, bytesOf([given]));
    file.linked?.assertSame();
  } catch (error) {
    await executor.end();
    throw error;
  }
  let lastRunTime = Number.NaN;
  return {
    ...opened,
    get lastRunTime() {
      return lastRunTime;
    },
    async run(given, fetches) {
      const { feeds, bytes } = announcedFeeds(given);
      const { outputs, time } = await executor.ask({ kind: "run", feeds, fetches }, bytes);
      lastRunTime = time;
      return outputs;
    },
    async dispose() {
      try {
        await executor.ask({ kind: "close" });
        await giveBack(executor);
      } catch {
        await executor.end();
      }
    },
  };
}

import { type ChildProcess, fork } from "node:child_process";
import { freemem } from "node:os";
import { fileURLToPath } from "node:url";
import { externalPart, passing } from "../src/engine/model/deferred.ts";
import { Lifetime } from "../src/engine/model/lifetime.ts";
import {
  type ModelFile,
  type Runtime,
  type Session,
  type SessionOptions,
  WorkerDied,
} from "../src/engine/model/runtime.ts";
import { type HandedOver, handOver } from "./handedOver.ts";
import type { Answer, Opened, Question, Ran } from "./separate.worker.ts";

interface Separate {
  readonly process: ChildProcess;
  readonly life: Lifetime;
  readonly ready: Promise<unknown>;
}

/** At most one process waits for a model to run; it does not keep this one alive. */
let idle: Separate | null = null;

/**
 * The runtime, with another beside it that runs each model in a process of its own: what crashes there ends nothing else. With
 * `ahead` the process starts at once, while a model is opened.
 */
export function withSeparate(main: Runtime, ahead: boolean): Runtime {
  if (ahead) idle ??= start();
  return {
    ...main,
    separate: {
      ...withoutObserver(main),
      createSession: (file, options) => createSession(main, file, options),
      freeBytes,
    },
  };
}

function withoutObserver({ label, maxThreads, provider }: Runtime): Omit<Runtime, "createSession"> {
  return { label, maxThreads, provider };
}

function freeBytes(): number {
  return process.availableMemory?.() ?? freemem();
}

function start(): Separate {
  const child = fork(fileURLToPath(new URL("./separate.worker.mjs", import.meta.url)), {
    execArgv: [],
    serialization: "advanced",
    stdio: ["pipe", "ignore", "ignore", "ipc"],
  });
  const life = new Lifetime();
  const separate = { process: child, life, ready: life.within(() => nextAnswer(child)) };
  separate.ready.catch(() => undefined);
  const end = () => child.kill("SIGKILL");
  process.once("exit", end);
  const died = (reason: string) => {
    process.off("exit", end);
    life.end(new WorkerDied(`The process of ONNX Runtime ended (${reason})`));
    if (idle === separate) idle = null;
  };
  child.on("error", ({ message }) => died(message));
  child.on("exit", (code, signal) => died(signal ?? `exit code ${code}`));
  // What a process that dies has not read is no news.
  child.stdin!.on("error", () => undefined);
  hold(separate, false);
  return separate;
}

/** Whether this process waits for the other one. */
function hold({ process: child }: Separate, waits: boolean): void {
  const stdin = child.stdin as typeof child.stdin & { ref(): void; unref(): void };
  for (const each of [child, child.channel, stdin]) each?.[waits ? "ref" : "unref"]();
}

async function nextAnswer(child: ChildProcess): Promise<Opened | Ran | null> {
  const answer = await new Promise<Answer>((resolve) => {
    child.once("message", (message) => resolve(message as Answer));
  });
  if ("error" in answer) throw new Error(answer.error);
  return answer.value;
}

function ask(separate: Separate, question: Question, bytes: Iterable<Uint8Array> = []): Promise<Opened | Ran | null> {
  const { process: child, life } = separate;
  return life.within(async () => {
    const answer = nextAnswer(child);
    child.send(question, () => undefined);
    for (const part of bytes) {
      await new Promise<void>((resolve) => {
        child.stdin!.write(part, () => resolve());
      });
    }
    return answer;
  });
}

async function createSession(main: Runtime, file: ModelFile, options: SessionOptions): Promise<Session> {
  const separate = idle ?? start();
  idle = null;
  hold(separate, true);
  let opened: Opened;
  try {
    await separate.ready;
    opened = await open(separate, handOver(file, main), options);
    file.linked?.assertSame();
  } catch (error) {
    leave(separate, error);
    throw error;
  }
  let lastRunTime = Number.NaN;
  return {
    ...opened,
    get lastRunTime() {
      return lastRunTime;
    },
    async run(feeds, fetches) {
      const { outputs, time } = (await ask(separate, { kind: "run", feeds, fetches })) as Ran;
      lastRunTime = time;
      return outputs;
    },
    async dispose() {
      const failure = await ask(separate, { kind: "close" }).catch((error: unknown) => error);
      leave(separate, failure);
    },
  };
}

async function open(separate: Separate, file: HandedOver, options: SessionOptions): Promise<Opened> {
  const { graph, external, aliases, folder } = file;
  const parts = external.map(externalPart);
  const sizes = external.map(({ path }, at) => ({ path, bytes: parts[at]!.byteLength }));
  const question = { kind: "open", graph: graph.byteLength, external: sizes, aliases, folder, options } as const;
  return (await ask(separate, question, passing([graph, ...parts]))) as Opened;
}

/** A process that lives waits for the next model, unless another does. */
function leave(separate: Separate, failure: unknown): void {
  if (failure instanceof WorkerDied) return;
  hold(separate, false);
  if (idle) separate.process.kill();
  else idle = separate;
}

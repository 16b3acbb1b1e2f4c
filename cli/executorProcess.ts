import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { externalPart, type Part, passing } from "../src/engine/model/deferred.ts";
import { Lifetime } from "../src/engine/model/lifetime.ts";
import { type ModelFile, type Runtime, WorkerDied } from "../src/engine/model/runtime.ts";
import type { TensorMap } from "../src/engine/model/tensor.ts";
import type { Announced, AnnouncedFeeds, Answers, Question, Told } from "./executor.worker.ts";
import { handOver } from "./handedOver.ts";

/** ONNX Runtime in a process of its own: what crashes there ends nothing else. It does not keep this one alive while it waits. */
export interface ExecutorProcess {
  readonly ready: Promise<unknown>;
  /** Asks for something, once what was asked before is answered. Rejects with WorkerDied where the process ends first. */
  ask<K extends Question["kind"]>(
    question: Extract<Question, { kind: K }>,
    bytes?: Iterable<Uint8Array>,
  ): Promise<Answers[K]>;
  /** Whether this process waits for it. */
  hold(waits: boolean): void;
  /** Ends it; its memory is given back by then. */
  end(): Promise<void>;
}

/** Those that wait for a model. */
const idle: ExecutorProcess[] = [];

/** Has so many wait, started at once where they are missing. */
export function startAhead(count: number): void {
  while (idle.length < count) idle.push(start());
}

/** One that waited, or a new one, ready and held. */
export function executorProcess(): Promise<ExecutorProcess> {
  return held(idle.shift() ?? start());
}

/** One that has run nothing before, ready and held. */
export function newExecutorProcess(): Promise<ExecutorProcess> {
  return held(start());
}

async function held(executor: ExecutorProcess): Promise<ExecutorProcess> {
  executor.hold(true);
  await executor.ready;
  return executor;
}

/** Gives one back that has lived; it waits for the next model, unless another does. */
export async function giveBack(executor: ExecutorProcess): Promise<void> {
  if (idle.length > 0) return executor.end();
  executor.hold(false);
  idle.push(executor);
}

/** A model as it is announced to a process that opens it on the same runtime, and its bytes. */
export function announced(file: ModelFile, runtime: Runtime): { readonly model: Announced; readonly parts: Part[] } {
  const { graph, external, aliases, folder } = handOver(file, runtime);
  const parts = external.map(externalPart);
  const sizes = external.map(({ path }, at) => ({ path, bytes: parts[at]!.byteLength }));
  return { model: { graph: graph.byteLength, external: sizes, aliases, folder }, parts: [graph, ...parts] };
}

/** The inputs of a run as they are announced, and their bytes. */
export function announcedFeeds(feeds: TensorMap): { readonly feeds: AnnouncedFeeds; readonly bytes: Uint8Array[] } {
  const tensors = [...feeds].map(([name, { type, dims, data }]) => ({
    tensor: { name, type, dims, bytes: data.byteLength },
    bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  }));
  return { feeds: tensors.map(({ tensor }) => tensor), bytes: tensors.map(({ bytes }) => bytes) };
}

function start(): ExecutorProcess {
  const child = fork(fileURLToPath(new URL("./executor.worker.mjs", import.meta.url)), {
    execArgv: [],
    serialization: "advanced",
    stdio: ["pipe", "ignore", "ignore", "ipc"],
  });
  const life = new Lifetime();
  const kill = () => child.kill("SIGKILL");
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  let before: Promise<unknown> = Promise.resolve();
  const executor: ExecutorProcess = {
    ready: life.within(() => nextAnswer(child)),
    ask<K extends Question["kind"]>(question: Extract<Question, { kind: K }>, bytes: Iterable<Uint8Array> = []) {
      const answer = life.within(() => before.then(() => asked<K>(child, question, bytes)));
      before = answer.catch(() => undefined);
      return answer;
    },
    hold: (waits) => hold(child, waits),
    async end() {
      kill();
      await ended;
    },
  };
  executor.ready.catch(() => undefined);
  process.once("exit", kill);
  const died = (reason: string) => {
    process.off("exit", kill);
    life.end(new WorkerDied(`The process of ONNX Runtime ended (${reason})`));
    if (idle.includes(executor)) idle.splice(idle.indexOf(executor), 1);
  };
  child.on("error", ({ message }) => died(message));
  child.on("exit", (code, signal) => died(signal ?? `exit code ${code}`));
  // Written at once and not as the event loop gets to it: else the process waits for a picture until the next is decoded.
  const { _handle: handle } = child.stdin as typeof child.stdin & {
    _handle?: { setBlocking?(blocking: boolean): void };
  };
  handle?.setBlocking?.(true);
  // What a process that dies has not read is no news.
  child.stdin!.on("error", () => undefined);
  hold(child, false);
  return executor;
}

function hold(child: ChildProcess, waits: boolean): void {
  const stdin = child.stdin as typeof child.stdin & { ref(): void; unref(): void };
  for (const each of [child, child.channel, stdin]) each?.[waits ? "ref" : "unref"]();
}

async function nextAnswer<K extends keyof Answers>(child: ChildProcess): Promise<Answers[K]> {
  const told = await new Promise<Told>((resolve) => {
    child.once("message", (message) => resolve(message as Told));
  });
  if ("error" in told) throw new Error(told.error);
  return told.value as Answers[K];
}

async function asked<K extends keyof Answers>(
  child: ChildProcess,
  question: Question,
  bytes: Iterable<Uint8Array>,
): Promise<Answers[K]> {
  const answer = nextAnswer<K>(child);
  child.send(question, () => undefined);
  for (const part of bytes) {
    await new Promise<void>((resolve) => {
      child.stdin!.write(part, () => resolve());
    });
  }
  return answer;
}

/** The bytes of models, one after the other. */
export const bytesOf = (models: readonly { readonly parts: Part[] }[]) => passing(models.flatMap(({ parts }) => parts));

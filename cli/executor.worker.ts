import { openObserving } from "../src/engine/calibration/observing.ts";
import { type PackedStatistics, packStatistics } from "../src/engine/calibration/packedStatistics.ts";
import type { ObservationPlan, ObserverSession, Session, SessionOptions } from "../src/engine/model/runtime.ts";
import type { Port, Tensor, TensorMap } from "../src/engine/model/tensor.ts";
import { nodeOrWasm } from "../src/engine/runtime/nodeOrWasm.ts";
import { arrayOf, type DataType } from "../src/engine/values/elementTypes.ts";
import { type HandedOver, takeOver } from "./handedOver.ts";
import { peakOf } from "./peak.ts";

/** A model that is handed over, but for its bytes: they follow on stdin, of each model the graph first. */
export interface Announced extends Pick<HandedOver, "aliases" | "folder"> {
  readonly graph: number;
  readonly external: readonly { readonly path: string; readonly bytes: number }[];
}

/** The inputs of a run, whose bytes follow on stdin as those of models do. */
export type AnnouncedFeeds = readonly {
  readonly name: string;
  readonly type: DataType;
  readonly dims: readonly number[];
  readonly bytes: number;
}[];

/** What is asked of the process, one after the other: one model at a time, to run or to observe. */
export type Question =
  | { readonly kind: "open"; readonly model: Announced; readonly options: SessionOptions }
  | { readonly kind: "run"; readonly feeds: AnnouncedFeeds; readonly fetches: readonly string[] | undefined }
  | { readonly kind: "close" }
  | {
      readonly kind: "openObserver";
      readonly pieces: readonly Announced[];
      readonly plan: ObservationPlan;
      readonly threads: number;
    }
  | { readonly kind: "observe"; readonly feeds: AnnouncedFeeds; readonly samples: readonly number[] }
  | { readonly kind: "take" }
  | { readonly kind: "peak"; readonly model: Announced; readonly feeds: AnnouncedFeeds; readonly threads: number };

/** By the kind of question. */
export interface Answers {
  readonly open: { readonly inputs: readonly Port[]; readonly outputs: readonly Port[] };
  readonly run: { readonly outputs: TensorMap; readonly time: number };
  readonly close: null;
  readonly openObserver: null;
  /** Milliseconds that the run took. */
  readonly observe: number;
  readonly take: PackedStatistics;
  /** Bytes of memory. */
  readonly peak: number;
}

export type Told = { readonly value: Answers[keyof Answers] } | { readonly error: string };

const { runtime } = await nodeOrWasm();
let session: Session | null = null;
let observer: ObserverSession | null = null;
let left = Buffer.alloc(0);
/** What came, kept where what a model takes is measured: memory that is given back would hold it. */
let held: Buffer[] | null = null;
const parts = process.stdin[Symbol.asyncIterator]();

async function read(bytes: number): Promise<Uint8Array> {
  const whole = new Uint8Array(bytes);
  let at = 0;
  while (at < bytes) {
    if (left.length === 0) left = (await parts.next()).value;
    held?.push(left);
    const part = left.subarray(0, bytes - at);
    whole.set(part, at);
    at += part.length;
    left = left.subarray(part.length);
  }
  return whole;
}

async function modelOf(announced: Announced) {
  const graph = await read(announced.graph);
  const external: { path: string; data: Uint8Array }[] = [];
  for (const { path, bytes } of announced.external) external.push({ path, data: await read(bytes) });
  const { aliases, folder } = announced;
  return takeOver({ graph, external, folder, ...(aliases && { aliases }) });
}

async function feedsOf(announced: AnnouncedFeeds): Promise<TensorMap> {
  const feeds = new Map<string, Tensor>();
  for (const { name, type, dims, bytes } of announced) {
    const { buffer } = await read(bytes);
    const Data = arrayOf(type);
    feeds.set(name, { type, dims, data: new Data(buffer as ArrayBuffer) });
  }
  return feeds;
}

async function answer(question: Question): Promise<Answers[keyof Answers]> {
  switch (question.kind) {
    case "run":
      return {
        outputs: await session!.run(await feedsOf(question.feeds), question.fetches),
        time: session!.lastRunTime,
      };
    case "observe":
      await observer!.observe(await feedsOf(question.feeds), question.samples);
      return observer!.lastRunTime;
    case "take":
      return packStatistics(await observer!.take());
    case "openObserver": {
      const pieces = [];
      for (const piece of question.pieces) pieces.push(await modelOf(piece));
      observer = await openObserving(runtime, pieces, question.plan, question.threads);
      return null;
    }
    case "peak": {
      held = [];
      const model = await modelOf(question.model);
      const feeds = await feedsOf(question.feeds);
      return peakOf(async () => {
        session = await runtime.createSession(model, { threads: question.threads });
        await session.run(feeds);
      });
    }
    case "close":
    case "open":
      await session?.dispose();
      session = null;
      if (question.kind === "close") return null;
      session = await runtime.createSession(await modelOf(question.model), question.options);
      return { inputs: session.inputs, outputs: session.outputs };
  }
}

process.on("message", async (question: Question) => {
  let told: Told;
  try {
    told = { value: await answer(question) };
  } catch (error) {
    told = { error: error instanceof Error ? error.message : String(error) };
  }
  process.send!(told);
});
process.on("disconnect", () => process.exit());
// Who started this process decides what a cancelled command still does.
process.on("SIGINT", () => undefined);
process.send!({ value: null } satisfies Told);

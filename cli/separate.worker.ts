import type { SessionOptions } from "../src/engine/model/runtime.ts";
import type { Port, TensorMap } from "../src/engine/model/tensor.ts";
import { nodeOrWasm } from "../src/engine/runtime/nodeOrWasm.ts";
import { type HandedOver, takeOver } from "./handedOver.ts";

/** What is asked of the process, one after the other. The bytes of a model follow on stdin, the graph first. */
export type Question =
  | {
      readonly kind: "open";
      readonly graph: number;
      readonly external: readonly { readonly path: string; readonly bytes: number }[];
      readonly aliases: HandedOver["aliases"];
      readonly folder: HandedOver["folder"];
      readonly options: SessionOptions;
    }
  | { readonly kind: "run"; readonly feeds: TensorMap; readonly fetches: readonly string[] | undefined }
  | { readonly kind: "close" };

export interface Opened {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

export interface Ran {
  readonly outputs: TensorMap;
  readonly time: number;
}

export type Answer = { readonly value: Opened | Ran | null } | { readonly error: string };

const { runtime } = await nodeOrWasm();
let session: Awaited<ReturnType<typeof runtime.createSession>> | null = null;
let left = Buffer.alloc(0);
const parts = process.stdin[Symbol.asyncIterator]();

async function read(bytes: number): Promise<Uint8Array> {
  const whole = new Uint8Array(bytes);
  let at = 0;
  while (at < bytes) {
    if (left.length === 0) left = (await parts.next()).value;
    const part = left.subarray(0, bytes - at);
    whole.set(part, at);
    at += part.length;
    left = left.subarray(part.length);
  }
  return whole;
}

async function answer(question: Question): Promise<Opened | Ran | null> {
  if (question.kind === "run") {
    const outputs = await session!.run(question.feeds, question.fetches);
    return { outputs, time: session!.lastRunTime };
  }
  await session?.dispose();
  session = null;
  if (question.kind === "close") return null;
  const graph = await read(question.graph);
  const external: { path: string; data: Uint8Array }[] = [];
  for (const { path, bytes } of question.external) external.push({ path, data: await read(bytes) });
  const { aliases, folder, options } = question;
  session = await runtime.createSession(takeOver({ graph, external, folder, ...(aliases && { aliases }) }), options);
  return { inputs: session.inputs, outputs: session.outputs };
}

process.on("message", async (question: Question) => {
  let told: Answer;
  try {
    told = { value: await answer(question) };
  } catch (error) {
    told = { error: error instanceof Error ? error.message : String(error) };
  }
  process.send!(told);
});
process.on("disconnect", () => process.exit());
process.send!({ value: null } satisfies Answer);

import type { Browser, CDPSession } from "@playwright/test";

export interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly dur?: number;
  readonly tdur?: number;
  readonly tid: number;
  readonly pid: number;
  readonly args?: { readonly name?: string };
}

const CATEGORIES = ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline"];

/** A task of the main thread of a page, in milliseconds of the clock and of processor time. */
export interface LongestTask {
  readonly clock: number;
  readonly processor: number;
}

/** The longest tasks that pages' main threads had while `work` was done. */
export async function longestTask(browser: Browser, work: () => Promise<void>): Promise<LongestTask> {
  const client = await browser.newBrowserCDPSession();
  const { events } = await traced(client, CATEGORIES, work);
  await client.detach();
  const main = new Set(
    events
      .filter(({ name, args }) => name === "thread_name" && args?.name === "CrRendererMain")
      .map(({ pid, tid }) => `${pid} ${tid}`),
  );
  let clock = 0;
  let processor = 0;
  for (const { name, ph, pid, tid, dur = 0, tdur = 0 } of events) {
    if (ph !== "X" || !name.endsWith("RunTask") || !main.has(`${pid} ${tid}`)) continue;
    clock = Math.max(clock, dur / 1000);
    processor = Math.max(processor, tdur / 1000);
  }
  return { clock, processor };
}

/** What Chromium traces of some categories while `work` is done. */
export async function traced<T>(
  client: CDPSession,
  includedCategories: string[],
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly events: readonly TraceEvent[] }> {
  const events: TraceEvent[] = [];
  client.on("Tracing.dataCollected", ({ value }) => events.push(...(value as unknown as TraceEvent[])));
  await client.send("Tracing.start", { transferMode: "ReportEvents", traceConfig: { includedCategories } });
  const result = await work();
  const complete = new Promise((resolve) => client.once("Tracing.tracingComplete", resolve));
  await client.send("Tracing.end");
  await complete;
  return { result, events };
}

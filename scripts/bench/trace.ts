import type { Browser, CDPSession } from "@playwright/test";

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly dur?: number;
  readonly tdur?: number;
  readonly tid: number;
  readonly pid: number;
  readonly args?: { readonly name?: string };
}

/** A task of the main thread of a page, in milliseconds of the clock and of processor time. */
export interface LongestTask {
  readonly clock: number;
  readonly processor: number;
}

/** The longest tasks that pages' main threads had while `work` was done. */
export async function longestTask(browser: Browser, work: () => Promise<void>): Promise<LongestTask> {
  const client = await browser.newBrowserCDPSession();
  const events = await traced(client, work);
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

async function traced(client: CDPSession, work: () => Promise<void>): Promise<TraceEvent[]> {
  const events: TraceEvent[] = [];
  client.on("Tracing.dataCollected", ({ value }) => events.push(...(value as unknown as TraceEvent[])));
  const includedCategories = ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline"];
  await client.send("Tracing.start", { transferMode: "ReportEvents", traceConfig: { includedCategories } });
  await work();
  const complete = new Promise((resolve) => client.once("Tracing.tracingComplete", resolve));
  await client.send("Tracing.end");
  await complete;
  return events;
}

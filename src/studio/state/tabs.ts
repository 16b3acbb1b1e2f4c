import { say } from "./log.ts";
import { actions } from "./store.ts";

/** A page that was just left may still hold its lock. */
const LEFT_MS = 300;
/** A tab that does not answer for so long is frozen. */
const PATIENCE_MS = 1000;
const CHANNEL = "octet-projects";

interface Held {
  readonly sha256: string;
  readonly release: () => void;
}

/** Stores what is due; the tab stores nothing after it. */
type Finish = () => Promise<unknown>;

let held: Held | null = null;
let unheld: string | null = null;
let channel: BroadcastChannel | null = null;

/** Whether this tab may store: it is the one that keeps the open model's session, or no model is open. */
export function isKeeper(): boolean {
  return unheld === null;
}

/** Makes this tab the one that keeps the session of a model, unless another tab is, which the person is told. */
export async function claim(sha256: string): Promise<void> {
  if (held?.sha256 === sha256 || unheld === sha256) return;
  release();
  if (await request(sha256, { signal: AbortSignal.timeout(LEFT_MS) })) return;
  unheld = sha256;
  actions.keptElsewhere("open");
}

/** Leaves the session to whoever opens its model next. */
export function release(): void {
  held?.release();
  held = null;
  unheld = null;
  actions.keptElsewhere(null);
}

/**
 * Makes this tab the keeper of the model that it does not keep: the tab that was stores what is due, is told, and stores nothing more. One
 * that does not answer loses it all the same. False where there is nothing to take over.
 */
export async function takeOver(): Promise<boolean> {
  const sha256 = unheld;
  if (sha256 === null) return false;
  talk().postMessage(sha256);
  if (!(await request(sha256, { signal: AbortSignal.timeout(PATIENCE_MS) }))) await request(sha256, { steal: true });
  unheld = null;
  actions.keptElsewhere(null);
  return true;
}

/** Gives the session over when another tab asks for it, once what is due is stored. Returns how to stop that. */
export function giveOver(finish: Finish): () => void {
  const listening = talk();
  const answer = async ({ data }: MessageEvent<string>) => {
    if (held?.sha256 !== data) return;
    await finish();
    lose(data);
  };
  listening.addEventListener("message", answer);
  return () => listening.removeEventListener("message", answer);
}

function talk(): BroadcastChannel {
  channel ??= new BroadcastChannel(CHANNEL);
  return channel;
}

function lose(sha256: string): void {
  if (held?.sha256 !== sha256) return;
  unheld = sha256;
  held.release();
  held = null;
  actions.keptElsewhere("taken");
  say("warning", "Another tab took the session over: what is done here is no longer kept.");
}

/** Whether the lock of a model was granted; a browser that has none to give keeps tabs apart no more than it can. */
async function request(sha256: string, options: LockOptions): Promise<boolean> {
  const locks = globalThis.navigator?.locks;
  if (!locks) return true;
  return new Promise((resolve) => {
    let isGranted = false;
    const hold = () => {
      isGranted = true;
      return new Promise<void>((free) => {
        held = { sha256, release: free };
        resolve(true);
      });
    };
    locks.request(`octet-project-${sha256}`, options, hold).catch((error: Error) => {
      if (isGranted) lose(sha256);
      else resolve(error.name !== "AbortError" && error.name !== "TimeoutError");
    });
  });
}

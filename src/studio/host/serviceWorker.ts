import { messageSW, Workbox } from "workbox-window";
import type { HostAnswer, HostQuestion } from "../../../workers/hostProtocol.ts";
import { flush } from "../state/persistence.ts";
import { actions } from "../state/store.ts";

const RELOADED = "octet-reloaded";

let registration: ServiceWorkerRegistration | undefined;

/**
 * Makes the page one that its browser isolates and holds to the policy, by a service worker where the host sends no
 * headers: a page may have threads only then, and a worker's policy comes from the worker's own response. False when the
 * page is being reloaded for it, and is to start nothing.
 */
export async function governed(say: (text: string) => void): Promise<boolean> {
  if (import.meta.env.DEV) return true;
  if (crossOriginIsolated) {
    remember(false);
    whenIdle(() => keep().catch(() => undefined));
    return true;
  }
  say("Octet keeps its files in this browser, and then loads once more.");
  const refused = await lacking();
  if (refused === null) {
    location.reload();
    return false;
  }
  actions.doneWithout(`${refused}, so a worker has one thread, and the browser does not hold workers to the policy.`);
  return true;
}

/** Why no service worker governs the page; null once one does, from the next load on. */
async function lacking(): Promise<string | null> {
  const cause = "The host sends no COOP and COEP headers, and";
  if (!navigator.serviceWorker) return `${cause} this window has no service workers (private, or not https)`;
  if (hasReloaded()) return `${cause} the browser does not take them from a service worker`;
  try {
    await keep();
    await navigator.serviceWorker.ready;
    return remember(true) ? null : `${cause} this window keeps nothing`;
  } catch (error) {
    return `${cause} the service worker that would was not taken (${(error as Error).message})`;
  }
}

/** Registers the service worker, which keeps the studio's files, and learns of newer versions. Rejects when it cannot. */
async function keep(): Promise<void> {
  const workbox = new Workbox("./service.js", { updateViaCache: "none" });
  const failed = new Promise<never>((_, reject) => {
    workbox.addEventListener("redundant", () => reject(new Error("its files could not be kept")));
  });
  workbox.addEventListener("waiting", () => actions.newerFound());
  workbox.addEventListener("controlling", ({ isUpdate }) => {
    if (isUpdate) location.reload();
  });
  registration = await workbox.register({ immediate: true });
  const active = await Promise.race([navigator.serviceWorker.ready, failed]);
  const kept = active.active && (await ask(active.active, "bytes"));
  if (kept && "bytes" in kept) actions.keptForOffline(kept.bytes);
}

/** Reloads the page with the newer version, unless other pages still run this one: theirs would lose its files. */
export async function takeNewer(): Promise<void> {
  if (!registration?.waiting) return;
  await flush();
  const answer = await ask(registration.waiting, "update");
  if ("others" in answer) actions.othersFound(answer.others);
}

function ask(worker: ServiceWorker, question: HostQuestion): Promise<HostAnswer> {
  return messageSW(worker, question as unknown as object);
}

function whenIdle(then: () => void): void {
  if (document.readyState === "complete") setTimeout(then);
  else addEventListener("load", () => setTimeout(then), { once: true });
}

function hasReloaded(): boolean {
  try {
    return sessionStorage.getItem(RELOADED) !== null;
  } catch {
    return false;
  }
}

/** False where the window does not even keep that, and would be reloaded forever. */
function remember(isReloading: boolean): boolean {
  try {
    if (isReloading) sessionStorage.setItem(RELOADED, "yes");
    else sessionStorage.removeItem(RELOADED);
    return true;
  } catch {
    return false;
  }
}

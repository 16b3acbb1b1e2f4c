import { afterEach, beforeEach, expect, test, vi } from "vitest";

interface Waiting {
  readonly callback: () => Promise<void>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Web Locks as far as tabs use them: one holder a name, waiting with a signal, stealing. */
function fakeLocks() {
  const holders = new Map<string, Waiting>();
  const waiting = new Map<string, Waiting[]>();
  const grant = (name: string, one: Waiting) => {
    holders.set(name, one);
    void one.callback().then((value) => {
      if (holders.get(name) !== one) return;
      holders.delete(name);
      one.resolve(value);
      const next = waiting.get(name)?.shift();
      if (next) grant(name, next);
    });
  };
  const request = (name: string, { signal, steal }: LockOptions, callback: () => Promise<void>) =>
    new Promise((resolve, reject) => {
      const one = { callback, resolve, reject };
      const holder = holders.get(name);
      if (holder && steal) holder.reject(new DOMException("stolen", "AbortError"));
      if (!holder || steal) return grant(name, one);
      const queue = waiting.get(name) ?? [];
      waiting.set(name, [...queue, one]);
      signal?.addEventListener("abort", () => {
        if (!waiting.get(name)?.includes(one)) return;
        waiting.set(
          name,
          waiting.get(name)!.filter((other) => other !== one),
        );
        reject(signal.reason);
      });
    });
  return { request };
}

/** A tab with modules of its own. */
async function tab() {
  vi.resetModules();
  const tabs = await import("./tabs.ts");
  const { studio } = await import("./store.ts");
  return { ...tabs, elsewhere: () => studio.getState().work.elsewhere };
}

beforeEach(() => {
  vi.stubGlobal("navigator", { locks: fakeLocks() });
});
afterEach(() => vi.unstubAllGlobals());

test("the first tab on a model keeps it, and gives it over with what was due when the second takes over", async () => {
  const [first, second] = [await tab(), await tab()];
  const due: string[] = [];
  const stops = [
    first.giveOver(async () => due.push(first.isKeeper() ? "stored as keeper" : "too late")),
    second.giveOver(async () => due.push("of the second")),
  ];
  await first.claim("ab");
  await second.claim("ab");
  expect([first.isKeeper(), second.isKeeper()]).toEqual([true, false]);
  expect([first.elsewhere(), second.elsewhere()]).toEqual([null, "open"]);

  expect(await second.takeOver()).toBe(true);
  expect(due).toEqual(["stored as keeper"]);
  expect([first.isKeeper(), second.isKeeper()]).toEqual([false, true]);
  expect([first.elsewhere(), second.elsewhere()]).toEqual(["taken", null]);
  for (const stop of stops) stop();
});

test("a tab that does not answer loses the session, and one that is closed leaves it to the next", async () => {
  const [frozen, second, third] = [await tab(), await tab(), await tab()];
  await frozen.claim("ab");
  await second.claim("ab");
  await second.takeOver();
  await vi.waitFor(() => expect(frozen.elsewhere()).toBe("taken"));
  second.release();
  await third.claim("ab");
  await third.claim("other");
  expect([third.isKeeper(), third.elsewhere()]).toEqual([true, null]);
});

test("a browser that gives no locks keeps as it can", async () => {
  const refused = { request: async () => Promise.reject(new DOMException("denied", "SecurityError")) };
  vi.stubGlobal("navigator", { locks: refused });
  const only = await tab();
  await only.claim("ab");
  expect([only.isKeeper(), only.elsewhere(), await only.takeOver()]).toEqual([true, null, false]);
});

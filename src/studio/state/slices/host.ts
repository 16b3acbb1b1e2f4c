import type { Changes } from "./slice.ts";

/** What the page's service worker gives it, and what the page does without. */
export interface Host {
  /** Bytes of the studio's own files that this browser keeps, to start without a network; null while it keeps none. */
  readonly kept: number | null;
  /** Why the page has neither threads nor a policy for its workers; null where it has both. */
  readonly without: string | null;
  /** Whether a newer version is kept and waits for the page to reload. */
  readonly isNewer: boolean;
  /** How many other pages still run this version, when the newer one was asked for. */
  readonly others: number;
}

export const NO_HOST: Host = { kept: null, without: null, isNewer: false, others: 0 };

export const hostChanges = {
  keptForOffline: (_, kept: number) => ({ kept }),
  doneWithout: (_, without: string) => ({ without }),
  newerFound: () => ({ isNewer: true }),
  othersFound: (_, others: number) => ({ others }),
} satisfies Changes<Host>;

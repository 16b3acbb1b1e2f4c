/** A browser with one page, driven by what is evaluated in it. */
export interface Driver {
  /** Name and version, as it says itself. */
  readonly label: string;
  open(address: string): Promise<void>;
  /** The value of a JavaScript expression in the page, or what its promise comes to. */
  evaluate<T>(expression: string): Promise<T>;
  /** What the page wrote to its console as an error, or threw; null where the browser does not tell. */
  readonly errors: readonly string[] | null;
  /** Where its downloads go; null where they cannot be had. */
  readonly downloads: string | null;
  screenshot(path: string): Promise<void>;
  close(): Promise<void>;
}

/** A browser that cannot run here, and the reason. */
export class Missing extends Error {}

/** Asks again until the answer is not false, or throws what was waited for. */
export async function until<T>(what: string, ask: () => Promise<T | false | null>, patience = 600_000): Promise<T> {
  const end = performance.now() + patience;
  for (;;) {
    const answer = await ask();
    if (answer !== false && answer !== null) return answer;
    if (performance.now() > end) throw new Error(`After ${patience / 1000} s there was still not: ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

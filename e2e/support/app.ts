import { type BrowserContext, test as base, expect, type Page } from "@playwright/test";

interface Observed {
  /** Console errors and uncaught exceptions, workers included. */
  readonly errors: string[];
  /** Addresses asked for outside the page's own origin. */
  readonly foreignRequests: string[];
}

interface Fixtures {
  readonly observed: Observed;
  /** A page of another, empty profile, watched like the first. */
  readonly otherPage: Page;
}

function watch(context: BrowserContext, baseURL: string | undefined, observed: Observed): void {
  const note = (url: string) => {
    const { protocol, origin } = new URL(url);
    if (protocol !== "blob:" && protocol !== "data:" && origin !== baseURL) observed.foreignRequests.push(url);
  };
  context.on("request", (request) => note(request.url()));
  context.on("page", (page) => page.on("websocket", (socket) => note(socket.url())));
  context.on("console", (message) => {
    if (message.type() === "error") observed.errors.push(message.text());
  });
  context.on("weberror", (error) => observed.errors.push(error.error().message));
}

/**
 * Playwright's test, with every page watched. A test fails when a request went anywhere but to the page's own origin,
 * or when `observed.errors` is not empty at its end: a test that provokes an error removes it.
 */
export const test = base.extend<Fixtures>({
  observed: [
    async ({ context, baseURL }, use) => {
      const observed: Observed = { errors: [], foreignRequests: [] };
      watch(context, baseURL, observed);
      await use(observed);
      expect(observed.foreignRequests).toEqual([]);
      expect(observed.errors).toEqual([]);
    },
    { auto: true },
  ],
  otherPage: async ({ browser, contextOptions, viewport, baseURL, observed }, use) => {
    const context = await browser.newContext({ ...contextOptions, viewport, ...(baseURL && { baseURL }) });
    watch(context, baseURL, observed);
    await use(await context.newPage());
    await context.close();
  },
});

export { expect };

import { gzipSync } from "node:zlib";
import { expect, test } from "./support/app.ts";

/** Bytes. */
const MOST_SCRIPT = 150_000;

test("the page is isolated and shows itself without an error or a foreign request", async ({ page }) => {
  const scripts: Promise<Buffer>[] = [];
  page.on("response", (answer) => {
    if (answer.request().resourceType() === "script") scripts.push(answer.body());
  });
  const response = await page.goto("/");
  await expect(page.getByTestId("start")).toBeVisible();
  const sizes = (await Promise.all(scripts)).map((script) => gzipSync(script).length);
  expect(sizes.length).toBeGreaterThan(1);
  expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(MOST_SCRIPT);
  const headers = response?.headers() ?? {};
  expect(headers).toMatchObject({
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
  });
  expect(headers["content-security-policy"]?.split("; ")).toEqual(
    expect.arrayContaining(["default-src 'none'", "connect-src 'self'", "script-src 'self' 'wasm-unsafe-eval'"]),
  );
  await expect(page).toHaveTitle(/Octet/);
  await expect(page.locator("#root")).not.toBeEmpty();
  expect(await page.evaluate(() => [crossOriginIsolated, typeof SharedArrayBuffer])).toEqual([true, "function"]);
});

test("the browser refuses every connection to another origin", async ({ page, observed }) => {
  await page.goto("/");
  const refused = await page.evaluate(async () => {
    const directives: string[] = [];
    document.addEventListener("securitypolicyviolation", (event) => directives.push(event.effectiveDirective));
    const elsewhere = "http://localhost:9/";
    const attempts = [
      fetch(elsewhere),
      new Promise((resolve, reject) =>
        Object.assign(new Image(), { src: elsewhere, onload: resolve, onerror: reject }),
      ),
    ];
    const results = await Promise.allSettled(attempts);
    await new Promise(requestAnimationFrame);
    return { results: results.map(({ status }) => status), directives: [...new Set(directives)] };
  });
  expect(refused).toEqual({ results: ["rejected", "rejected"], directives: ["connect-src", "img-src"] });
  observed.errors.length = 0;
  observed.foreignRequests.length = 0;
});

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, type Page, test } from "@playwright/test";
import { strFromU8 } from "fflate";
import { build } from "vite";
import { type PlainHost, plainHost } from "./support/plainHost.ts";
import { calibrate, downloadZip, goTo, idle, openedSample, pressSample, SAMPLE_NAME } from "./support/studio.ts";
import { THOROUGH } from "./support/thorough.ts";

test.use({ serviceWorkers: "allow" });

let host: PlainHost;
test.beforeEach(async () => {
  host = await plainHost("dist");
});
test.afterEach(() => host.stop());

async function isKept(page: Page): Promise<void> {
  await expect(page.getByTestId("kept")).toContainText("MB of Octet", { timeout: 60_000 });
}

test("a host that sends no headers, below a path: isolated after one reload, workers held to the policy, and then without a network", async ({
  page,
}) => {
  let loads = 0;
  page.on("load", () => loads++);
  await page.goto(host.page);
  await isKept(page);
  expect(loads).toBe(2);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);

  const elsewhere = await plainHost("dist");
  host.add("probe.js", `fetch("${elsewhere.page}").then(() => "reached", () => "refused").then(postMessage)`);
  const answer = () =>
    page.evaluate(
      () =>
        new Promise((resolve) => {
          new Worker("probe.js").onmessage = ({ data }) => resolve(data);
        }),
    );
  expect(await answer()).toBe("refused");
  expect(elsewhere.asked).toEqual([]);
  await elsewhere.stop();

  await host.stop();
  await page.goto(`${host.page}docs/hosting.html`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Hosting the studio");
  await page.goto(`${host.page}?sample`);
  await openedSample(page);
  expect(new URL(page.url()).search).toBe("");
  await calibrate(page, 24);
  const files = await downloadZip(page);
  expect(Object.keys(files)).toContain(`${SAMPLE_NAME}.int8.onnx`);
  await expect(page.getByTestId("device")).not.toContainText("not isolated");
});

test("a first visit by a link starts no worker before the page is loaded again, and then opens what it links to", {
  tag: THOROUGH,
}, async ({ page }) => {
  const seen: string[] = [];
  page.on("load", () => seen.push("load"));
  page.on("worker", () => seen.push("worker"));
  await page.goto(`${host.page}?sample`);
  await openedSample(page);
  expect(seen.slice(0, 2)).toEqual(["load", "load"]);
  expect(seen.filter((what) => what === "load")).toHaveLength(2);
  expect(seen).toContain("worker");
});

test("what is used seldom is kept on its first use and not before; the page can be installed", {
  tag: THOROUGH,
}, async ({ page }) => {
  const seldom = readdirSync("dist/assets/first-use").map((name) => `assets/first-use/${name}`);
  const [used = "", unused = ""] = seldom.filter((path) => path.endsWith(".js"));
  await page.goto(host.page);
  await isKept(page);
  expect(host.asked.filter((path) => path.includes("/first-use/"))).toEqual([]);
  const answer = (path: string) =>
    page.evaluate(
      (url) =>
        fetch(url).then(
          ({ status }) => status,
          () => "refused",
        ),
      path,
    );
  expect(await answer(used)).toBe(200);
  // It answers before it has kept the answer.
  await expect.poll(() => page.evaluate(async (url) => Boolean(await caches.match(url)), used)).toBe(true);
  await host.stop();
  expect(await answer(used)).toBe(200);
  expect(await answer(unused)).toBe("refused");

  const devtools = await page.context().newCDPSession(page);
  const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors");
  // A test's profile is one that forgets, into which nothing is installed.
  expect(installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== "in-incognito")).toEqual([]);
});

test("where there are no service workers it says so, and does without threads", { tag: THOROUGH }, async ({ page }) => {
  await page.addInitScript(() => Object.defineProperty(navigator, "serviceWorker", { value: undefined }));
  await page.goto(`${host.page}?sample`);
  await openedSample(page);
  await expect(page.getByTestId("device")).toContainText("not isolated");
  await calibrate(page, 8);
});

test("a browser without WebGPU, a save dialog and files of its own: the start page says so, and all is done without", {
  tag: THOROUGH,
}, async ({ page }) => {
  await page.addInitScript(() => {
    Object.defineProperty(navigator, "serviceWorker", { value: undefined });
    Reflect.deleteProperty(Navigator.prototype, "gpu");
    Reflect.deleteProperty(window, "showSaveFilePicker");
    Reflect.deleteProperty(StorageManager.prototype, "getDirectory");
  });
  await page.goto(host.page);
  await expect(page.getByTestId("lacks")).toHaveText(
    "This browser lacks, and Octet does without: WebGPU (samples run on WASM), a save dialog (files go to your downloads), files of a page's own (a model too large for memory is left to octet in a terminal).",
  );
  await pressSample(page);
  await expect(page.getByTestId("device")).toContainText("WASM SIMD");
  await calibrate(page, 8);
  expect(Object.keys(await downloadZip(page))).toContain(`${SAMPLE_NAME}.int8.onnx`);
});

test("with the server stopped the start page reloads with its picture, in both colours", { tag: THOROUGH }, async ({
  page,
}) => {
  await page.goto(host.page);
  await isKept(page);
  await host.stop();
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await page.reload();
    const picture = page.locator(".start-picture img");
    await picture.scrollIntoViewIfNeeded();
    await expect(picture).toHaveAttribute("src", new RegExp(`workbench-${colorScheme}`));
    await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(1280);
  }
  await expect(page.getByTestId("kept")).toBeVisible();
});

test("an address with a model and a recipe of its own origin opens both; one of elsewhere is refused", {
  tag: THOROUGH,
}, async ({ page, browser }) => {
  await page.addInitScript(() => Object.defineProperty(navigator, "serviceWorker", { value: undefined }));
  await page.goto(`${host.page}?sample`);
  await openedSample(page);
  await calibrate(page, 8);
  await goTo(page, "tune");
  await page.getByTestId("method").selectOption("minmax");
  await idle(page);
  host.add("mine.recipe.json", strFromU8((await downloadZip(page))[`${SAMPLE_NAME}.recipe.json`]!));

  const other = await browser.newContext({ serviceWorkers: "block" });
  const opened = await other.newPage();
  await opened.goto(`${host.page}?model=sample/${SAMPLE_NAME}.onnx&recipe=mine.recipe.json`);
  await expect(opened.getByTestId("model-name")).toHaveText(`${SAMPLE_NAME}.onnx`);
  await expect(opened.getByTestId("method")).toHaveValue("minmax");
  expect(new URL(opened.url()).search).toBe("");
  await opened.goto(`${host.page}?model=sample/${SAMPLE_NAME}.onnx&recipe=https://example.com/r.json`);
  await expect(opened.getByRole("alert")).toContainText("https://example.com/r.json is not of this page's origin");
  await other.close();
});

test("a newer version never mixes with the one that is open", { tag: THOROUGH }, async ({ page, context }) => {
  const next = mkdtempSync(join(tmpdir(), "octet-next-"));
  try {
    await build({
      logLevel: "error",
      build: {
        outDir: next,
        emptyOutDir: true,
        rollupOptions: { output: { chunkFileNames: "assets/next-[hash].js" } },
      },
    });
    const scripts: string[] = [];
    context.on("request", (request) => {
      if (request.resourceType() === "script") scripts.push(new URL(request.url()).pathname);
    });
    const isNext = (path: string) => path.includes("/next-");
    await page.goto(host.page);
    await isKept(page);

    host.publish(next);
    await page.reload();
    await expect(page.getByTestId("newer")).toBeVisible({ timeout: 60_000 });
    await pressSample(page);
    expect(scripts.filter(isNext)).toEqual([]);

    const other = await context.newPage();
    await other.goto(host.page);
    await page.getByRole("button", { name: "Reload with it" }).click();
    await expect(page.getByTestId("newer")).toContainText("another tab");
    await other.close();
    scripts.length = 0;
    await page.getByRole("button", { name: "Reload with it" }).click();
    await page.waitForEvent("load");
    await pressSample(page);
    expect(scripts.filter(isNext).length).toBeGreaterThan(0);
    await expect(page.getByTestId("fault")).toHaveCount(0);
  } finally {
    rmSync(next, { recursive: true });
  }
});

test("a part that cannot be loaded is said to be so", async ({ page }) => {
  await page.addInitScript(() => Object.defineProperty(navigator, "serviceWorker", { value: undefined }));
  await page.route(/\/Workbench-.*\.js$/, (route) => route.abort());
  await page.goto(`${host.page}?sample`);
  await expect(page.getByRole("alert")).toContainText("A part of Octet could not be loaded");
  await expect(page.getByRole("button", { name: "Reload" })).toBeVisible();
});

test("links open what lies at the page's own origin, and nothing else", async ({ page }) => {
  await page.addInitScript(() => Object.defineProperty(navigator, "serviceWorker", { value: undefined }));
  await page.goto(`${host.page}?model=https://example.com/m.onnx`);
  await expect(page.getByRole("alert")).toContainText("https://example.com/m.onnx is not of this page's origin");
  await page.goto(`${host.page}?model=sample/none.onnx`);
  await expect(page.getByRole("alert")).toContainText("sample/none.onnx is not there");
  await page.goto(`${host.page}?model=sample/${SAMPLE_NAME}.onnx`);
  await expect(page.getByTestId("model-name")).toHaveText(`${SAMPLE_NAME}.onnx`);
});

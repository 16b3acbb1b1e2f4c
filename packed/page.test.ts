import { createReadStream, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { type Browser, chromium, type Page } from "@playwright/test";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findChromium } from "../scripts/chromium.ts";
import { EXAMPLES } from "./examples.ts";
import { bare, commandOf, DATA, isInstalled, MODEL, quantize, scratch } from "./support.ts";

const WORKER_PAGE = `<!doctype html>
<input type="file" id="model"> <input type="file" id="samples" multiple> <a id="result"></a>
<script type="module">
  const { model, samples, result } = window;
  samples.onchange = () => {
    const worker = new Worker("/worker.js", { type: "module" });
    worker.onmessage = ({ data: { name, chunks } }) =>
      Object.assign(result, { href: URL.createObjectURL(new Blob(chunks)), download: name, textContent: name });
    worker.postMessage({ model: model.files[0], samples: [...samples.files] });
  };
</script>`;

const PAGES = ["/page.html", "/worker.html", "/bundled/dist/index.html"];
const OWN: Readonly<Record<string, string>> = {
  "/page.html": EXAMPLES.page,
  "/worker.html": WORKER_PAGE,
  "/worker.js": EXAMPLES.worker,
};
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

/** A server of files and nothing more: no header of isolation, no bundler. */
const server: Server = createServer((request, response) => {
  const path = normalize(new URL(request.url ?? "", "http://localhost").pathname);
  if (path === "/favicon.ico") return response.writeHead(204).end();
  const type = TYPES[extname(path)];
  const file = join(bare, path);
  if (!type || !(OWN[path] || existsSync(file))) return response.writeHead(404).end();
  response.writeHead(200, { "content-type": type });
  return OWN[path] ? response.end(OWN[path]) : createReadStream(file).pipe(response);
});

const folder = scratch();

/** Bundles the documented page with Vite, where no import map says where the packages lie. */
async function bundle(): Promise<void> {
  const root = join(bare, "bundled");
  mkdirSync(root);
  writeFileSync(join(root, "index.html"), EXAMPLES.page.replace(/<script type="importmap">[\s\S]*?<\/script>/, ""));
  await build({ root, base: "./", configFile: false, logLevel: "error" });
}

describe.skipIf(!isInstalled)("installed from the registry, in a page, the library", () => {
  let browser: Browser;
  let page: Page;
  let origin: string;
  let expected: Buffer;
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await bundle();
    expected = quantize(folder(), commandOf(bare)).bytes;
    const executablePath = findChromium();
    browser = await chromium.launch({ ...(executablePath && { executablePath }), args: ["--no-sandbox"] });
  });
  afterAll(async () => {
    await browser.close();
    server.close();
  });

  it.each(PAGES)("runs the documented program: %s", async (path) => {
    page = await browser.newPage();
    const problems: string[] = [];
    page.on("pageerror", ({ message }) => problems.push(message));
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    page.on("request", (request) => {
      if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(origin)) problems.push(request.url());
    });
    await page.goto(origin + path);
    await page.locator("#model").setInputFiles(MODEL);
    await page.locator("#samples").setInputFiles(DATA);
    await page
      .getByText("fashion-mnist-dw.int8.onnx")
      .waitFor({ timeout: 60_000 })
      .catch((error) => {
        throw new Error(`${problems.join("\n")}\n${error.message}`);
      });
    const [download] = await Promise.all([page.waitForEvent("download"), page.locator("#result").click()]);
    const made = join(folder(), "made.onnx");
    await download.saveAs(made);
    expect(readFileSync(made)).toEqual(expected);
    expect(problems).toEqual([]);
    await page.close();
  });
});

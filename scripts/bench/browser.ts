import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContext, chromium, type Page } from "@playwright/test";
import { build, type PreviewServer, preview } from "vite";
import { appHeaders } from "../../workers/headers.ts";
import { findChromium } from "../chromium.ts";
import { childrenOf } from "./memory.ts";

/** A Chromium and a server of one built page, with the headers of the app. */
export interface ServedBrowser {
  readonly browser: Browser;
  readonly address: string;
  /** The process that started all others of the browser. */
  readonly pid: number;
  newPage(): Promise<Page>;
  close(): Promise<void>;
}

/** Builds the page of the benchmark and serves it; the studio is served with `serveStudio`. */
export function serveBenchPage(args: readonly string[] = []): Promise<ServedBrowser> {
  return servePage(fileURLToPath(new URL("page", import.meta.url)), args);
}

/** Builds the page in a folder and serves it. */
export async function servePage(root: string, args: readonly string[] = []): Promise<ServedBrowser> {
  const folder = mkdtempSync(join(tmpdir(), "octet-page-"));
  await build({
    configFile: false,
    root,
    worker: { format: "es" },
    build: { target: "es2022", outDir: folder, emptyOutDir: true },
    logLevel: "error",
  });
  return serve(folder, args, () => rmSync(folder, { recursive: true, force: true }));
}

/** Serves the studio as it was built into `dist`. */
export function serveStudio(args: readonly string[] = []): Promise<ServedBrowser> {
  return serve(fileURLToPath(new URL("../../dist", import.meta.url)), args, () => undefined);
}

const VIEWPORT = { width: 1280, height: 720 };

async function serve(folder: string, args: readonly string[], cleanUp: () => void): Promise<ServedBrowser> {
  const server = await serveFiles(folder);
  const { launched: browser, pid } = await launch((executablePath) =>
    chromium.launch({ executablePath, args: ["--no-sandbox", ...args] }),
  );
  const { address } = server;
  return {
    browser,
    address,
    pid,
    async newPage() {
      const page = await browser.newPage({ viewport: VIEWPORT });
      await page.goto(address);
      return page;
    },
    async close() {
      await browser.close();
      server.close();
      cleanUp();
    },
  };
}

/** Serves the studio as `serveStudio`, to a Chromium whose profile is on the disk: without one, what a page stores is in memory. */
export async function serveStudioOnDisk(profile: string): Promise<Omit<ServedBrowser, "browser">> {
  const server = await serveFiles(fileURLToPath(new URL("../../dist", import.meta.url)));
  const { launched: context, pid } = await launch<BrowserContext>((executablePath) =>
    chromium.launchPersistentContext(profile, { executablePath, args: ["--no-sandbox"], viewport: VIEWPORT }),
  );
  return {
    address: server.address,
    pid,
    async newPage() {
      const page = await context.newPage();
      await page.goto(server.address);
      return page;
    },
    async close() {
      await context.close();
      server.close();
    },
  };
}

async function serveFiles(folder: string): Promise<{ readonly address: string; close(): void }> {
  const server: PreviewServer = await preview({
    configFile: false,
    build: { outDir: folder },
    preview: { host: "127.0.0.1", port: 0, headers: appHeaders },
    appType: "mpa",
  });
  const address = server.resolvedUrls?.local[0];
  if (!address) throw new Error(`${folder} could not be served`);
  return { address, close: () => void server.httpServer.close() };
}

async function launch<T>(
  start: (executablePath: string) => Promise<T>,
): Promise<{ readonly launched: T; readonly pid: number }> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error("there is no Chromium here");
  const before = new Set(childrenOf(process.pid));
  const launched = await start(executablePath);
  const pid = childrenOf(process.pid).find((child) => !before.has(child));
  if (pid === undefined) throw new Error("Chromium has no process of its own here");
  return { launched, pid };
}

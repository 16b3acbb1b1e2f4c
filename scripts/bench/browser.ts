import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "@playwright/test";
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

async function serve(folder: string, args: readonly string[], cleanUp: () => void): Promise<ServedBrowser> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error("there is no Chromium here");
  const server: PreviewServer = await preview({
    configFile: false,
    build: { outDir: folder },
    preview: { host: "127.0.0.1", port: 0, headers: appHeaders },
    appType: "mpa",
  });
  const before = new Set(childrenOf(process.pid));
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", ...args] });
  const address = server.resolvedUrls?.local[0];
  const pid = childrenOf(process.pid).find((child) => !before.has(child));
  if (!address || pid === undefined) throw new Error("the benchmark's page could not be served");
  return {
    browser,
    address,
    pid,
    async newPage() {
      const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
      await page.goto(address);
      return page;
    },
    async close() {
      await browser.close();
      server.httpServer.close();
      cleanUp();
    },
  };
}

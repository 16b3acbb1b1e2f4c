import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".json": "application/json",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
};

export interface PlainHost {
  /** Where the folder is served. */
  readonly page: string;
  readonly origin: string;
  /** Paths asked for, in order. */
  readonly asked: readonly string[];
  /** Serves another folder from now on. */
  publish(folder: string): void;
  /** Answers a path below the page with this script. */
  add(path: string, script: string): void;
  stop(): Promise<void>;
}

/** A host as GitHub Pages is one: a folder below a path, files and their types, and no header else. */
export async function plainHost(folder: string, below = "/octet/"): Promise<PlainHost> {
  let root = folder;
  const asked: string[] = [];
  const added = new Map<string, string>();
  const server = createServer(async ({ url = "/" }, response) => {
    const path = decodeURIComponent(new URL(url, "http://host").pathname);
    asked.push(path);
    const name = path.endsWith("/") ? "index.html" : normalize(path.slice(below.length));
    try {
      if (!path.startsWith(below)) throw new Error("outside");
      const content = added.get(name) ?? (await readFile(join(root, name)));
      response.writeHead(200, { "Content-Type": TYPES[extname(name)] ?? "application/octet-stream" }).end(content);
    } catch {
      response.writeHead(404, { "Content-Type": "text/plain" }).end("not found");
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    page: origin + below,
    asked,
    publish: (next) => {
      root = next;
    },
    add: (path, script) => added.set(path, script),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

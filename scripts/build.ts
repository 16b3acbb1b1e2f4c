import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { build } from "vite";

const SOURCES = [
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "README.md",
  "docs",
  "index.html",
  "package-lock.json",
  "public",
  "src",
  "tsconfig.base.json",
  "scripts/serviceWorker.ts",
  "scripts/site",
  "tsconfig.json",
  "vite.config.ts",
  "workers",
];

/** Builds the studio into dist, unless dist is newer than every source and every folder of sources. */
export async function buildWhenStale(): Promise<void> {
  const built = statSync("dist/index.html", { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (Math.max(...SOURCES.map(newest)) < built) return;
  console.log("Building the studio ...");
  await build({ logLevel: "warn" });
}

function newest(path: string): number {
  const stats = statSync(path);
  const below = stats.isDirectory() ? readdirSync(path).map((name) => newest(join(path, name))) : [];
  return Math.max(stats.mtimeMs, ...below);
}

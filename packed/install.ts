import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

export interface Packed {
  readonly name: string;
  readonly unpackedSize: number;
  readonly files: readonly string[];
}

declare module "vitest" {
  interface ProvidedContext {
    packed: Packed;
    /** Folders that the package is installed in, with the native runtime and without; null where no registry can be reached. */
    installed: { readonly native: string; readonly bare: string } | null;
  }
}

/** npm, with what is printed on stdout. */
export function npm(args: readonly string[], settings: NodeJS.ProcessEnv = {}) {
  return spawnSync("npm", args, {
    encoding: "utf8",
    env: { ...process.env, ...settings },
    shell: process.platform === "win32",
  });
}

/** By itself npm asks for a minute where there is no registry. */
export const FEW_RETRIES = ["--fetch-retries", "1", "--fetch-retry-mintimeout", "1000"];

const OFFLINE = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT/;

/** Packs the checkout and installs the tarball from the registry: once as the documents say, once where the native runtime's script fails. */
export default function setup(project: TestProject): () => void {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "octet-packed-")));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const [made] = JSON.parse(done(npm(["pack", "--json", "--pack-destination", folder])));
    const files = made.files.map(({ path }: { readonly path: string }) => path);
    project.provide("packed", { name: made.name, unpackedSize: made.unpackedSize, files });
    project.provide("installed", install(folder, join(folder, made.filename)));
  } catch (error) {
    remove();
    throw error;
  }
  return remove;
}

function install(folder: string, tarball: string) {
  const folders = { native: join(folder, "native"), bare: join(folder, "bare") };
  for (const [place, installer] of [
    [folders.native, "skip"],
    [folders.bare, "no such libraries"],
  ] as const) {
    mkdirSync(place);
    const args = ["install", "--prefix", place, "--prefer-offline", ...FEW_RETRIES, tarball];
    const outcome = npm(args, { ONNXRUNTIME_NODE_INSTALL: installer });
    if (outcome.status !== 0 && OFFLINE.test(outcome.stderr)) {
      console.warn("The registry cannot be reached: what needs the package installed is skipped.");
      return null;
    }
    done(outcome);
  }
  return folders;
}

function done({ status, stdout, stderr }: ReturnType<typeof npm>): string {
  if (status !== 0) throw new Error(`npm failed:\n${stderr}`);
  return stdout;
}

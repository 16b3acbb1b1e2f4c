import { execFile, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

export interface Packed {
  readonly tarball: string;
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

const WINDOWS = process.platform === "win32";

/** What an npm came to. */
type Outcome = Pick<ReturnType<typeof npm>, "status" | "stdout" | "stderr">;

/** npm, with what is printed on stdout. */
export function npm(args: readonly string[], settings: NodeJS.ProcessEnv = {}) {
  return spawnSync("npm", args, {
    encoding: "utf8",
    env: { ...process.env, ...settings },
    shell: WINDOWS,
  });
}

/** By itself npm asks for a minute where there is no registry. */
export const FEW_RETRIES = ["--fetch-retries", "1", "--fetch-retry-mintimeout", "1000"];

const OFFLINE = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT/;

/** Packs the checkout and installs the tarball from the registry: once as the documents say, once where the native runtime's script fails. */
export default async function setup(project: TestProject): Promise<() => void> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "octet-packed-")));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const [made] = JSON.parse(done(npm(["pack", "--json", "--pack-destination", folder])));
    const files = made.files.map(({ path }: { readonly path: string }) => path);
    const tarball = join(folder, made.filename);
    project.provide("packed", { tarball, name: made.name, unpackedSize: made.unpackedSize, files });
    project.provide("installed", await install(folder, tarball));
  } catch (error) {
    remove();
    throw error;
  }
  return remove;
}

async function install(folder: string, tarball: string) {
  const folders = { native: join(folder, "native"), bare: join(folder, "bare") };
  const installed = await Promise.all([
    installInto(folders.native, "skip", tarball),
    installInto(folders.bare, "no such libraries", tarball),
  ]);
  if (installed.every((is) => is)) return folders;
  console.warn("The registry cannot be reached: what needs the package installed is skipped.");
  return null;
}

/** Whether the registry could be reached. */
async function installInto(place: string, installer: string, tarball: string): Promise<boolean> {
  mkdirSync(place);
  const args = ["install", "--prefix", place, "--prefer-offline", ...FEW_RETRIES, tarball];
  const outcome = await new Promise<Outcome>((resolve) => {
    const settings = { env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: installer }, shell: WINDOWS };
    const child = execFile("npm", args, settings, (_, stdout, stderr) =>
      resolve({ status: child.exitCode, stdout, stderr }),
    );
  });
  if (outcome.status !== 0 && OFFLINE.test(outcome.stderr)) return false;
  done(outcome);
  return true;
}

function done({ status, stdout, stderr }: Outcome): string {
  if (status !== 0) throw new Error(`npm failed:\n${stderr}`);
  return stdout;
}

import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { stripVTControlCharacters } from "node:util";

/** A checkout as a clone has it: what git has, or would take, of another, and nothing that was built or installed. */
export interface Copy {
  readonly folder: string;
  /** A new, empty folder beside it. */
  outside(): string;
  remove(): void;
}

/** Copies a checkout, with `../shared` beside it where that is there; with its packages (as a link) or without. */
export function copyOf(root: string, packages: "linked" | "none"): Copy {
  const above = mkdtempSync(join(tmpdir(), "octet-copy-"));
  const folder = join(above, "octet");
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root });
  for (const name of listed.toString().split("\0")) {
    if (name === "" || !existsSync(join(root, name))) continue;
    mkdirSync(join(folder, dirname(name)), { recursive: true });
    cpSync(join(root, name), join(folder, name));
  }
  if (packages === "linked") symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const shared = join(root, "../shared");
  if (existsSync(shared)) symlinkSync(shared, join(above, "shared"));
  return {
    folder,
    outside: () => mkdtempSync(join(above, "outside-")),
    remove: () => rmSync(above, { recursive: true, force: true }),
  };
}

/** What is asked of a command. */
export interface Asked {
  readonly words: readonly string[];
  readonly settings: Readonly<Record<string, string>>;
  readonly at: string;
}

const LAST_LINES = 15;

/** Runs a command to its end and returns what it printed. Rejects, with the last of that, where it ends with anything but 0. */
export async function finished(asked: Asked): Promise<string> {
  const { child, printed } = started(asked);
  const code = await new Promise((resolve) => child.on("close", resolve));
  if (code !== 0) throw new Error(`It ended with ${code}:\n${lastOf(printed())}`);
  return printed();
}

const WAIT_MS = 10 * 60_000;

/** Runs a command that serves a page, returns the page at the address that it prints, and ends it. */
export async function served(asked: Asked): Promise<Response> {
  const { child, printed } = started(asked);
  try {
    const address = await new Promise<string>((resolve, reject) => {
      const look = () => {
        const found = /https?:\/\/(?:127\.0\.0\.1|localhost):\d+\/?/.exec(printed());
        if (found) resolve(found[0]);
      };
      child.stdout.on("data", look);
      child.on("close", (code) => reject(new Error(`It ended with ${code}:\n${lastOf(printed())}`)));
      setTimeout(() => reject(new Error(`It printed no address:\n${lastOf(printed())}`)), WAIT_MS).unref();
    });
    return await fetch(address);
  } finally {
    process.kill(-child.pid!, "SIGTERM");
  }
}

function started({ words, settings, at }: Asked) {
  const [program, ...rest] = words;
  const child = spawn(program!, rest, {
    cwd: at,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...ownVariables(), ...settings },
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes) => (text += bytes));
  return { child, printed: () => stripVTControlCharacters(text) };
}

/** Those of a terminal: without what npm, Vitest and Playwright add for those that they start. */
function ownVariables(): NodeJS.ProcessEnv {
  const added = /^(?:npm_(?:lifecycle|package|command|execpath|node)|VITEST|NODE_ENV$|NODE_OPTIONS$|INIT_CWD$)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !added.test(name)));
}

function lastOf(text: string): string {
  return text.trim().split("\n").slice(-LAST_LINES).join("\n");
}

/** A hash of all files below paths. */
export function contentOf(folder: string, paths: readonly string[]): string {
  const hash = createHash("sha256");
  const take = (path: string) => {
    if (statSync(path).isDirectory()) {
      for (const name of readdirSync(path).sort()) take(join(path, name));
    } else hash.update(`${path}\0`).update(readFileSync(path));
  };
  for (const path of paths) take(join(folder, path));
  return hash.digest("hex");
}

import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { colourModel, modelBytes, put, putColours, scratch } from "./testing/colours.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

let folder: string;
let shared: string;

beforeEach(() => {
  folder = scratch();
  shared = join(folder, "tmp");
  mkdirSync(shared);
});
afterEach(() => rmSync(folder, { recursive: true }));

function start(cwd: string, ...args: readonly string[]): string {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: "utf8",
    cwd,
    env: { ...env, TMPDIR: shared },
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** A checkout with one program that says "ours", started as `octet` is, and as it was when tsx chose its own folder. */
function checkout(): { readonly top: string; readonly cache: string } {
  const top = join(folder, "checkout");
  mkdirSync(join(top, "cli"), { recursive: true });
  mkdirSync(join(top, "node_modules"));
  symlinkSync(join(ROOT, "node_modules/tsx"), join(top, "node_modules/tsx"));
  for (const name of ["tsconfig.base.json", "package.json", "cli/typescript.mjs", "cli/privateCache.mjs"]) {
    copyFileSync(join(ROOT, name), join(top, name));
  }
  put(top, "cli/main.ts", 'const said: string = "ours";\nconsole.log(said);\n');
  put(top, "cli/octet.mjs", 'import "./typescript.mjs";\nawait import("./main.ts");\n');
  put(
    top,
    "cli/unguarded.mjs",
    `import { readdirSync, readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { register } from "tsx/esm/api";
register({ tsconfig: ${JSON.stringify(join(top, "tsconfig.base.json"))} });
await import("./main.ts");
const place = process.env.TMPDIR + "/" + readdirSync(process.env.TMPDIR)[0] + "/";
while (!readdirSync(place).some((name) => readFileSync(place + name, "utf8").endsWith("}"))) await setTimeout(20);
`,
  );
  return { top, cache: join(top, "node_modules/.octet") };
}

/** Leaves what another user would leave in the shared folder: code in the place of every compiled file. */
function poison(top: string): string {
  start(top, "cli/unguarded.mjs");
  const [name = ""] = readdirSync(shared);
  const place = join(shared, name);
  for (const file of readdirSync(place)) {
    const path = join(place, file);
    writeFileSync(path, readFileSync(path, "utf8").replaceAll("ours", "theirs"));
  }
  expect(start(top, "cli/unguarded.mjs")).toBe("theirs\n");
  return place;
}

describe.skipIf(process.platform === "win32")("compiled code", () => {
  it("is not taken from the shared temporary folder", () => {
    const { top, cache } = checkout();
    poison(top);
    for (const _ of ["compiled", "from the cache"]) expect(start(top, "cli/octet.mjs")).toBe("ours\n");
    expect(readdirSync(cache)).not.toEqual([]);
  });

  const root = process.geteuid?.() === 0;
  it.each([
    ["others can write to", (cache: string) => chmodSync(cache, 0o777)],
    ...(root ? [["is another user's", (cache: string) => chownSync(cache, 12345, 12345)] as const] : []),
  ] as const)("is not taken from a folder of the checkout that %s", (_, open) => {
    const { top, cache } = checkout();
    cpSync(poison(top), join(cache, readdirSync(shared)[0] ?? ""), { recursive: true });
    open(cache);
    expect(start(top, "cli/octet.mjs")).toBe("ours\n");
  });

  it("is kept nowhere where the checkout has no place for it", () => {
    const { top, cache } = checkout();
    writeFileSync(cache, "");
    expect(start(top, "cli/octet.mjs")).toBe("ours\n");
    expect(readdirSync(shared)).toEqual([]);
  });

  it("leaves the settings that it is compiled under as they were", () => {
    const { top } = checkout();
    put(top, "cli/main.ts", "console.log(process.env.TMPDIR, process.env.TSX_DISABLE_CACHE);\n");
    expect(start(top, "cli/octet.mjs")).toBe(`${shared} undefined\n`);
  });

  it("of octet and its threads lies in no shared folder", async () => {
    put(folder, "colours.onnx", modelBytes(colourModel()));
    await putColours(folder, "photos", 6);
    start(folder, join(ROOT, "cli/octet.mjs"), "quantize", "colours.onnx", "--data", "photos", "--preprocess", "unit");
    expect(existsSync(join(folder, "colours.octet"))).toBe(true);
    expect(readdirSync(shared)).toEqual([]);
  });

  it("of the end-to-end tests lies in no shared folder", () => {
    expect(start(ROOT, "scripts/playwright.mjs", "test", "--list", "e2e/shell.spec.ts")).toMatch(/Total: \d/);
    expect(readdirSync(shared)).toEqual([]);
  });
});

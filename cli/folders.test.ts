import { existsSync, rmSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { existingAbove, makeFolders } from "./folders.ts";
import { scratch } from "./testing/colours.ts";

let folder: string;
beforeEach(() => {
  folder = scratch();
});
afterEach(() => rmSync(folder, { recursive: true }));

it("makes a folder with those above it, and says which is the outermost", async () => {
  expect(await makeFolders(join(folder, "a", "b", "c"))).toBe(join(folder, "a"));
  expect(statSync(join(folder, "a", "b", "c")).isDirectory()).toBe(true);
  expect(await makeFolders(join(folder, "a", "b"))).toBeUndefined();
});

it("makes one that several want at once", async () => {
  const made = await Promise.all(Array.from({ length: 8 }, () => makeFolders(join(folder, "a", "b"))));
  expect(new Set(made.filter((path) => path !== undefined)).size).toBeGreaterThan(0);
  expect(existsSync(join(folder, "a", "b"))).toBe(true);
});

it.skipIf(!existsSync("/proc/self"))("ends where a file system takes no folder", async () => {
  await expect(makeFolders("/proc/octet-has-no-place/out")).rejects.toThrow(/ENOENT|EACCES|EPERM/);
});

it.skipIf(process.platform === "win32")("refuses a link that leads nowhere, before the work", async () => {
  symlinkSync(join(folder, "nowhere"), join(folder, "link"));
  for (const path of [join(folder, "link"), join(folder, "link", "out")]) {
    await expect(existingAbove(path)).rejects.toThrow(/link is a link that leads nowhere/);
  }
});

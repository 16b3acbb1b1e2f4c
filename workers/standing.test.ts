import { afterEach, expect, test, vi } from "vitest";
import { Standing } from "./standing.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

test("counts are shared where the page is isolated and the browser shares memory", () => {
  vi.stubGlobal("crossOriginIsolated", true);
  const shared = Standing.share()!;
  new Standing(shared).see(5);
  expect(new Standing(shared).seen).toBe(5);
});

test.each([
  ["is not isolated", false, SharedArrayBuffer],
  ["is isolated in a browser that shares no memory, as WebKitGTK", true, undefined],
])("a page that %s shares none", (_, isolated, memory) => {
  vi.stubGlobal("crossOriginIsolated", isolated);
  vi.stubGlobal("SharedArrayBuffer", memory);
  expect(Standing.share()).toBeNull();
});

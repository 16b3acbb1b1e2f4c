import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { kernelModule } from "../../../../scripts/buildKernel.ts";

test("the committed kernel is what its source compiles to; if not, run `npm run kernel`", async () => {
  const committed = await readFile(new URL("./binary.ts", import.meta.url), "utf8");
  expect(committed).toBe(await kernelModule());
});

import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { KERNELS, kernelModule } from "../../../../scripts/buildKernel.ts";

test.each(KERNELS)(
  "the committed $module is what its source compiles to; if not, run `npm run kernel`",
  async (kernel) => {
    const committed = await readFile(new URL(`./${kernel.module}`, import.meta.url), "utf8");
    expect(committed).toBe(await kernelModule(kernel));
  },
);

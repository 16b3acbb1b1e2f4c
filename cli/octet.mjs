#!/usr/bin/env node
import { fileURLToPath } from "node:url";
import { supervise } from "./supervise.mjs";

await supervise(fileURLToPath(import.meta.url), async () => {
  await import("./typescript.mjs");
  await import("./main.ts");
});

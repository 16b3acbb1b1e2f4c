import { fileURLToPath } from "node:url";
import { privateCache } from "./privateCache.mjs";

// Lets Node import TypeScript. tsx runs compiled code that lies in the temporary folder, whoever put it there, and looks up
// where that folder is once, when it is loaded.
const before = { TMPDIR: process.env.TMPDIR, TSX_DISABLE_CACHE: process.env.TSX_DISABLE_CACHE };
const cache = privateCache();
if (cache) process.env.TMPDIR = cache;
else process.env.TSX_DISABLE_CACHE = "1";
const { register } = await import("tsx/esm/api");
register({ tsconfig: fileURLToPath(new URL("../tsconfig.base.json", import.meta.url)) });
for (const [name, value] of Object.entries(before)) {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}

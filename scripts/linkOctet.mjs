import { mkdirSync, rmSync, symlinkSync } from "node:fs";

// npm links the commands of the dependencies, not the project's own. On Windows a link is no command; npx finds it there.
if (process.platform !== "win32") {
  mkdirSync("node_modules/.bin", { recursive: true });
  rmSync("node_modules/.bin/octet", { force: true });
  symlinkSync("../../cli/octet.mjs", "node_modules/.bin/octet");
}

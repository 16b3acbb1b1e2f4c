import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";

// npm links the commands of the dependencies, not the project's own, and the one that package.json names is compiled. `npx octet`
// runs this one, from the sources.
mkdirSync("node_modules/.bin", { recursive: true });
rmSync("node_modules/.bin/octet", { force: true });
if (process.platform === "win32") {
  writeFileSync("node_modules/.bin/octet", '#!/bin/sh\nexec node "$(dirname "$0")/../../cli/octet.mjs" "$@"\n');
  writeFileSync("node_modules/.bin/octet.cmd", '@node "%~dp0\\..\\..\\cli\\octet.mjs" %*\r\n');
} else {
  symlinkSync("../../cli/octet.mjs", "node_modules/.bin/octet");
}

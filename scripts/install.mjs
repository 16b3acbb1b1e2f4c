import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";

const OLDEST_NODE = [20, 19];

const time = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Installs what package-lock.json names, unless node_modules is already newer. Plain JavaScript: nothing is there yet. */
export function install() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
    console.error(`Octet needs Node ${OLDEST_NODE.join(".")} or newer; this is Node ${process.versions.node}.`);
    process.exit(2);
  }
  if (time("node_modules/.package-lock.json") >= time("package-lock.json")) return;
  console.log("Installing dependencies (npm ci) ...");
  const { status } = spawnSync("npm", ["ci", "--include=dev"], {
    stdio: "inherit",
    env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: "skip" },
    shell: process.platform === "win32",
  });
  if (status !== 0) {
    console.error("npm ci failed; see above.");
    process.exit(1);
  }
}

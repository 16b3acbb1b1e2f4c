import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { nodeOrWasm } from "../src/engine/runtime/nodeOrWasm.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

it("leaves ONNX Runtime's native build in the checkout", async () => {
  const { runtime, missing } = await nodeOrWasm();
  expect({ missing, provider: runtime.provider }).toEqual({ missing: null, provider: "cpu" });
});

it("runs no installer of onnxruntime-node, which fetches from elsewhere and which npm drops it for where that fails", () => {
  const { packages } = JSON.parse(readFileSync(`${ROOT}package-lock.json`, "utf8"));
  const { optional, hasInstallScript } = packages["node_modules/onnxruntime-node"];
  expect({ optional, hasInstallScript }).toEqual({ optional: true, hasInstallScript: undefined });
});

it("is of settings that npm knows", () => {
  const { status, stderr } = spawnSync("npm", ["run"], {
    cwd: ROOT,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});

import { fileURLToPath } from "node:url";
import { install } from "./install.mjs";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
install();
await import("../cli/typescript.mjs");
await import("./checks.ts");

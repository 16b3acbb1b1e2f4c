import { fileURLToPath } from "node:url";
import { supervise } from "./supervise.mjs";

await supervise(fileURLToPath(import.meta.url), () => import("./main.ts"));

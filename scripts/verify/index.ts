/**
 * What is too heavy for `npm test`: every model of ../shared/models with its default recipe, into docs/verified.md.
 *   npm run verify
 */
import "../../src/engine/runtime/telemetry.ts";
import { writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { hasShared } from "../../src/engine/testing/shared.ts";
import { tableLines } from "../bench/text.ts";

const DOCUMENT = fileURLToPath(new URL("../../docs/verified.md", import.meta.url));

if (!hasShared) {
  console.error("There is nothing to verify: the models of ../shared are not here.");
  process.exit(2);
}
const { verifyModels } = await import("./models.ts");
const start = performance.now();
const rows = await verifyModels();
const seconds = Math.round((performance.now() - start) / 1000);
const machine = `${cpus()[0]?.model ?? "unknown"}, ${cpus().length} cores, ${Math.floor(totalmem() / 2 ** 30)} GiB; Node ${process.version}; ${new Date().toISOString().slice(0, 10)}; ${seconds} s.`;
const text = [
  "# Verified",
  "",
  "Written by `npm run verify`. Default recipes, calibrated on the first 32 samples and judged on the 32 after them, native ONNX Runtime.",
  "The kernels are those of the graph that ONNX Runtime made of the file. Samples of `mnist_cntk`, `ultraface_rfb320`, `fastestdet` and",
  "`ppocrv4_rec` are not what they were made for: there SQNR says how near the quantized network is to the float one, and nothing of the task.",
  "",
  machine,
  "",
  ...tableLines(rows),
];
writeFileSync(DOCUMENT, text.join("\n"));
console.log(text.join("\n"));

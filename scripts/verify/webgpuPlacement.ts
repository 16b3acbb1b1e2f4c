import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultRecipe, type OpenModel, openModel, planModel } from "../../src/engine/job/open.ts";
import { quantizeModel } from "../../src/engine/job/quantize.ts";
import { settleAlone } from "../../src/engine/job/settle.ts";
import { context } from "../../src/engine/job/testing/settledCase.ts";
import { InputError } from "../../src/engine/model/job.ts";
import type { Recipe } from "../../src/engine/model/recipe.ts";
import { fatesOf } from "../../src/engine/plan/fates.ts";
import {
  withBlock,
  withFormat,
  withTarget,
  withWeightOperator,
  withWeightType,
} from "../../src/engine/recipe/edits.ts";
import { nodeRuntime } from "../../src/engine/runtime/node.ts";
import { readShared } from "../../src/engine/testing/shared.ts";
import type { ServedBrowser } from "../bench/browser.ts";
import type { Row } from "../bench/part.ts";
import { SOFTWARE_ADAPTER, serveJudge } from "./inChromium.ts";
import { TASKS } from "./judge.ts";
import type { PageJudge } from "./page/main.ts";

const RECIPES: Readonly<Record<string, (recipe: Recipe) => Recipe>> = {
  "weights s8": (recipe) => recipe,
  "weights u4, blocks, MatMulNBits": (recipe) =>
    withWeightOperator(withBlock(withWeightType(recipe, "uint4"), 32), "matmulnbits"),
  "weights s4, blocks": (recipe) => withBlock(withWeightType(recipe, "int4"), 32),
  "weights nf4": (recipe) => withWeightType(recipe, "nf4"),
  float16: (recipe) => withFormat(recipe, "float16"),
  q4f16: (recipe) => withFormat(recipe, "q4f16"),
};

/** Where ONNX Runtime Web on WebGPU puts each layer of every model, beside what the target ort-webgpu says of it. */
export async function placeOnWebgpu(): Promise<Row[]> {
  const served = await serveJudge(SOFTWARE_ADAPTER);
  const folder = mkdtempSync(join(tmpdir(), "octet-placement-"));
  try {
    const rows: Row[] = [];
    for (const name of Object.keys(TASKS)) {
      console.error(`  ${name} on WebGPU`);
      rows.push(...(await rowsOf(name, join(folder, "model.onnx"), served)));
    }
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await served.close();
  }
}

async function rowsOf(name: string, path: string, served: ServedBrowser): Promise<Row[]> {
  const source = { bytes: readShared(`models/${name}.onnx`), fileName: `${name}.onnx`, readBeside: async () => null };
  const values: Record<string, number> = name === "silero_vad_v5" ? { sr: 16000 } : {};
  const inputs = { shapes: {}, values };
  const model = await openModel(source, inputs, nodeRuntime(), context);
  const start = withTarget(defaultRecipe(model), "ort-webgpu");
  const plain: Recipe = { ...start, corrections: { equalization: false, bias: "none" } };
  const rows: Row[] = [];
  for (const [format, change] of Object.entries(RECIPES)) {
    const { recipe } = settleAlone(model, change(plain));
    const fates = fatesOf(planModel(model, recipe), model.types).filter(({ fate }) => fate !== "integer");
    const placed = await placedOn(model, recipe, path, served);
    if (typeof placed === "string") {
      rows.push({ model: name, format, "layers that make floats": fates.length, differ: placed });
      continue;
    }
    const where = (layer: string) => placed.get(layer) ?? placed.get(EVERY);
    const seen = fates.filter(({ layer }) => where(layer) !== undefined);
    const onGpu = seen.filter(({ layer }) => where(layer) === "WebGPU");
    const differ = seen.filter(({ layer, fate }) => (fate === "falls back") === (where(layer) === "WebGPU"));
    rows.push({
      model: name,
      format,
      "layers that make floats": fates.length,
      "with a kernel of their name": seen.length,
      "on WebGPU": onGpu.length,
      "on the processor": seen.length - onGpu.length,
      differ: differ.map(({ layer, operator, fate }) => `${layer} (${operator}: ${fate})`).join(", "),
    });
  }
  return rows;
}

const EVERY = "";

const providerOf = (written: string): string => (written === "WebGpu" ? "WebGPU" : written);

/** Where each node of the graph that the runtime makes of a file is put, by its name, EVERY for all; or why it makes none. */
async function placedOn(
  model: OpenModel,
  recipe: Recipe,
  path: string,
  served: ServedBrowser,
): Promise<ReadonlyMap<string, string> | string> {
  try {
    writeFileSync(path, Buffer.concat(quantizeModel(model, recipe).chunks));
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  const page = await served.newPage();
  const lines: string[] = [];
  page.on("console", (message) => lines.push(message.text()));
  try {
    await page.locator("#quantized").setInputFiles(path);
    await page.evaluate(() => (window as unknown as { judge: PageJudge }).judge.place());
  } catch (error) {
    return `does not load: ${(error as Error).message.split("\n")[0]?.slice(0, 160).replaceAll("|", "/")}`;
  } finally {
    await page.close();
  }
  const placed = new Map<string, string>();
  let provider = "";
  for (const line of lines) {
    const [, sole] = /All nodes placed on \[(\w+)ExecutionProvider\]/.exec(line) ?? [];
    if (sole) placed.set(EVERY, providerOf(sole));
    const [, opened] = /placed on \[(\w+)ExecutionProvider\]/.exec(line) ?? [];
    if (opened) provider = providerOf(opened);
    const [, node] = /VerifyEachNodeIsAssignedToAnEp\] {3}\w+ \((.*)\)/.exec(line) ?? [];
    if (node) placed.set(node, provider);
  }
  return placed;
}

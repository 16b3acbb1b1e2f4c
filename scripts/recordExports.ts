/**
 * Records what resolved recipes export, for src/engine/job/recorded.test.ts:
 *   npx tsx scripts/recordExports.ts hashes    writes down anew what the recipes there export today
 *   npx tsx scripts/recordExports.ts recipes [MODEL...]   settles recipes of every kind anew, of these models or of all, and
 *                                                         then the hashes
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { nodeDecoders } from "../cli/decoders.ts";
import { nodeLearner } from "../cli/learner.ts";
import { writeRecipe } from "../src/engine/artifacts/recipe.ts";
import { type OpenDataset, openData } from "../src/engine/job/data.ts";
import { defaultRecipe, type OpenModel } from "../src/engine/job/open.ts";
import { settle } from "../src/engine/job/settle.ts";
import {
  exportedHash,
  HASHES,
  openRecorded,
  RECORDED,
  recordedRecipe,
  recordedRecipes,
  SAMPLE,
} from "../src/engine/job/testing/recorded.ts";
import { context } from "../src/engine/job/testing/settledCase.ts";
import type { Recipe } from "../src/engine/model/recipe.ts";
import { nodeRuntime } from "../src/engine/runtime/node.ts";
import { subjectOf } from "./subjects.ts";

const SAMPLES = 8;

const PLAIN = { equalization: false, bias: "none" } as const;

/** What a recipe of each kind changes of the default one. Learned rounding is kept for small weights only. */
const KINDS: Readonly<Record<string, (recipe: Recipe) => Recipe>> = {
  channel: (recipe) => ({ ...recipe, corrections: PLAIN }),
  tensor: (recipe) => ({ ...recipe, corrections: PLAIN, weights: { ...recipe.weights, granularity: "tensor" } }),
  s8: (recipe) => ({ ...recipe, corrections: PLAIN, activations: { type: "int8", symmetric: true } }),
  int4: (recipe) => ({ ...recipe, corrections: PLAIN, weights: { ...recipe.weights, type: "int4" } }),
  "weights-only": (recipe) => ({ ...recipe, corrections: PLAIN, format: "weights" }),
  equalized: (recipe) => ({ ...recipe, corrections: { equalization: true, bias: "none" } }),
  corrected: (recipe) => ({ ...recipe, corrections: { equalization: false, bias: "empirical" } }),
  analytic: (recipe) => ({ ...recipe, corrections: { equalization: false, bias: "analytic" } }),
  learned: (recipe) => ({
    ...recipe,
    corrections: PLAIN,
    weights: { type: "int4", granularity: "channel", rounding: "learned" },
    format: "weights",
  }),
};

const SMALL_ROUNDING = 8_000;

async function settled(model: OpenModel, data: OpenDataset, recipe: Recipe): Promise<Recipe> {
  const request = { samples: SAMPLES, calibration: null, iterations: 20 };
  const runtimes = { main: nodeRuntime(), accelerator: null, learner: nodeLearner };
  const made = await settle(model, recipe, data, request, runtimes, context);
  const { biases, rounding } = made.recipe;
  const short = (value: number) => Number(value.toPrecision(4));
  return {
    ...made.recipe,
    biases: biases && Object.fromEntries(Object.entries(biases).map(([id, values]) => [id, values.map(short)])),
    rounding:
      rounding && Object.fromEntries(Object.entries(rounding).filter(([, bits]) => bits.length < SMALL_ROUNDING)),
  };
}

/** The plain recipe with two ranges set by hand, and with some layers, tensors and an operator left in float. */
function byHand(model: OpenModel, channel: Recipe): Record<string, Recipe> {
  const ids = Object.keys(channel.resolved ?? {});
  const chosen = [ids[Math.floor(ids.length / 3)] as string, ids[Math.floor(ids.length / 2)] as string];
  const ranges = Object.fromEntries(
    chosen.map((id) => {
      const { low, high } = channel.resolved?.[id] ?? { low: 0, high: 0 };
      return [id, { low: low * 0.75, high: high * 0.5 }];
    }),
  );
  const layers = defaultLayers(model);
  return {
    hand: { ...channel, ranges },
    float: {
      ...channel,
      float: {
        ...channel.float,
        layers: [layers[1] as string, layers.at(-2) as string],
        tensors: [ids.at(-3) as string],
      },
    },
  };
}

function defaultLayers(model: OpenModel): string[] {
  return (model.folded.graph?.node ?? [])
    .filter(({ opType }) => ["Conv", "Gemm", "MatMul"].includes(opType))
    .map(({ name, opType, output }) => name || `${opType}:${output[0]}`);
}

/** Those of five models of ../shared and of the sample project, which has the pictures of a model there. */
const RECORDED_MODELS = [SAMPLE, "squeezenet1.1", "mobilenet_v1_0.75_224", "fastestdet", "ppocrv4_rec", "stories260K"];

async function recordRecipes(name: string): Promise<void> {
  const subject = subjectOf(name === SAMPLE ? "fmnist_dw_bn" : name);
  const model = await openRecorded(name, subject.inputs);
  const data = await openData(model, subject.files(SAMPLES), subject.preprocess, nodeDecoders);
  const write = (kind: string, recipe: Recipe) =>
    writeFileSync(`${RECORDED}${name}--${kind}.recipe.json.gz`, gzipSync(writeRecipe(recipe), { level: 9 }));
  const plain = { ...defaultRecipe(model), preprocess: data.preprocess };
  for (const [kind, change] of Object.entries(KINDS)) {
    try {
      const recipe = await settled(model, data, change(plain));
      write(kind, recipe);
      if (kind !== "channel") continue;
      for (const [other, made] of Object.entries(byHand(model, recipe))) {
        write(other, await settled(model, data, { ...made, resolved: null }));
      }
    } catch (error) {
      console.log(`${name}, ${kind}: ${(error as Error).message}`);
    }
  }
}

if (process.argv[2] === "recipes") {
  mkdirSync(RECORDED, { recursive: true });
  const named = process.argv.slice(3);
  for (const name of RECORDED_MODELS.filter((model) => named.length === 0 || named.includes(model))) {
    console.log(name);
    await recordRecipes(name);
  }
}
const hashes: Record<string, Record<string, string>> = {};
for (const [name, kinds] of recordedRecipes()) {
  const made: Record<string, string> = {};
  for (const kind of kinds) {
    const recipe = recordedRecipe(name, kind);
    made[kind] = exportedHash(await openRecorded(name, recipe.inputs), recipe);
  }
  hashes[name] = made;
}
writeFileSync(HASHES, `${JSON.stringify(hashes, null, 2)}\n`);

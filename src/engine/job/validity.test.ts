import { describe, expect, test } from "vitest";
import { takesRanges } from "../model/format.ts";
import type { JobContext } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import { assertValid } from "../onnx/testing/checker.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { needsShared, readShared } from "../testing/shared.ts";
import { defaultRecipe, openModel, planModel } from "./open.ts";
import { quantizeModel } from "./quantize.ts";

const runtime = nodeRuntime();
const context: JobContext = { signal: new AbortController().signal, report: () => undefined };

/** The models of the shared set in which something can be quantized: silero_vad's layers are all in branches. */
const models = [
  "fastestdet",
  "fmnist_dw_bn",
  "fmnist_dw_folded",
  "mnist_cntk",
  "mobilenet_v1_0.75_224",
  "ppocrv4_rec",
  "squeezenet1.1",
  "stories260K",
  "ultraface_rfb320",
];

const channel = { granularity: "channel", rounding: "nearest" } as const;

/** What each changes in the default recipe. */
const recipes: readonly Partial<Recipe>[] = [
  {},
  { activations: { type: "int8", symmetric: true } },
  { weights: { type: "int8", granularity: "tensor", rounding: "nearest" } },
  { weights: { type: "int4", ...channel } },
  { weights: { type: "int4", ...channel }, format: "weights" },
  { format: "weights" },
];

describe("what is written of real models is valid ONNX", needsShared, () => {
  test.each(models)("%s", async (name) => {
    const fileName = `${name}.onnx`;
    const source = { bytes: readShared(`models/${fileName}`), fileName, readBeside: async () => null };
    const model = await openModel(source, { shapes: {}, values: {} }, runtime, context);
    for (const changes of recipes) {
      const recipe = { ...defaultRecipe(model), ...changes };
      const groups = planModel(model, recipe).groups.map(({ id }) => [id, { low: -1, high: 1 }]);
      expect(groups.length > 0).toBe(takesRanges(recipe));
      const { chunks, plan } = quantizeModel(model, { ...recipe, resolved: Object.fromEntries(groups) });
      expect(plan.layers.filter(({ reason }) => reason === null).length).toBeGreaterThan(0);
      assertValid(chunks, `${name}, ${JSON.stringify(changes)}`);
    }
  });
});

import { existsSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { nodeDecoders } from "../../../cli/decoders.ts";
import { subjectOf } from "../../../scripts/subjects.ts";
import { memoryFile } from "../data/testing/files.ts";
import { optimizedOperators } from "../graph/testing/native.ts";
import type { DataFile } from "../model/dataset.ts";
import { InputError } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { needsShared, readShared, SHARED } from "../testing/shared.ts";
import { openData } from "./data.ts";
import { defaultRecipe, type OpenModel, openModel } from "./open.ts";
import { settle } from "./settle.ts";
import { plannedKernels } from "./testing/plannedKernels.ts";
import { openRecorded, recordedRecipe, recordedRecipes } from "./testing/recorded.ts";
import { context } from "./testing/settledCase.ts";

const runtimes = { main: nodeRuntime(), accelerator: null };

/** Float layers between rounded ones may be made integer by the runtime itself, so there may be more. */
async function expectIntegers(model: OpenModel, recipe: Recipe): Promise<void> {
  const kernels = await plannedKernels(model, recipe, optimizedOperators);
  expect(kernels.filter(({ planned, found }) => found < planned)).toEqual([]);
}

async function settled(
  model: OpenModel,
  files: readonly DataFile[],
  elementwise: Recipe["elementwise"],
  given: Parameters<typeof openData>[2],
) {
  const data = await openData(model, files, given, nodeDecoders);
  const start = { ...defaultRecipe(model), preprocess: data.preprocess, elementwise };
  const wanted: Recipe = { ...start, corrections: { equalization: false, bias: "none" } };
  return (await settle(model, wanted, data, { samples: 2, calibration: null }, runtimes, context)).recipe;
}

function open(path: string, inputs: Recipe["inputs"]): Promise<OpenModel> {
  return openModel(
    { bytes: readShared(path), fileName: path, readBeside: async () => null },
    inputs,
    runtimes.main,
    context,
  );
}

describe("layers that a plan calls integer have an integer kernel on the runtime's own graph", needsShared, () => {
  for (const [name] of recordedRecipes()) {
    it(`in ${name}, of recorded ranges`, async () => {
      const recipe = recordedRecipe(name, "channel");
      const model = await openRecorded(name, recipe.inputs);
      await expectIntegers(model, recipe);
    });
  }

  it.each(["mnist_cntk", "ultraface_rfb320", "fmnist_dw_folded"])("in %s, joined or not", async (name) => {
    const { files, preprocess, inputs } = subjectOf(name);
    const model = await open(`models/${name}.onnx`, inputs);
    for (const elementwise of ["join", "float"] as const) {
      await expectIntegers(model, await settled(model, files(2), elementwise, preprocess));
    }
  });

  const cases = existsSync(`${SHARED}cases`) ? readdirSync(`${SHARED}cases`) : [];
  it.each(cases.filter((name) => existsSync(`${SHARED}cases/${name}/model.onnx`)))(
    "in the case of %s, where it opens",
    async (name) => {
      const path = `cases/${name}`;
      const kind = existsSync(`${SHARED}${path}/calib.npz`) ? "npz" : "npy";
      try {
        const model = await open(`${path}/model.onnx`, { shapes: {}, values: {}, state: {} });
        const files = [memoryFile(`calib.${kind}`, readShared(`${path}/calib.${kind}`))];
        for (const elementwise of ["join", "float"] as const) {
          await expectIntegers(model, await settled(model, files, elementwise, null));
        }
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
      }
    },
  );
});

import { describe, expect, it } from "vitest";
import { nodeDecoders } from "../../../cli/decoders.ts";
import { subjectOf } from "../../../scripts/subjects.ts";
import { optimizedOperators } from "../graph/testing/native.ts";
import type { Recipe } from "../model/recipe.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { fatesOf } from "../plan/fates.ts";
import { withTarget } from "../recipe/edits.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { wasmOptimizedModel } from "../runtime/testing/wasmOptimized.ts";
import { needsShared, readShared } from "../testing/shared.ts";
import { openData } from "./data.ts";
import { defaultRecipe, type OpenModel, openModel, planModel } from "./open.ts";
import { settle } from "./settle.ts";
import { plannedKernels } from "./testing/plannedKernels.ts";
import { openRecorded, recordedRecipe, recordedRecipes } from "./testing/recorded.ts";
import { context } from "./testing/settledCase.ts";

const operatorsOf = async (written: ModelProto) =>
  (await wasmOptimizedModel(written)).graph?.node.map(({ opType }) => opType) ?? [];

const runtimes = { main: nodeRuntime(), accelerator: null };

/** Those of ../shared/models that no recipe is recorded of, and that have layers of their own to quantize. */
const OTHERS = ["mnist_cntk", "ultraface_rfb320", "fmnist_dw_folded", "fmnist_dw_bn"];

async function settled(name: string): Promise<{ readonly model: OpenModel; readonly recipe: Recipe }> {
  const { files, preprocess, inputs } = subjectOf(name);
  const source = { bytes: readShared(`models/${name}.onnx`), fileName: `${name}.onnx`, readBeside: async () => null };
  const model = await openModel(source, inputs, runtimes.main, context);
  const data = await openData(model, files(2), preprocess, nodeDecoders);
  const start = withTarget({ ...defaultRecipe(model), preprocess: data.preprocess }, "ort-web");
  const wanted: Recipe = { ...start, elementwise: "join", corrections: { equalization: false, bias: "none" } };
  return {
    model,
    recipe: (await settle(model, wanted, data, { samples: 2, calibration: null }, runtimes, context)).recipe,
  };
}

async function expectAlike(model: OpenModel, recipe: Recipe): Promise<void> {
  const kernels = await plannedKernels(model, recipe, operatorsOf);
  expect(kernels.filter(({ planned, found }) => found < planned)).toEqual([]);
  expect(kernels).toEqual(await plannedKernels(model, recipe, optimizedOperators));
  const fates = fatesOf(planModel(model, recipe), model.types);
  const integers = (operator: string) =>
    fates.filter((each) => each.operator === operator && each.fate === "integer").length;
  for (const { operator, planned } of kernels) expect(integers(operator)).toBeGreaterThanOrEqual(planned);
}

describe("layers that a plan calls integer have an integer kernel in the WASM build too", needsShared, () => {
  for (const [name] of recordedRecipes()) {
    it(`in ${name}, on the graph that it makes itself: the kernels of the native build`, async () => {
      const recipe = recordedRecipe(name, "channel");
      const model = await openRecorded(name, recipe.inputs);
      await expectAlike(model, recipe);
    });
  }

  it.each(OTHERS)("in %s, for ort-web", async (name) => {
    const { model, recipe } = await settled(name);
    await expectAlike(model, recipe);
  });
});

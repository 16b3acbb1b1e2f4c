import { nodeDecoders } from "../../../../cli/decoders.ts";
import { memoryFile } from "../../data/testing/files.ts";
import { run } from "../../graph/testing/native.ts";
import type { Calibration } from "../../model/calibration.ts";
import type { DataFile } from "../../model/dataset.ts";
import type { JobContext } from "../../model/job.ts";
import type { Recipe } from "../../model/recipe.ts";
import type { TensorMap } from "../../model/tensor.ts";
import { nodeRuntime } from "../../runtime/node.ts";
import { readShared } from "../../testing/shared.ts";
import { openData } from "../data.ts";
import { defaultRecipe, type OpenModel, openModel } from "../open.ts";
import { type Quantized, quantizeModel } from "../quantize.ts";
import { settle } from "../settle.ts";
import { unseenArrays } from "./cases.ts";

export const context: JobContext = { signal: new AbortController().signal, report: () => undefined };

export interface Case {
  readonly model: OpenModel;
  readonly recipe: Recipe;
  readonly calibration: Calibration;
  readonly quantized: Quantized;
  /** The unseen inputs, and what the float and the quantized model make of them. */
  readonly inputs: TensorMap;
  readonly float: TensorMap;
  readonly integer: TensorMap;
}

/** A case of ../shared/cases, settled by its default recipe on the samples of its calib.npy, and of `more`. */
export async function settledCase(name: string, more: readonly DataFile[] = []): Promise<Case> {
  const source = {
    bytes: readShared(`cases/${name}/model.onnx`),
    fileName: `${name}.onnx`,
    readBeside: async () => null,
  };
  const main = nodeRuntime();
  const model = await openModel(source, { shapes: {}, values: {} }, main, context);
  const data = await openData(
    model,
    [memoryFile("calib.npy", readShared(`cases/${name}/calib.npy`)), ...more],
    null,
    nodeDecoders,
  );
  const request = { samples: data.length, calibration: null };
  const runtimes = { main, accelerator: null };
  const { recipe, calibration } = await settle(model, defaultRecipe(model), data, request, runtimes, context);
  const quantized = quantizeModel(model, recipe);
  const inputs = await unseenArrays(name);
  return {
    model,
    recipe,
    calibration,
    quantized,
    inputs,
    float: await run(model.original, inputs),
    integer: await run(quantized.model, inputs),
  };
}

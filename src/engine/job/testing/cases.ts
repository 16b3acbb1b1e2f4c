import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { unzipSync } from "fflate";
import { nodeDecoders } from "../../../../cli/decoders.ts";
import { decodeElements, ELEMENT_BYTES } from "../../data/elements.ts";
import { readNpy } from "../../data/npy.ts";
import { diskFile, memoryFile } from "../../data/testing/files.ts";
import { run } from "../../graph/testing/native.ts";
import type { Calibration } from "../../model/calibration.ts";
import type { DataFile } from "../../model/dataset.ts";
import type { JobContext } from "../../model/job.ts";
import type { Recipe } from "../../model/recipe.ts";
import type { Tensor, TensorMap } from "../../model/tensor.ts";
import { elementCount } from "../../onnx/tensor.ts";
import { nodeRuntime } from "../../runtime/node.ts";
import { openData } from "../data.ts";
import { defaultRecipe, type OpenModel, openModel } from "../open.ts";
import { type Quantized, quantizeModel } from "../quantize.ts";
import { settle } from "../settle.ts";

const folder = fileURLToPath(new URL("../../../../../shared/cases/", import.meta.url));

export const hasCases = existsSync(folder);

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
  const at = `${folder}${name}`;
  const source = {
    bytes: new Uint8Array(readFileSync(`${at}/model.onnx`)),
    fileName: `${name}.onnx`,
    readBeside: async () => null,
  };
  const main = nodeRuntime();
  const model = await openModel(source, { shapes: {}, values: {} }, main, context);
  const data = await openData(model, [diskFile(`${at}/calib.npy`, "calib.npy"), ...more], null, nodeDecoders);
  const request = { samples: data.length, calibration: null };
  const runtimes = { main, accelerator: null };
  const { recipe, calibration } = await settle(model, defaultRecipe(model), data, request, runtimes, context);
  const quantized = quantizeModel(model, recipe);
  const inputs = await readArrays(name);
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

/** The unseen inputs of a case, by name. */
export async function readArrays(name: string): Promise<TensorMap> {
  const arrays = new Map<string, Tensor>();
  for (const [entry, bytes] of Object.entries(unzipSync(new Uint8Array(readFileSync(`${folder}${name}/test.npz`))))) {
    const { dims, type, offset, littleEndian } = await readNpy(memoryFile(entry, bytes));
    const end = offset + elementCount(dims) * ELEMENT_BYTES[type];
    const data = decodeElements(bytes.subarray(offset, end), type, littleEndian);
    arrays.set(entry.replace(/\.npy$/, ""), { type: type === "float16" ? "float32" : type, dims, data });
  }
  return arrays;
}

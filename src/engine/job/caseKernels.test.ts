import { existsSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { nodeDecoders } from "../../../cli/decoders.ts";
import { memoryFile } from "../data/testing/files.ts";
import { optimizedModel } from "../graph/testing/native.ts";
import type { Calibration } from "../model/calibration.ts";
import { InputError } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { needsShared, readShared, SHARED } from "../testing/shared.ts";
import { openData } from "./data.ts";
import { defaultRecipe, openModel } from "./open.ts";
import { settle } from "./settle.ts";
import { type Difference, plannedOtherwise, withNames } from "./testing/plannedKernels.ts";
import { context } from "./testing/settledCase.ts";

const runtimes = { main: nodeRuntime(), accelerator: null };

/** What differs of a case as pairs, with layers without weights joined and left in float. */
async function differences(name: string): Promise<readonly Difference[]> {
  const path = `cases/${name}`;
  const kind = existsSync(`${SHARED}${path}/calib.npz`) ? "npz" : "npy";
  const source = { bytes: readShared(`${path}/model.onnx`), fileName: `${name}.onnx`, readBeside: async () => null };
  const inputs = { shapes: {}, values: {}, state: {} };
  const model = withNames(await openModel(source, inputs, runtimes.main, context));
  const files = [memoryFile(`calib.${kind}`, readShared(`${path}/calib.${kind}`))];
  const data = await openData(model, files, null, nodeDecoders);
  const found: Difference[] = [];
  let calibration: Calibration | null = null;
  for (const elementwise of ["join", "float"] as const) {
    const wanted: Recipe = {
      ...defaultRecipe(model),
      preprocess: data.preprocess,
      elementwise,
      corrections: { equalization: false, bias: "none" },
    };
    const settled = await settle(model, wanted, data, { samples: 2, calibration }, runtimes, context);
    calibration = settled.calibration;
    found.push(...(await plannedOtherwise(model, settled.recipe, [optimizedModel])).flat());
  }
  return found;
}

describe("what a plan says of each layer is the kernel that ONNX Runtime has for it", needsShared, () => {
  const cases = existsSync(`${SHARED}cases`) ? readdirSync(`${SHARED}cases`) : [];
  it.each(cases.filter((name) => existsSync(`${SHARED}cases/${name}/model.onnx`)))(
    "in the case of %s, where it opens",
    async (name) => {
      try {
        expect(await differences(name)).toEqual([]);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
      }
    },
  );
});

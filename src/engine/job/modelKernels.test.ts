import { describe, expect, it } from "vitest";
import { nodeDecoders } from "../../../cli/decoders.ts";
import { subjectOf } from "../../../scripts/subjects.ts";
import { memoryFile, npyBytes } from "../data/testing/files.ts";
import { optimizedModel } from "../graph/testing/native.ts";
import type { Calibration } from "../model/calibration.ts";
import type { GivenInputs, Recipe } from "../model/recipe.ts";
import { withFormat, withTarget } from "../recipe/edits.ts";
import { withWide } from "../recipe/wide.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { wasmOptimizedModel } from "../runtime/testing/wasmOptimized.ts";
import { needsShared, readShared } from "../testing/shared.ts";
import { type OpenDataset, openData } from "./data.ts";
import { defaultRecipe, type OpenModel, openModel, planModel } from "./open.ts";
import { settle, settleAlone } from "./settle.ts";
import { type Difference, plannedOtherwise, withNames } from "./testing/plannedKernels.ts";
import { openRecorded, recordedRecipe, recordedRecipes } from "./testing/recorded.ts";
import { context } from "./testing/settledCase.ts";

const runtimes = { main: nodeRuntime(), accelerator: null };
const PLAIN = { equalization: false, bias: "none" } as const;

/** Recorded recipes whose plans differ: as it is by default, with layers and tensors left in float, with int8 activations. */
const KINDS = ["channel", "float", "s8"];

/**
 * Left as predicted: int8 activations that become uint8 for one reader and stay for another are rounded anew between, and ONNX Runtime moves
 * a Transpose from before that rounding, where it is in float, to behind it (transpose_optimizer).
 */
const TRANSPOSED: Readonly<Record<string, readonly string[]>> = {
  "ppocrv4_rec, qdq of s8": ["p2o.Transpose.1", "p2o.Transpose.4"],
};

/** What differs in either build, by case. */
async function differences(model: OpenModel, cases: Readonly<Record<string, Recipe>>) {
  const found: [string, string, readonly Difference[]][] = [];
  for (const [name, recipe] of Object.entries(cases)) {
    const [native = [], wasm = []] = await plannedOtherwise(model, recipe, [optimizedModel, wasmOptimizedModel]);
    const isKnown = ({ layer }: Difference) => TRANSPOSED[`${model.name}, ${name}`]?.includes(layer);
    const left = (all: readonly Difference[]) => all.filter((each) => !isKnown(each));
    found.push([name, "native", left(native)], [name, "wasm", left(wasm)]);
  }
  return found.filter(([, , all]) => all.length > 0);
}

/** Scales found at run time. */
function dynamic(model: OpenModel, target: "ort-cpu" | "ort-web" = "ort-cpu"): Recipe {
  const plain: Recipe = { ...defaultRecipe(model), corrections: PLAIN };
  return settleAlone(model, withFormat(withTarget(plain, target), "dynamic")).recipe;
}

async function open(name: string, inputs: GivenInputs): Promise<OpenModel> {
  const source = { bytes: readShared(`models/${name}.onnx`), fileName: `${name}.onnx`, readBeside: async () => null };
  return withNames(await openModel(source, inputs, runtimes.main, context));
}

/** Layers without weights as each is named, by what one calibration saw: as pairs, the last also as operators on codes. */
async function settledCases(model: OpenModel, data: OpenDataset, ways: readonly Recipe["elementwise"][]) {
  const cases: Record<string, Recipe> = { dynamic: dynamic(model) };
  let calibration: Calibration | null = null;
  for (const elementwise of ways) {
    const start = withTarget({ ...defaultRecipe(model), preprocess: data.preprocess }, "ort-web");
    const wanted: Recipe = { ...start, elementwise, corrections: PLAIN };
    const settled = await settle(model, wanted, data, { samples: 2, calibration }, runtimes, context);
    calibration = settled.calibration;
    cases[`qdq, ${elementwise}`] = settled.recipe;
    cases.qoperator = { ...settled.recipe, format: "qoperator" };
    const named = planModel(model, settled.recipe).layers.filter((_, at) => at % 3 === 0);
    const wide = withWide(
      wanted,
      named.map(({ id }) => id),
    );
    const widened = await settle(model, wide, data, { samples: 2, calibration }, runtimes, context);
    cases[`qdq, ${elementwise}, every third layer in 16 bits`] = widened.recipe;
  }
  return cases;
}

/** Those of ../shared/models that no recipe is recorded of, and that have layers of their own to quantize. */
const OTHERS = ["mnist_cntk", "ultraface_rfb320", "fmnist_dw_folded", "fmnist_dw_bn"];

const SILERO = { shapes: { input: [1, 576], state: [2, 1, 128] }, values: { state: 0, sr: 16000 }, state: {} };

describe(
  "what a plan says of each layer is the kernel that ONNX Runtime has for it, natively and in WASM",
  needsShared,
  () => {
    for (const [name, kinds] of recordedRecipes()) {
      it(`in ${name}, of recorded ranges`, async () => {
        const model = withNames(await openRecorded(name, recordedRecipe(name, "channel").inputs));
        const recipes = KINDS.filter((kind) => kinds.includes(kind)).map((kind) => [kind, recordedRecipe(name, kind)]);
        const pairs = Object.fromEntries(recipes.map(([kind, recipe]) => [`qdq of ${kind}`, recipe]));
        const qoperator: Recipe = { ...recordedRecipe(name, "channel"), format: "qoperator" };
        const cases: Record<string, Recipe> = { ...pairs, qoperator, dynamic: dynamic(model) };
        expect(await differences(model, cases)).toEqual([]);
      });
    }

    it.each(OTHERS)("in %s, settled on samples", async (name) => {
      const { files, preprocess, inputs } = subjectOf(name);
      const model = await open(name, inputs);
      const data = await openData(model, files(2), preprocess, nodeDecoders);
      expect(await differences(model, await settledCases(model, data, ["join", "float"]))).toEqual([]);
    });

    it("in silero_vad_v5, settled on a tone", async () => {
      const model = await open("silero_vad_v5", SILERO);
      const tone = Float32Array.from({ length: 2 * 576 }, (_, at) => 0.3 * Math.sin(0.07 * at));
      const data = await openData(model, [memoryFile("tone.npy", npyBytes("<f4", [2, 576], tone))], null, nodeDecoders);
      const cases = await settledCases(model, data, ["float", "auto"]);
      cases["dynamic for ort-web"] = dynamic(model, "ort-web");
      expect(await differences(model, cases)).toEqual([]);
    });
  },
);

import { beforeAll, describe, expect, it } from "vitest";
import { nodeDecoders } from "../../../cli/decoders.ts";
import { memoryFile, npyBytes } from "../data/testing/files.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Tensor } from "../model/tensor.ts";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import { encodeModel } from "../onnx/encode.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { vector } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { type OpenDataset, openData } from "./data.ts";
import { undecidedRegions } from "./elementwise.ts";
import { defaultRecipe, type OpenModel, openModel, planModel, summarizeModel } from "./open.ts";
import { quantizeModel } from "./quantize.ts";
import { settle, settleAlone, wantsOfSamples } from "./settle.ts";
import { context } from "./testing/settledCase.ts";

const SAMPLES = 12;
const GROUPS = { attributes: [intAttribute("group", 4)] };
const runtimes = { main: nodeRuntime(), accelerator: null };
const node = (opType: string, inputs: readonly string[], output: string) =>
  makeNode(opType, inputs, [output], { name: output });

interface Opened {
  readonly model: OpenModel;
  readonly data: OpenDataset;
}

/** Of one channel each, with these factors. */
function depthwise(factors: readonly number[]): Tensor {
  const { data } = noise([4, 1, 3, 3], 8);
  return {
    type: "float32",
    dims: [4, 1, 3, 3],
    data: (data as Float32Array).map((w, at) => w * factors[Math.floor(at / 9)]!),
  };
}

async function open(nodes: readonly NodeProto[], outputs: readonly string[]): Promise<Opened> {
  const built = buildModel({
    opset: 17,
    inputs: [floatInput("x", [1, 4, 8, 8])],
    outputs,
    nodes,
    constants: {
      v: noise([4, 4, 3, 3], 5),
      w: noise([4, 4, 3, 3], 6),
      many: noise([256, 4, 3, 3], 7),
      apart: depthwise([2000, 1, 1, 1]),
      again: depthwise([1 / 2000, 1, 1, 1]),
      big: { ...vector("float32", [3000, 3000, 3000, 3000]), dims: [1, 4, 1, 1] },
    },
  });
  const bytes = new Uint8Array(Buffer.concat(encodeModel(built)));
  const source = { bytes, fileName: "net.onnx", readBeside: async () => null };
  const model = await openModel(source, { shapes: {}, values: {} }, runtimes.main, context);
  const { data: values } = noise([SAMPLES, 4, 8, 8], 3);
  const file = memoryFile("x.npy", npyBytes("<f4", [SAMPLES, 4, 8, 8], values as Float32Array));
  return { model, data: await openData(model, [file], null, nodeDecoders) };
}

const settled = ({ model, data }: Opened, change: Partial<Recipe> = {}) => {
  const request = { samples: SAMPLES, calibration: null };
  return settle(model, { ...defaultRecipe(model), ...change }, data, request, runtimes, context);
};

/** One residual joins at no loss; of the other the sum is 3000 times what the next layer makes of it. */
const NODES = [
  node("Conv", ["x", "v"], "a"),
  node("Conv", ["x", "w"], "b"),
  node("Add", ["a", "b"], "fine"),
  node("Conv", ["fine", "v"], "c"),
  node("Relu", ["c"], "r"),
  node("Add", ["r", "big"], "coarse"),
  node("Sub", ["coarse", "big"], "back"),
  node("Conv", ["back", "w"], "out"),
];

let opened: Opened;
beforeAll(async () => {
  opened = await open(NODES, ["out"]);
});

describe("layers without weights", () => {
  it("join where that costs nothing, and stay in float where it ruins the outputs", async () => {
    const { recipe, elementwise } = await settled(opened);
    expect(undecidedRegions(opened.model, recipe).map(({ layers }) => layers)).toEqual([["fine"], ["coarse"]]);
    expect(recipe.unjoined).toEqual(["coarse"]);
    expect(elementwise).toMatchObject({ unjoined: ["coarse"], joined: ["fine"], samples: SAMPLES });
    const { decided, joined, float } = elementwise!.sqnr!;
    expect(decided!).toBeGreaterThan(joined! + 10);
    expect(decided!).toBeGreaterThan(float! - 0.3);
    const { layers, notices } = summarizeModel(opened.model, recipe);
    expect(layers.find(({ id }) => id === "coarse")?.reason).toEqual({ code: "decided" });
    expect(layers.find(({ id }) => id === "fine")?.reason).toBeNull();
    expect(notices.map(({ message }) => message)).toEqual([
      "1 of 2 layers without weights stays in float, as decided on calibration samples: 1 Add.",
    ]);
  });

  it("are decided alike once more, and not at all where the recipe holds it: the bytes are the recipe's", async () => {
    const first = await settled(opened);
    const again = await settled(opened);
    expect(again.recipe).toEqual(first.recipe);
    const kept = await settled(opened, { unjoined: ["fine"] });
    expect(kept.elementwise).toBeNull();
    expect(kept.recipe.unjoined).toEqual(["fine"]);
    const { chunks } = quantizeModel(opened.model, first.recipe);
    const other = quantizeModel(opened.model, kept.recipe);
    expect(Buffer.concat(chunks).equals(Buffer.concat(other.chunks))).toBe(false);
  });

  it("are not decided where the recipe says what becomes of them, or weights alone are quantized", async () => {
    for (const change of [{ elementwise: "join" }, { elementwise: "float" }, { format: "weights" }] as const) {
      const { recipe, elementwise } = await settled(opened, change);
      expect(elementwise).toBeNull();
      expect(recipe.unjoined).toBeNull();
    }
    const { recipe } = await settled(opened, { elementwise: "float" });
    const inFloat = planModel(opened.model, recipe).layers.filter(
      ({ reason }) => reason?.code === "recipe-elementwise",
    );
    expect(inFloat.map(({ id }) => id)).toEqual(["fine", "coarse"]);
  });

  it("all join where nothing else would be quantized", async () => {
    const sums = await open([node("MatMul", ["x", "x"], "s"), node("Mul", ["s", "x"], "out")], ["out"]);
    const { recipe, elementwise } = await settled(sums);
    expect(recipe.unjoined).toEqual([]);
    expect(elementwise).toEqual({ unjoined: [], joined: planned(sums, recipe), samples: 0, sqnr: null, costly: null });
  });

  it("and layers with weights stay in float where these multiply little and ruin the outputs", async () => {
    const uneven = await open(
      [
        makeNode("Conv", ["x", "apart"], ["spread"], { name: "spread", ...GROUPS }),
        makeNode("Conv", ["spread", "again"], ["even"], { name: "even", ...GROUPS }),
        node("Conv", ["even", "many"], "out"),
      ],
      ["out"],
    );
    const { recipe, elementwise } = await settled(uneven);
    expect(recipe.unjoined).toEqual(["spread", "even"]);
    expect(elementwise!.costly!.layers).toEqual(["spread", "even"]);
    expect(elementwise!.costly!.share).toBeLessThan(0.1);
    expect(elementwise!.costly!.sqnr!).toBeGreaterThan(20);
    const { layers, notices } = summarizeModel(uneven.model, recipe);
    expect(layers.map(({ reason }) => reason?.code)).toEqual(["costly", "costly", undefined]);
    expect(notices.map(({ message }) => message)).toEqual([
      "2 layers with weights stay in float, as decided on calibration samples: in integers they cost the outputs much, and they multiply little: spread (Conv) and even (Conv).",
    ]);
    const joined = await settled(uneven, { elementwise: "join" });
    expect(joined.recipe.unjoined).toBeNull();
    expect(joined.elementwise).toBeNull();
  });

  it("want no samples where there are none", async () => {
    const plain = await open([node("Conv", ["x", "v"], "out")], ["out"]);
    const recipe = { ...defaultRecipe(plain.model), corrections: { equalization: false, bias: "none" } } as const;
    expect(wantsOfSamples(plain.model, recipe)).toEqual(["calibration"]);
    expect(wantsOfSamples(opened.model, recipe)).toEqual(["deciding elementwise operators", "calibration"]);
    expect((await settled(plain)).recipe.unjoined).toEqual([]);
    const none = await open([node("Sin", ["x"], "out")], ["out"]);
    expect(settleAlone(none.model, { ...recipe, model: defaultRecipe(none.model).model }).recipe.unjoined).toEqual([]);
  });
});

function planned({ model }: Opened, recipe: Recipe): string[] {
  return planModel(model, recipe).layers.flatMap(({ id, reason }) => (reason === null ? [id] : []));
}

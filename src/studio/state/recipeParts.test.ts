import { beforeEach, expect, test, vi } from "vitest";
import type { Calibration } from "../../../workers/protocol.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import type { Layer, ModelSummary } from "../../engine/model/summary.ts";
import { PLAIN_RECIPE } from "../../engine/model/testing/recipe.ts";
import { startEffects } from "./effects.ts";
import { analyseGroup, estimateRange } from "./estimates.ts";
import { begin } from "./history.ts";
import { setQuantized, setRange } from "./recipe.ts";
import { planPart, rangePart, valuesPart, weightPart } from "./recipeParts.ts";
import { studio } from "./store.ts";
import { given } from "./testing/given.ts";
import { analyseWeight } from "./weights.ts";

/** What a message weighs on its way to a worker; the studio has no types of Node. */
const { serialize } = await vi.importActual<{ readonly serialize: (message: unknown) => Uint8Array }>("node:v8");
const posted = vi.hoisted((): { readonly call: string; readonly args: readonly unknown[] }[] => []);

vi.mock("./workers.ts", () => {
  const api = new Proxy(
    {},
    {
      get:
        (_, call: string) =>
        async (...args: unknown[]) => {
          posted.push({ call, args });
          return call === "overview" ? [] : {};
        },
    },
  );
  const worker = { running: true, ask: (question: (api: unknown) => Promise<unknown>) => question(api) };
  return { analysis: worker, engine: worker };
});
vi.mock("./persistence.ts", () => ({ saveSoon: () => {}, saveCalibration: () => {} }));
vi.mock("./storing.ts", () => ({ guarded: async () => true, storing: async () => true, allStored: async () => {} }));

const LAYERS = ["conv", "fc"];
const MEGABYTE = 1 << 20;
const FEW_KILOBYTES = 4096;
const LEARNED: Recipe = {
  ...PLAIN_RECIPE,
  weights: { ...PLAIN_RECIPE.weights, rounding: "learned" },
  methods: { b: "entropy" },
  ranges: { a: { low: -1, high: 1 }, b: { low: -2, high: 2 } },
  resolved: { a: { low: -1, high: 1 }, b: { low: -2, high: 2 } },
  biases: {},
  rounding: Object.fromEntries(LAYERS.map((layer) => [layer, layer[0]!.repeat(MEGABYTE / 2)])),
};
const group = (id: string) => ({ id, members: [id], fixed: null, bounds: null, least: null, whole: false });
const layer = (id: string) => ({ id, outputs: [], weight: `${id}.weight`, precision: "int8" }) as unknown as Layer;
const plan = { sha256: "00", groups: [group("a"), group("b")], layers: LAYERS.map(layer), activations: [] };
const calls = () => posted.map(({ call }) => call);
const bytes = () => posted.map(({ args }) => serialize(args).byteLength);

beforeEach(() => {
  const summary = plan as unknown as ModelSummary;
  const calibration = { statistics: new Map(), wanted: 4, equalized: false, seed: null } as unknown as Calibration;
  given({
    model: { file: {} as File, beside: [], summary, plan: summary, sources: [], large: null },
    recipe: begin(LEARNED),
    calibration,
  });
  posted.length = 0;
});

test("a drag posts a few kilobytes, though the recipe holds a megabyte of learned rounding", async () => {
  expect(serialize(LEARNED).byteLength).toBeGreaterThan(MEGABYTE);
  const stop = startEffects();
  for (let step = 1; step <= 3; step++) await estimateRange("a", { low: -step, high: 1 });
  setRange("a", { low: -3, high: 1 });
  await vi.waitFor(() => expect(calls()).toContain("overview"));
  await analyseGroup("a", studio.getState().project.recipe!.present, null);
  stop();
  expect(new Set(calls())).toEqual(new Set(["estimate", "plan", "load", "overview", "analyse"]));
  for (const size of bytes()) expect(size).toBeLessThan(FEW_KILOBYTES);
  expect(posted.at(-1)?.args).toEqual([
    "a",
    { activations: LEARNED.activations, method: "auto", methods: {}, ranges: { a: { low: -3, high: 1 } } },
    null,
  ]);
});

test("a layer left in float is planned again without what was learned", async () => {
  const stop = startEffects();
  setQuantized("conv", false);
  await vi.waitFor(() => expect(calls()).toContain("plan"));
  stop();
  for (const size of bytes()) expect(size).toBeLessThan(FEW_KILOBYTES);
});

test("a weight is asked for with the rounding of the layers that read it", async () => {
  await analyseWeight("fc.weight", LEARNED);
  const [name, part] = posted[0]!.args as [string, Recipe];
  expect(name).toBe("fc.weight");
  expect(part.rounding).toEqual({ fc: LEARNED.rounding!.fc });
  expect(part.weights).toBe(LEARNED.weights);
});

test("parts have the fields that are read, and rounding only where weights are asked for", () => {
  expect(Object.keys(rangePart(LEARNED))).toEqual(["activations", "method", "methods", "ranges"]);
  expect(Object.keys(valuesPart(LEARNED))).toEqual(["corrections", "factors", "preprocess", "seed"]);
  expect(planPart(LEARNED)).not.toHaveProperty("rounding");
  expect(weightPart([], { ...LEARNED, rounding: null }).rounding).toBeNull();
  expect(weightPart(["__proto__"], LEARNED).rounding).toEqual({});
});

test("layers in 16 bits are told wherever what they read and make is asked about", () => {
  const recipe: Recipe = { ...PLAIN_RECIPE, wide: ["conv"] };
  expect(planPart(recipe).wide).toEqual(["conv"]);
  expect(weightPart(LAYERS, recipe).wide).toEqual(["conv"]);
  expect("wide" in planPart(PLAIN_RECIPE)).toBe(false);
});

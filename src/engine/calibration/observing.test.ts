import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { describe, expect, test } from "vitest";
import { garments, photographs } from "../emit/testing/shared.ts";
import { observationPlan } from "../graph/observation.ts";
import { graphOf } from "../graph/pass.ts";
import { prepareModel } from "../graph/prepare.ts";
import { exposeOutputs } from "../graph/shapes.ts";
import { run } from "../graph/testing/native.ts";
import type { ObservationPlan, Session } from "../model/runtime.ts";
import type { Tensor, TensorMap } from "../model/tensor.ts";
import { Observer } from "../numerics/observer.ts";
import { observe } from "../numerics/testing/observe.ts";
import { decodeModel } from "../onnx/decode.ts";
import { inputPorts } from "../onnx/ports.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import { noise } from "../onnx/testing/build.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { ORT } from "../targets/ort.ts";
import { needsShared, readShared } from "../testing/shared.ts";
import { observingSession } from "./observing.ts";

const tensor = (dims: readonly number[], ...values: number[]): Tensor => ({
  type: "float32",
  dims,
  data: Float32Array.from(values),
});

/** Gives y = 2 x and, of another type, n. */
function doubling(): Session & { fetched: (readonly string[] | undefined)[]; disposed: boolean } {
  return {
    fetched: [],
    disposed: false,
    inputs: [],
    outputs: ["y", "z", "n"].map((name) => ({ name, type: "float32", dims: [] })),
    lastRunTime: 5,
    async run(feeds, fetches) {
      this.fetched.push(fetches);
      const x = feeds.get("x") as Tensor;
      return new Map<string, Tensor>([
        ["y", { ...x, data: (x.data as Float32Array).map((value) => 2 * value) }],
        ["n", { type: "int32", dims: [1], data: Int32Array.of(1) }],
      ]);
    },
    async dispose() {
      this.disposed = true;
    },
  };
}

const plan: ObservationPlan = {
  watch: ["x", "y", "z", "n"],
  derived: [{ tensor: "z", from: ["y", "x"], clamp: { low: 0, high: 3 } }],
  seldom: [],
};
const NaNs: Tensor = tensor([2, 2], Number.NaN, Infinity, -Infinity, Number.NaN);

describe("observingSession", () => {
  test("fetches what is counted, and derives the rest", async () => {
    const session = doubling();
    const observing = observingSession([session], plan);
    await observing.observe(new Map([["x", tensor([3], 1, -2, 0.5)]]), [4]);
    expect(session.fetched).toEqual([["y", "n"]]);
    expect(observing.lastRunTime).toBeGreaterThanOrEqual(0);
    const statistics = await observing.take();
    expect([...statistics.keys()]).toEqual(plan.watch);
    const derived = observe([2, 0, 1, 1, 0, 0.5]);
    expect(statistics.get("z")).toEqual({ ...derived, samples: { index: [4], min: [0], max: [2] } });
    expect(statistics.get("n")).toEqual(Observer.merge([]));
    await observing.dispose();
    expect(session.disposed).toBe(true);
  });

  test("starts anew after a take, and batches count by sample", async () => {
    const observing = observingSession([doubling()], plan);
    await observing.observe(new Map([["x", tensor([4], 9, 8, 7, 6)]]), [0]);
    await observing.take();
    await observing.observe(new Map([["x", tensor([4, 1], 1, -2, 0.5, 4)]]), [7, 3]);
    const statistics = await observing.take();
    expect(statistics.get("x")?.samples).toEqual({ index: [3, 7], min: [0.5, -2], max: [4, 1] });
    expect(statistics.get("z")?.samples).toEqual({ index: [3, 7], min: [0.5, 0], max: [3, 2] });
  });

  test("clamps infinities and passes NaN on", async () => {
    const observing = observingSession([doubling()], plan);
    await observing.observe(new Map([["x", NaNs]]), [0, 1]);
    const z = (await observing.take()).get("z");
    expect(z).toMatchObject({ nan: 4, positiveInfinity: 0, negativeInfinity: 0, finite: 4, zeros: 2, max: 3 });
    expect(z?.samples).toEqual({ index: [0, 1], min: [3, 0], max: [3, 0] });
  });

  test("runs nothing where only inputs are counted", async () => {
    const session = doubling();
    const inputs: ObservationPlan = {
      watch: ["x", "y"],
      derived: [{ tensor: "y", from: ["x"], clamp: null }],
      seldom: [],
    };
    const observing = observingSession([session], inputs);
    await observing.observe(new Map([["x", tensor([1], 1)]]), [0]);
    expect(session.fetched).toEqual([]);
    expect((await observing.take()).get("y")).toEqual(observe([1]));
  });

  test("fetches and counts what is counted seldom in every eighth sample, alone or joined", async () => {
    const session = doubling();
    const observing = observingSession([session], { watch: ["x", "y"], derived: [], seldom: ["y"] });
    await observing.observe(new Map([["x", tensor([1], 1)]]), [8]);
    await observing.observe(new Map([["x", tensor([1], 5)]]), [9]);
    await observing.observe(new Map([["x", tensor([3], 7, 2, 9)]]), [15, 16, 17]);
    expect(session.fetched).toEqual([["y"], ["y"]]);
    const statistics = await observing.take();
    expect(statistics.get("x")!.samples.index).toEqual([8, 9, 15, 16, 17]);
    expect(statistics.get("y")).toEqual({ ...observe([2, 4]), samples: { index: [8, 16], min: [2, 4], max: [2, 4] } });
  });

  test("says which tensor does not divide into samples", async () => {
    const observing = observingSession([doubling()], plan);
    await expect(observing.observe(new Map([["x", tensor([3], 1, 2, 3)]]), [0, 1])).rejects.toThrow(/"x".*\[3\].*2 /);
  });
});

const imagenet = { scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const around = (middle: number, std: number) => ({ scale: 1, mean: Array(3).fill(middle), std: Array(3).fill(std) });
const sample = new URL("../../../public/sample/fashion-mnist-dw.onnx", import.meta.url);
const pictures = (index: number) => noise([1, 1, 28, 28], index + 1);

async function expectDerived(bytes: Uint8Array, sampleOf: (index: number) => Tensor, least: number): Promise<void> {
  const { observed } = await prepareModel(decodeModel(bytes, "model"), (model) => run(model), ORT.opset);
  const made = graphOf(observed).node.flatMap(({ output }) => output.filter(Boolean));
  const session = await nodeRuntime().createSession(toModelFile(exposeOutputs(observed, made)), { threads: 1 });
  const types = new Map(session.outputs.map(({ name, type }) => [name, type]));
  const input = inputPorts(observed)[0]?.name ?? "";
  const watched = [input, ...made.filter((name) => types.get(name) === "float32")];
  const derivations = observationPlan(observed, watched);
  expect(derivations.derived.length).toBeGreaterThanOrEqual(least);
  const all = observingSession([session], { watch: watched, derived: [], seldom: [] });
  const some = observingSession([session], derivations);
  for (let i = 0; i < 3; i++) {
    const feeds: TensorMap = new Map([[input, sampleOf(i)]]);
    await all.observe(feeds, [i]);
    await some.observe(feeds, [i]);
  }
  const [expected, derived] = [await all.take(), await some.take()];
  expect([...expected.keys()].sort()).toEqual(watched.toSorted());
  for (const [name, statistics] of expected)
    if (!isDeepStrictEqual(derived.get(name), statistics)) expect(derived.get(name), name).toEqual(statistics);
  await session.dispose();
}

describe("derived statistics are those of the tensors themselves", () => {
  test("the sample model", () => expectDerived(new Uint8Array(readFileSync(sample)), pictures, 8));

  test.each([
    ["fmnist_dw_bn", garments, 8],
    ["squeezenet1.1", () => photographs(imagenet), 35],
    ["mobilenet_v1_0.75_224", () => photographs(around(127.5, 127.5)), 28],
    ["ultraface_rfb320", () => photographs({ ...around(127, 128), height: 240, width: 320 }), 40],
  ] as const)("%s", needsShared, (name, samples, least) =>
    expectDerived(readShared(`models/${name}.onnx`), samples(), least),
  );
});

import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { npyBytes } from "../src/engine/data/testing/files.ts";
import type { Runtime } from "../src/engine/model/runtime.ts";
import { intAttribute, makeNode } from "../src/engine/onnx/attributes.ts";
import { decodeModel } from "../src/engine/onnx/decode.ts";
import type { ModelProto, NodeProto } from "../src/engine/onnx/proto/onnx_pb.ts";
import { buildModel, floatInput, noise } from "../src/engine/onnx/testing/build.ts";
import { needsShared, SHARED } from "../src/engine/testing/shared.ts";
import { modelBytes, put, scratch } from "./testing/colours.ts";
import { errorOf, octet } from "./testing/command.ts";

/** Whether commands observe and run models in processes of their own, as they do, or in this one, which takes a third of the time. */
let isApart = true;
vi.mock("./executors.ts", async (original) => {
  const { observingApart } = await original<typeof import("./executors.ts")>();
  return { observingApart: (runtime: Runtime) => (isApart ? observingApart(runtime) : runtime) };
});
vi.mock("./separate.ts", async (original) => {
  const { withSeparate } = await original<typeof import("./separate.ts")>();
  return { withSeparate: (runtime: Runtime, ahead: boolean) => (isApart ? withSeparate(runtime, ahead) : runtime) };
});

const PLAIN = ["in", "w1", "b1", "c1", "relu", "w2", "b2", "c2", "layer1", "layer2", "layer3"];
/** One of each kind: an input, a weight, a bias, what is between layers, an output, a layer with and without a weight. */
const PLACES = ["in", "w1", "b1", "c1", "relu", "c2", "layer1", "layer2"];
/** Names of what is handed to a process and back: it is fed one and gives the other, and observes both. */
const HANDED_OVER = ["in", "c2"];
/** What every object has before anything is set. */
const TAKEN = [
  ...["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "isPrototypeOf"],
  ...["__defineGetter__", "__lookupSetter__", "propertyIsEnumerable", "toLocaleString", "__defineSetter__"],
];

/** Two layers that can be equalized, with these names. */
function network([input, w1, b1, c1, relu, w2, b2, c2, first, second, third]: readonly string[]): ModelProto {
  return buildModel({
    opset: 13,
    inputs: [floatInput(input!, [1, 3, 6, 6])],
    outputs: [c2!],
    nodes: [
      makeNode("Conv", [input!, w1!, b1!], [c1!], { name: first! }),
      makeNode("Relu", [c1!], [relu!], { name: second! }),
      makeNode("Conv", [relu!, w2!, b2!], [c2!], { name: third! }),
    ],
    constants: {
      ...Object.fromEntries([
        [w1, noise([4, 3, 3, 3])],
        [b1, noise([4])],
        [w2, noise([5, 4, 1, 1], 7)],
        [b2, noise([5], 3)],
      ]),
    },
  });
}

let folder: string;
let data: string;
let unseen: string;
beforeAll(() => {
  folder = scratch();
  const pixels = (from: number) => Float32Array.from({ length: 8 * 108 }, (_, i) => Math.sin((from + i) ** 2));
  data = put(folder, "data.npy", npyBytes("<f4", [8, 3, 6, 6], pixels(0)));
  unseen = put(folder, "unseen.npy", npyBytes("<f4", [8, 3, 6, 6], pixels(1000)));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A text with the taken names in it by the plain ones they stand for. */
function plainly(text: string, names: readonly string[]): string {
  const plain = new Map(names.map((name, i) => [name, PLAIN[i]!]));
  return text.replace(/\w+/g, (word) => plain.get(word) ?? word);
}

async function run(...args: string[]) {
  const outcome = await octet(...args);
  expect(outcome.stderr).not.toMatch(/^octet: /m);
  expect(outcome.code).toBe(0);
  return outcome;
}

const sorted = (items: readonly unknown[]) => items.map((item) => JSON.stringify(item)).sort();

/** Everything the command line makes of the model under these names, said in the plain ones. */
async function everything(names: readonly string[], label: string) {
  const path = put(folder, `${label}.onnx`, modelBytes(network(names)));
  const out = (name: string) => join(folder, label, name);
  const file = (name: string, suffix: string) => join(out(name), `${label}.${suffix}`);
  const read = (name: string, suffix: string) => plainly(readFileSync(file(name, suffix), "utf8"), names);
  const on = ["--data", data];
  await run("quantize", path, ...on, "--out", out("plain"));
  await run("quantize", path, ...on, "--recipe", file("plain", "recipe.json"), "--out", out("again"));
  await run("quantize", path, "--cache", file("plain", "calibration.json"), "--out", out("cached"));
  await run("quantize", path, ...on, "--equalize", "--per-tensor", "--out", out("equalized"));
  await run("quantize", path, ...on, "--rounding", "learned", "--iterations", "5", "--out", out("learned"));
  const judged = await run("evaluate", path, file("plain", "int8.onnx"), "--data", unseen, "--json");
  const hurts = await run("sensitivity", path, ...on, "--json");
  const found = await run("tune", path, ...on, "--min-sqnr", "20", "--out", out("tuned"), "--json");
  const diff = await run("diff", file("plain", "report.json"), file("equalized", "report.json"), "--json");
  const model = (name: string) => readFileSync(file(name, "int8.onnx"));
  const { resolved, biases } = JSON.parse(read("plain", "recipe.json"));
  const equalized = JSON.parse(read("equalized", "recipe.json"));
  const { outputs } = JSON.parse(plainly(judged.stdout, names));
  const { sensitivity, walk } = JSON.parse(plainly(hurts.stdout, names));
  const changes = JSON.parse(plainly(diff.stdout, names));
  return {
    same: { recipe: model("again").equals(model("plain")), report: read("plain", "report.html").length > 1000 },
    cached: decodeModel(model("cached"), "cached").graph?.node.length,
    resolved,
    biases,
    factors: equalized.factors,
    rounding: JSON.parse(read("learned", "recipe.json")).rounding,
    statistics: JSON.parse(read("plain", "calibration.json")).tensors,
    tensorrt: sorted(read("plain", "trt.cache").split("\n")),
    ranges: JSON.parse(read("plain", "ort-ranges.json")).data,
    judged: outputs,
    sensitivity: sensitivity.layers,
    walk: walk.steps,
    tuned: JSON.parse(plainly(found.stdout, names)).parameters,
    changes: [changes.factors, changes.biases, changes.ranges, changes.weights].map(sorted),
  };
}

describe("names that every object has are like any other", () => {
  let plain: Awaited<ReturnType<typeof everything>>;
  beforeAll(async () => {
    plain = await everything(PLAIN, "net0");
    expect(plain.same).toEqual({ recipe: true, report: true });
    expect(Object.keys(plain.resolved).sort()).toEqual(["c2", "in", "relu"]);
    expect(Object.keys(plain.factors)).toEqual(["c1"]);
    for (const part of Object.values(plain)) expect(JSON.stringify(part).length).toBeGreaterThan(1);
    expect(plain.sensitivity.map(({ layer }: { layer: string }) => layer).sort()).toEqual(["layer1", "layer3"]);
    for (const part of plain.changes) expect(part).not.toEqual([]);
  }, 60_000);

  afterEach(() => {
    isApart = true;
  });

  // Which of the names "__proto__" is decides what it breaks.
  it.each(PLACES.map((name) => [name, PLAIN.indexOf(name)] as const))(
    "with __proto__ in the place of %s",
    async (name, place) => {
      isApart = HANDED_OVER.includes(name);
      const names = PLAIN.map((_, i) => TAKEN[(i - place + TAKEN.length) % TAKEN.length]!);
      expect(names[place]).toBe("__proto__");
      expect(await everything(names, "net0")).toEqual(plain);
      rmSync(join(folder, "net0"), { recursive: true });
    },
  );
});

it.each(["constructor", "toString", "__proto__"])(
  "an operator or an attribute called %s is not known",
  async (name) => {
    const model = (opset: number, ...nodes: readonly NodeProto[]) =>
      put(
        folder,
        "odd.onnx",
        modelBytes(buildModel({ opset, inputs: [floatInput("x", [1])], outputs: ["y"], nodes: [...nodes] })),
      );
    expect(errorOf(await octet("inspect", model(9, makeNode(name, ["x"], ["y"], { name: "odd" }))))).toMatch(
      /^Layer "odd" .* the operator is not known there/,
    );
    const constant = makeNode("Constant", [], ["k"], { attributes: [intAttribute(name, 1)] });
    expect(errorOf(await octet("inspect", model(13, constant, makeNode("Add", ["x", "k"], ["y"]))))).not.toMatch(
      /unexpectedly/,
    );
  },
);

describe("shared cases", needsShared, () => {
  it("are quantized and evaluated", async () => {
    const [model, calib] = [`${SHARED}cases/proto-names/model.onnx`, `${SHARED}cases/proto-names/calib.npy`];
    const out = join(folder, "shared");
    await run("quantize", model, "--data", calib, "--samples", "20", "--out", out);
    const rest = ["--data", calib, "--skip", "20", "--json"];
    const { stdout } = await run("evaluate", model, join(out, "model.int8.onnx"), ...rest);
    expect(JSON.parse(stdout).samples).toBe(12);
  });

  it("an operator of such a name is not known", async () => {
    const path = `${SHARED}cases/hostile/prototype-key.onnx`;
    expect(errorOf(await octet("inspect", path))).toMatch(/^Layer "__proto__:c" .* the operator is not known there/);
  });
});

import { beforeAll, describe, expect, test } from "vitest";
import type { Calibration } from "../model/calibration.ts";
import type { Dataset } from "../model/dataset.ts";
import { InputError, type Progress } from "../model/job.ts";
import type { GivenInputs, Recipe } from "../model/recipe.ts";
import { type Runtime, WorkerDied } from "../model/runtime.ts";
import type { TensorMap } from "../model/tensor.ts";
import { intAttribute, intsAttribute, makeNode } from "../onnx/attributes.ts";
import { concat, encodeModel } from "../onnx/encode.ts";
import { withFields } from "../onnx/messages.ts";
import type { ModelProto, NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { scalar, tensorProto, vector } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { memorySize } from "../values/units.ts";
import { firstRun, RunCrashed } from "./firstRun.ts";
import { defaultRecipe, type OpenModel } from "./open.ts";
import type { Quantized } from "./quantize.ts";
import { settleAlone } from "./settle.ts";
import { context, datasetOf, open, quantizeAndCompare, runtime } from "./testing/quantized.ts";
import { verifiedExport } from "./verifiedExport.ts";

const DIMS = [1, 4, 6, 6];
const FILE = "made.int8.onnx";
const noises = (from: number): TensorMap[] =>
  Array.from({ length: 4 }, (_, i) => new Map([["x", noise(DIMS, from + i)]]));

/** The runtime, and how many of its sessions are not disposed of. */
function counting(): { readonly runtime: Runtime; opened: number; live: number } {
  const counts = {
    opened: 0,
    live: 0,
    runtime: {
      ...runtime,
      async createSession(...given: Parameters<Runtime["createSession"]>) {
        const session = await runtime.createSession(...given);
        counts.opened++;
        counts.live++;
        const dispose = async () => {
          counts.live--;
          await session.dispose();
        };
        return { ...session, run: session.run.bind(session), dispose };
      },
    },
  };
  return counts;
}

function withNodes(quantized: Quantized, change: (node: NodeProto) => NodeProto): Quantized {
  const { model } = quantized;
  const graph = withFields(model.graph!, { node: model.graph!.node.map(change) });
  return { ...quantized, model: withFields(model, { graph }) };
}

function withInitializer(quantized: Quantized, tensor: TensorProto): Quantized {
  const { model } = quantized;
  const initializer = model.graph!.initializer.map((each) => (each.name === tensor.name ? tensor : each));
  return { ...quantized, model: withFields(model, { graph: withFields(model.graph!, { initializer }) }) };
}

const artifact = ({ model }: Quantized) => ({ name: FILE, chunks: encodeModel(model) });

const conv = (input: string, output: string) =>
  makeNode("Conv", [input, "w"], [output], { attributes: [intsAttribute("pads", [1, 1, 1, 1])] });

const pooled = buildModel({
  opset: 13,
  inputs: [floatInput("x", DIMS)],
  outputs: ["out"],
  nodes: [
    conv("x", "a"),
    makeNode("MaxPool", ["a"], ["m"], { attributes: [intsAttribute("kernel_shape", [2, 2])] }),
    conv("m", "out"),
  ],
  constants: { w: noise([4, 4, 3, 3], 3) },
});

describe("one run of what is written", () => {
  let model: OpenModel;
  let quantized: Quantized;
  let recipe: Recipe;
  let calibration: Calibration;
  let data: Dataset;

  beforeAll(async () => {
    ({ model, quantized, recipe, calibration } = await quantizeAndCompare(pooled, noises(1), []));
    data = datasetOf(model, noises(1));
  });

  const broken = () =>
    withNodes(quantized, (node) => (node.opType === "MaxPool" ? withFields(node, { output: ["m", ""] }) : node));

  const spoilt = () => withInitializer(quantized, tensorProto("out_scale", scalar("float32", Number.NaN)));

  test.each([true, false])("says nothing where it runs, with data (%s) or without", async (hasData) => {
    const counts = counting();
    expect(await firstRun(model, artifact(quantized), hasData ? data : null, counts.runtime)).toEqual([]);
    expect(counts).toMatchObject({ opened: 1, live: 0 });
  });

  test("refuses what loads and does not run, says why and on what, and leaves no session", async () => {
    const counts = counting();
    const refused = firstRun(model, artifact(broken()), data, counts.runtime);
    await expect(refused).rejects.toThrow(InputError);
    await expect(refused).rejects.toThrow(
      /^"made\.int8\.onnx" loads but does not run on sample 0, .* nothing was written; .*: .*Transpose/,
    );
    await expect(firstRun(model, artifact(broken()), null, runtime)).rejects.toThrow(/does not run on inputs made of/);
    expect(counts).toMatchObject({ opened: 2, live: 0 });
  });

  test("passes over samples that cannot be read", async () => {
    const get = async (i: number) => {
      if (i === 0) throw new InputError("sample 0 is damaged.");
      return data.get(i);
    };
    await expect(firstRun(model, artifact(broken()), { ...data, get }, runtime)).rejects.toThrow(/run on sample 1,/);
  });

  test("warns of outputs that are not finite where the float model's are", async () => {
    const notices = await firstRun(model, artifact(spoilt()), data, runtime);
    expect(notices).toHaveLength(1);
    expect(notices[0]).toMatchObject({ kind: "warning", subject: "out" });
    expect(notices[0]?.message).toMatch(/output out of "made\.int8\.onnx" holds NaN or infinite values on sample 0/);
  });

  test("does not warn where the float model's are not finite either", async () => {
    const infinite: TensorMap = new Map([
      ["x", { type: "float32", dims: DIMS, data: new Float32Array(144).fill(Number.NaN) }],
    ]);
    const odd = datasetOf(model, [infinite]);
    expect(await firstRun(model, artifact(spoilt()), odd, runtime)).toEqual([]);
  });

  test("proves nothing where the float model does not load", async () => {
    const foreign = withFields(model.original, {
      graph: withFields(model.original.graph!, {
        node: model.original.graph!.node.map((node) => withFields(node, { domain: "com.example" })),
      }),
    });
    const notices = await firstRun({ ...model, reference: foreign }, artifact(broken()), data, runtime);
    expect(notices).toMatchObject([{ kind: "warning", subject: FILE }]);
    expect(notices[0]?.message).toMatch(/not run here: the float model does not run on sample 0 either/);
  });

  /** Sessions of its own process, which dies of quantized models, or of all. */
  const crashing = (when: "loading" | "running", all = false): Runtime => ({
    ...runtime,
    createSession: () => Promise.reject(new Error("not in this process")),
    separate: {
      ...runtime,
      async createSession(file, options) {
        const dies = all || new TextDecoder("latin1").decode(file.graph).includes("QuantizeLinear");
        if (dies && when === "loading") throw new WorkerDied("the process ended (SIGSEGV)");
        const session = await runtime.createSession(file, options);
        return dies
          ? { ...session, run: () => Promise.reject(new WorkerDied("the process ended (SIGSEGV)")) }
          : session;
      },
    },
  });

  test.each(["loading", "running"] as const)(
    "outlives a crash while %s, and tells it from one of float",
    async (when) => {
      const crashed = firstRun(model, artifact(quantized), data, crashing(when));
      await expect(crashed).rejects.toThrow(RunCrashed);
      await expect(crashed).rejects.toThrow("the process ended (SIGSEGV) on sample 0, which the float model runs on");
      const notices = await firstRun(model, artifact(quantized), data, crashing(when, true));
      expect(notices[0]?.message).toMatch(
        /not run here: the float model does not run on sample 0 either \(.*SIGSEGV\)/,
      );
    },
  );

  test("takes one death for an accident", async () => {
    const dying = crashing("running");
    const { separate } = dying;
    let deaths = 0;
    const once: Runtime = {
      ...dying,
      separate: {
        ...separate!,
        createSession: (...given) => (deaths++ === 0 ? separate! : runtime).createSession(...given),
      },
    };
    expect(await firstRun(model, artifact(quantized), data, once)).toEqual([]);
    expect(deaths).toBe(2);
  });

  test("keeps what crashes under another name, and all that is written beside it", async () => {
    const request = { recipe, calibration, evaluation: null, date: "" };
    const made = await verifiedExport(model, request, data, crashing("running"), context);
    const name = "made.int8.unproven.onnx";
    expect(made.unproven).toEqual([name]);
    expect(made.files.map((file) => file.name).filter((each) => each.endsWith(".onnx"))).toEqual([name]);
    expect(made.files.length).toBeGreaterThan(3);
    expect(made.notices).toContainEqual({
      kind: "warning",
      subject: name,
      message: expect.stringContaining(`"${FILE}"`),
    });
    const tasks: string[] = [];
    const shares: number[] = [];
    const report = ({ task, done, total }: Progress) => {
      if (tasks.at(-1) !== task) tasks.push(task);
      if (task === "Gathering the figures") shares.push(done / total);
    };
    expect((await verifiedExport(model, request, data, runtime, { ...context, report })).unproven).toEqual([]);
    expect(tasks).toEqual(["Quantizing", "Gathering the figures", "Running what was made once"]);
    expect([...shares].sort((a, b) => a - b)).toEqual(shares);
    expect(shares.at(-1)).toBeGreaterThan(0.5);
  });

  test("looks at the structure alone where there is no memory for more, and says how much it takes", async () => {
    const none: Runtime = {
      ...runtime,
      freeBytes: () => 4096,
      createSession: () => Promise.reject(new Error("no memory")),
    };
    const notices = await firstRun(model, artifact(quantized), data, none);
    expect(notices).toMatchObject([{ kind: "warning", subject: FILE }]);
    const bytes = 2 * concat(encodeModel(quantized.model)).length + 2 * 4 * 144;
    expect(notices[0]?.message).toContain(
      `was not run here: ${memorySize(bytes)} needed, and ${memorySize(4096)} are free`,
    );
    const { graph } = quantized.model;
    const cut = {
      ...quantized,
      model: withFields(quantized.model, { graph: withFields(graph!, { node: graph!.node.slice(3) }) }),
    };
    await expect(firstRun(model, artifact(cut), data, none)).rejects.toThrow(/which nothing in the model makes/);
  });

  test("is before any file is handed out", async () => {
    const request = { recipe, calibration, evaluation: null, date: "" };
    const lame: Runtime = {
      ...runtime,
      async createSession(file, options) {
        const session = await runtime.createSession(file, options);
        const isQuantized = new TextDecoder("latin1").decode(file.graph).includes("QuantizeLinear");
        if (!isQuantized) return session;
        return { ...session, run: async () => Promise.reject(new Error("no kernel\nat line 7")) };
      },
    };
    await expect(verifiedExport(model, request, data, lame, context)).rejects.toThrow(/: no kernel$/);
    expect((await verifiedExport(model, request, data, runtime, context)).files.length).toBeGreaterThan(3);
  });
});

const alone = (model: OpenModel): Recipe => ({
  ...defaultRecipe(model),
  format: "weights",
});
const withoutBias = (recipe: Recipe): Recipe => ({ ...recipe, corrections: { equalization: false, bias: "none" } });

/** Exports a model's weights alone, without data. */
async function exportAlone(given: ModelProto, inputs?: GivenInputs) {
  const model = await open(given, inputs);
  const { recipe, calibration } = settleAlone(model, withoutBias(alone(model)));
  return verifiedExport(model, { recipe, calibration, evaluation: null, date: "" }, null, runtime, context);
}

describe("without data", () => {
  /** A matrix that is put into rows of two: it takes an even number of them. */
  const even = buildModel({
    opset: 13,
    inputs: [floatInput("x", ["rows", 8])],
    outputs: ["out"],
    nodes: [makeNode("Reshape", ["x", "shape"], ["r"]), makeNode("MatMul", ["r", "w"], ["out"])],
    constants: { w: noise([16, 4], 3), shape: vector("int64", [-1, 16]) },
  });

  test("what cannot be tried is said, in the report too, and shapes that are given are obeyed", async () => {
    const { notices, files } = await exportAlone(even);
    const said = notices.filter(({ message }) => message.includes("not run here"));
    expect(said).toMatchObject([{ kind: "warning", subject: FILE }]);
    expect(said[0]?.message).toMatch(/was loaded but not run here: the float model does not run on inputs made of/);
    const report = files.find(({ name }) => name.endsWith(".report.json"))!;
    expect(new TextDecoder().decode(report.chunks[0])).toContain("not run here");
    const shaped = await exportAlone(even, { shapes: { x: [4, 8] }, values: {} });
    expect(shaped.notices.filter(({ message }) => message.includes("not run here"))).toEqual([]);
  });

  test("held values are obeyed", async () => {
    const shape = floatInput("count", [1]);
    if (shape.type?.value.case === "tensorType") shape.type.value.value.elemType = 7;
    const held = buildModel({
      opset: 13,
      inputs: [floatInput("x", [1, 8]), shape],
      outputs: ["out"],
      nodes: [
        makeNode("Concat", ["one", "count"], ["shape"], { attributes: [intAttribute("axis", 0)] }),
        makeNode("Expand", ["v", "shape"], ["e"]),
        makeNode("Add", ["x", "e"], ["s"]),
        makeNode("MatMul", ["s", "w"], ["out"]),
      ],
      constants: { w: noise([8, 4], 3), v: noise([1, 1], 4), one: vector("int64", [1]) },
    });
    const notRun = async (count: number) =>
      (await exportAlone(held, { shapes: {}, values: { count } })).notices.filter(({ message }) =>
        message.includes("not run here"),
      );
    expect(await notRun(8)).toEqual([]);
    expect(await notRun(3)).toHaveLength(1);
  });

  test("an input too large to make up is not made", async () => {
    const huge = buildModel({
      opset: 13,
      inputs: [floatInput("x", [1 << 20, 1 << 10])],
      outputs: ["out"],
      nodes: [makeNode("MatMul", ["x", "w"], ["out"])],
      constants: { w: noise([1 << 10, 2], 3) },
    });
    const { notices } = await exportAlone(huge);
    expect(notices.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/not run here: its input x has 1073741824 values/),
    );
  });
});

import { writeFileSync } from "node:fs";
import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { allowBfloats } from "../graph/opset.ts";
import type { DataFile } from "../model/dataset.ts";
import type { Recipe } from "../model/recipe.ts";
import type { TargetName } from "../model/target.ts";
import type { TensorMap } from "../model/tensor.ts";
import { PLAIN_RECIPE } from "../model/testing/recipe.ts";
import { Comparator } from "../numerics/metrics.ts";
import { intAttribute, intOf, intsAttribute, makeNode } from "../onnx/attributes.ts";
import { decodeModel } from "../onnx/decode.ts";
import { concat, encodeModel } from "../onnx/encode.ts";
import { withFields } from "../onnx/messages.ts";
import { opsetOf } from "../onnx/opset.ts";
import { inputPorts, outputPorts } from "../onnx/ports.ts";
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  TensorProto_DataType as Code,
  GraphProtoSchema,
  type ModelProto,
  type NodeProto,
} from "../onnx/proto/onnx_pb.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import { tensorProto } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { assertValid } from "../onnx/testing/checker.ts";
import { schemaOf } from "../onnx/testing/schemas.ts";
import { planQuantization } from "../plan/plan.ts";
import { BFLOAT_PORTS, BFLOAT_SINCE } from "../targets/bfloats.ts";
import { TARGETS } from "../targets/index.ts";
import { widenBfloat } from "../values/halfFloats.ts";
import { context, native, openProject } from "./testing/openProject.ts";

const DATE = "2026-11-30T00:00:00.000Z";

function network(middle: readonly NodeProto[] = [], last = "r"): ModelProto {
  return buildModel({
    opset: 17,
    inputs: [floatInput("x", [1, 3, 8, 8])],
    outputs: [floatInput("out", [1, 4])],
    nodes: [
      makeNode("Conv", ["x", "w", "b"], ["c"], { name: "conv", attributes: [intsAttribute("kernel_shape", [3, 3])] }),
      makeNode("Relu", ["c"], ["r"], { name: "relu" }),
      ...middle,
      makeNode("GlobalAveragePool", [last], ["p"], { name: "pool" }),
      makeNode("Flatten", ["p"], ["f"], { name: "flatten" }),
      makeNode("Gemm", ["f", "m", "a"], ["l"], { name: "gemm" }),
      makeNode("Softmax", ["l"], ["out"], { name: "softmax", attributes: [intAttribute("axis", 1)] }),
    ],
    constants: {
      ...{ w: noise([16, 3, 3, 3], 3), b: noise([16], 4), m: noise([16, 4], 5), a: noise([4], 6) },
      huge: { type: "float32", dims: [], data: Float32Array.of(3.4e38) },
    },
  });
}

async function written(model: ModelProto, target: TargetName = "tensorrt", changes: Partial<Recipe> = {}) {
  const project = await openProject(model);
  project.aim(target).edit({ format: "bfloat16", ...changes });
  project.assertTaken();
  project.resolve();
  const exported = await project.export({ evaluation: null, date: DATE }, context);
  const bytes = concat(exported.files[0]!.chunks);
  return { project, ...exported, bytes, file: decodeModel(bytes, "net.bfloat16.onnx") };
}

const operators = (file: ModelProto) => file.graph!.node.map(({ opType }) => opType);
const typesOf = (file: ModelProto) => new Map(file.graph!.initializer.map((each) => [each.name, each.dataType]));

/** A model that computes in float32 and rounds to bfloat16 whatever a file has in it. */
function simulated(file: ModelProto): ModelProto {
  const graph = file.graph!;
  const halves = new Set(graph.initializer.flatMap((each) => (each.dataType === Code.BFLOAT16 ? [each.name] : [])));
  const node = graph.node.flatMap((each): NodeProto[] => {
    const to = each.opType === "Cast" ? intOf(each, "to") : undefined;
    const isHalf = to === undefined ? each.input.some((name) => halves.has(name)) : to === Code.BFLOAT16;
    if (!isHalf) return [to === undefined ? each : makeNode("Identity", [...each.input], [...each.output])];
    for (const name of each.output) halves.add(name);
    const [made = ""] = each.output;
    const [exact, rounded] = [`${made}.exact`, `${made}.rounded`];
    return [
      to === undefined ? withFields(each, { output: [exact] }) : makeNode("Identity", [...each.input], [exact]),
      makeNode("Cast", [exact], [rounded], { attributes: [intAttribute("to", Code.BFLOAT16)] }),
      makeNode("Cast", [rounded], [made], { attributes: [intAttribute("to", Code.FLOAT)] }),
    ];
  });
  const initializer = graph.initializer.map((each) =>
    each.dataType === Code.BFLOAT16
      ? tensorProto(each.name, {
          type: "float32",
          dims: each.dims.map(Number),
          data: Float32Array.from(new Uint16Array(each.rawData.slice().buffer), widenBfloat),
        })
      : each,
  );
  return withFields(file, { graph: withFields(graph, { node, initializer, valueInfo: [] }) });
}

async function run(model: ModelProto, feeds: TensorMap): Promise<Float32Array> {
  const session = await native.createSession(toModelFile(model), { threads: 1, optimize: false });
  const { data } = (await session.run(feeds)).get("out")!;
  await session.dispose();
  return data as Float32Array;
}

describe("bfloat16 for TensorRT", () => {
  it("is computed in every layer that ONNX lets be, with float32 ends and weights of half the bytes", async () => {
    const { file, files, bytes, quantized } = await written(network());
    if (process.env.BFLOAT_FILE) writeFileSync(process.env.BFLOAT_FILE, bytes);
    expect(files[0]!.name).toBe("net.bfloat16.onnx");
    expect([opsetOf(file), Number(file.irVersion)]).toEqual([22, 10]);
    expect(operators(file)).toEqual([
      "Cast",
      "Conv",
      "Relu",
      "GlobalAveragePool",
      "Flatten",
      "Gemm",
      "Cast",
      "Softmax",
    ]);
    assertValid(encodeModel(file), "net.bfloat16.onnx");
    expect([...inputPorts(file), ...outputPorts(file)].map(({ type }) => type)).toEqual(["float32", "float32"]);
    for (const name of ["w", "b", "m", "a"]) expect(typesOf(file).get(name)).toBe(Code.BFLOAT16);
    expect(quantized.plan.layers.map(({ precision }) => precision).slice(0, 5)).toEqual(Array(5).fill("bfloat16"));
    expect(quantized.plan.layers.at(-1)!.reason).toEqual({ code: "last" });
  });

  it("comes to what the float model does, as far as 8 bits of precision go, where each layer is rounded to it", async () => {
    const { file } = await written(network());
    const feeds: TensorMap = new Map([["x", noise([1, 3, 8, 8], 9)]]);
    const comparator = new Comparator();
    const [expected, got] = [await run(network(), feeds), await run(simulated(file), feeds)];
    comparator.add(expected, got);
    const { sqnr } = comparator.result();
    expect(sqnr).toBeGreaterThan(35);
    expect(sqnr).toBeLessThan(70);
  });

  it("is not run here: the notices say so, and whatever would measure it is refused in a sentence", async () => {
    const { notices, report, project, files, bytes } = await written(network());
    expect(report.model.elsewhere).toBe("TensorRT");
    const page = new TextDecoder().decode(concat(files.find(({ name }) => name.endsWith(".html"))!.chunks));
    expect(page).toContain("5, computed so by TensorRT, not run here");
    expect(page).toContain("It is in bfloat16, computed so by TensorRT, not run here.");
    expect(page).not.toMatch(
      /computed in float32|computed in float\b|stored, in float|symmetric int8|is measured in ONNX Runtime/,
    );
    expect(page).toContain(
      '<tr><th scope="row">Conv</th><td>1</td><td>0<small>1 computed so by TensorRT</small></td></tr>',
    );
    const ofTarget = report.notices.filter(({ subject }) => subject === "tensorrt").map(({ message }) => message);
    expect(ofTarget).toEqual([expect.stringContaining("It computes in bfloat16 what the model has in it")]);
    const said = notices.filter(({ kind }) => kind === "warning").map(({ message }) => message);
    expect(said).toContain(
      "Layers compute in bfloat16, which TensorRT does and nothing here: what is written is not run here, and no figure is of it. Build it as a strongly typed network.",
    );
    expect(said.some((message) => message.startsWith('"net.bfloat16.onnx" was not run here'))).toBe(true);
    expect(report.evaluation).toBeNull();
    expect(report.notices.some(({ message }) => message.includes("not run here"))).toBe(true);
    const rows = JSON.stringify({
      x: Array.from({ length: 1 }, () => Array(3).fill(Array(8).fill(Array(8).fill(0.5)))),
    });
    const text = new TextEncoder().encode(`${rows}\n${rows}`);
    const read = async (start = 0, end = text.length) => text.slice(start, end);
    await project.takeData([{ path: "rows.jsonl", size: text.length, read } as unknown as DataFile], null);
    const range = { skip: 0, samples: 2 };
    const about = /cannot be measured here: a file computed in bfloat16 is for TensorRT/;
    await expect(project.evaluate(range, 0.01, context)).rejects.toThrow(about);
    await project.settle({ samples: 2 }, context);
    await expect(project.probe(range, context)).rejects.toThrow(about);
    await expect(project.layerTimes(context)).rejects.toThrow(about);
    await project.readBeside({ bytes, fileName: "net.bfloat16.onnx", readBeside: async () => null });
    await expect(project.evaluateBeside(range, 0.01, context)).rejects.toThrow(about);
    await expect(project.walkBeside(1, context)).rejects.toThrow(about);
  });

  it("gives its target back from the file, and a Cast after each constant those that others write", async () => {
    for (const target of ["tensorrt", "ort-cpu"] as const) {
      const { bytes, project } = await written(network(), target);
      const source = { bytes, fileName: "net.bfloat16.onnx", readBeside: async () => null };
      const { recovery } = await project.readBeside(source);
      expect(recovery.differences).toEqual([]);
      expect(recovery.recipe).toMatchObject({ format: "bfloat16" });
      expect(recovery.recipe?.target ?? "ort-cpu").toBe(target);
    }
  });

  it("leaves in float32 what takes none, what is infinite in it and what the recipe names, each with its reason", async () => {
    const middle = [
      makeNode("CumSum", ["r", "axis"], ["s"], { name: "sum" }),
      makeNode("Min", ["s", "huge"], ["bounded"], { name: "bound" }),
      makeNode("Mul", ["bounded", "huge"], ["k"], { name: "scale" }),
    ];
    const model = network(middle, "k");
    const axis = tensorProto("axis", { type: "int64", dims: [], data: BigInt64Array.of(1n) });
    const whole = withFields(model, {
      graph: withFields(model.graph!, { initializer: [...model.graph!.initializer, axis] }),
    });
    const left = { layers: [], operators: ["Gemm"], tensors: [] };
    const { file, quantized, notices } = await written(whole, "tensorrt", { float: left });
    const reasons = new Map(quantized.plan.layers.map(({ id, reason }) => [id, reason]));
    expect(reasons.get("sum")).toEqual({ code: "no-bfloat", operator: "CumSum" });
    expect(reasons.get("bound")).toBeNull();
    expect(reasons.get("scale")).toEqual({ code: "too-large", tensor: "huge", type: "bfloat16" });
    expect(reasons.get("gemm")).toEqual({ code: "recipe-operator", operator: "Gemm" });
    expect(typesOf(file).get("m")).toBe(Code.FLOAT);
    assertValid(encodeModel(file), "net.bfloat16.onnx");
    expect(notices.map(({ message }) => message)).toContain("In float32 between Casts stay: CumSum takes no bfloat16.");
  });

  it("names what takes none inside other layers too", async () => {
    const branch = (name: string, made: string) =>
      create(AttributeProtoSchema, {
        name,
        type: AttributeProto_AttributeType.GRAPH,
        g: create(GraphProtoSchema, {
          name,
          node: [makeNode("CumSum", ["r", "axis"], [made])],
          output: [floatInput(made, [1, 16, 6, 6])],
        }),
      });
    const middle = [
      makeNode("ReduceMax", ["r"], ["top"], { attributes: [intAttribute("keepdims", 0)] }),
      makeNode("Greater", ["top", "huge"], ["far"]),
      makeNode("If", ["far"], ["k"], { attributes: [branch("then_branch", "one"), branch("else_branch", "other")] }),
    ];
    const model = network(middle, "k");
    const axis = tensorProto("axis", { type: "int64", dims: [], data: BigInt64Array.of(1n) });
    const { initializer } = model.graph!;
    const { notices, quantized } = await written(
      withFields(model, { graph: withFields(model.graph!, { initializer: [...initializer, axis] }) }),
    );
    expect(quantized.plan.layers.map(({ operator }) => operator)).not.toContain("CumSum");
    expect(notices.map(({ message }) => message)).toContain("In float32 between Casts stay: CumSum takes no bfloat16.");
  });

  it("leaves convolutions in float32 where the opset cannot be raised, and says from which on they take it", async () => {
    const unheard = buildModel({
      opset: 17,
      inputs: [floatInput("x", [1])],
      outputs: ["y"],
      nodes: [makeNode("Unheard", ["x"], ["y"])],
    });
    expect(opsetOf(allowBfloats(unheard))).toBe(17);
    const types = new Map(["x", "c", "r", "p", "f", "l", "out"].map((name) => [name, "float32" as const]));
    const choices = { ...PLAIN_RECIPE, format: "bfloat16" as const };
    const { layers } = planQuantization(network().graph!, types, choices, TARGETS.tensorrt, () => undefined, 17);
    expect(layers[0]!.reason).toEqual({ code: "no-bfloat", operator: "Conv", since: 22 });
    expect(layers[1]!.reason).toBeNull();
  });

  it("is a Cast after constants for every other target that takes it, and none for those that take none", async () => {
    const { file } = await written(network(), "ort-web");
    expect(operators(file).slice(0, 3)).toEqual(["Cast", "Cast", "Conv"]);
    expect(opsetOf(file)).toBe(17);
    const small = buildModel({
      opset: 17,
      inputs: [floatInput("x", [1, 2])],
      outputs: [floatInput("y", [1, 2])],
      nodes: [makeNode("MatMul", ["x", "w"], ["y"])],
      constants: { w: noise([2, 2], 3) },
    });
    await expect(written(small, "ort-web")).rejects.toThrow("no constant takes less in bfloat16 with a Cast beside it");
    const project = await openProject(network());
    expect(() => project.aim("qnn").edit({ format: "bfloat16" }).assertTaken()).toThrow("QNN takes no format bfloat16");
  });
});

it("rules of a target are said of the formats that they bear on", async () => {
  const said = async (target: TargetName, format: Recipe["format"]) => {
    const project = await openProject(network());
    const { notices } = project.aim(target).edit({ format }).summary;
    return notices.filter(({ subject }) => subject === target).map(({ message }) => message);
  };
  const [pairs, halves] = [await said("tensorrt", "qdq"), await said("openvino", "float16")];
  expect(pairs.some((message) => message.startsWith("Activations and weights are symmetric int8"))).toBe(true);
  expect(pairs.some((message) => message.includes("is measured in ONNX Runtime on the processor"))).toBe(true);
  expect(pairs.some((message) => message.includes("bfloat16"))).toBe(false);
  expect(halves.filter((message) => /int8|in 16 bits/.test(message))).toEqual([]);
});

describe("what is known of operators that take bfloat16", () => {
  it("is what ONNX's schemas have", () => {
    for (const [operator, since] of BFLOAT_SINCE) {
      for (let opset = 13; opset <= 25; opset++) {
        const schema = schemaOf(operator, opset);
        if (!schema || schema.isDeprecated) {
          expect([operator, opset < since]).toEqual([operator, true]);
          continue;
        }
        const lacks = (["inputs", "outputs"] as const).flatMap((kind) =>
          schema[kind].parameters.flatMap(({ type }, at) => {
            const types = schema.variables.get(type) ?? new Set([type]);
            const isPort = BFLOAT_PORTS.get(operator)?.[kind]?.includes(at) === true;
            return types.has("float") && !types.has("bfloat16") && !isPort ? [`${kind} ${at}`] : [];
          }),
        );
        expect([operator, opset, lacks.length === 0]).toEqual([operator, opset, opset >= since]);
      }
    }
  });
});

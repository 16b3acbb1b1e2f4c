import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { floatAttribute, intAttribute, intsAttribute, makeNode, tensorAttribute } from "../onnx/attributes.ts";
import { withFields } from "../onnx/messages.ts";
import { allNodes } from "../onnx/opset.ts";
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type FunctionProto,
  FunctionProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  ValueInfoProtoSchema,
} from "../onnx/proto/onnx_pb.ts";
import { scalar, tensorProto, vector } from "../onnx/tensor.ts";
import { buildModel, floatInput, graphAttribute, noise } from "../onnx/testing/build.ts";
import { inlineFunctions } from "./inlineFunctions.ts";
import { graphOf } from "./pass.ts";
import { relativeDifference, run } from "./testing/native.ts";

const DIMS = [2, 3];

interface Parts {
  readonly inputs?: readonly string[];
  readonly outputs?: readonly string[];
  readonly nodes: readonly NodeProto[];
  readonly attributes?: readonly string[];
  readonly defaults?: readonly AttributeProto[];
  readonly opset?: number;
  readonly domain?: string;
  readonly overload?: string;
  readonly imports?: readonly (readonly [string, number])[];
}

function defined(name: string, parts: Parts): FunctionProto {
  const { inputs = ["a"], outputs = ["b"], nodes, attributes = [], defaults = [], opset = 17, domain = "pkg" } = parts;
  const { overload, imports = [] } = parts;
  const opsets = [["", opset] as const, ["pkg", 1] as const, ...imports];
  return create(FunctionProtoSchema, {
    name,
    domain,
    input: [...inputs],
    output: [...outputs],
    attribute: [...attributes],
    attributeProto: [...defaults],
    node: [...nodes],
    opsetImport: opsets.map(([of, version]) => ({ domain: of, version: BigInt(version) })),
    ...(overload && { overload }),
  });
}

const reference = (name: string, to: string, type: AttributeProto_AttributeType) =>
  create(AttributeProtoSchema, { name, refAttrName: to, type });

const FLOAT = AttributeProto_AttributeType.FLOAT;

const call = (name: string, inputs: readonly string[], outputs: readonly string[], options: object = {}) =>
  makeNode(name, inputs, outputs, { domain: "pkg", ...options });

function withFunctions(
  nodes: readonly NodeProto[],
  functions: readonly FunctionProto[],
  { opset = 17, outputs = ["y"] }: { readonly opset?: number; readonly outputs?: readonly string[] } = {},
): ModelProto {
  const model = buildModel({
    opset,
    inputs: [floatInput("x", DIMS)],
    outputs,
    nodes,
    constants: { cond: scalar("bool", 1), low: scalar("float32", 0), weight: noise([3, 3], 5) },
  });
  const imports = ["pkg", "com.microsoft"].map((domain) => ({ domain, version: 1n }));
  return withFields(model, {
    irVersion: 10n,
    functions: [...functions],
    opsetImport: [...model.opsetImport, ...create(FunctionProtoSchema, { opsetImport: imports }).opsetImport],
  });
}

const feeds = () => new Map([["x", noise(DIMS, 3)]]);
const X = Array.from(noise(DIMS, 3).data, Number);

async function valuesOf(model: ModelProto): Promise<number[]> {
  return Array.from((await run(model, feeds())).get("y")!.data, Number);
}

function inlined(model: ModelProto): ModelProto {
  const { model: result } = inlineFunctions(model);
  expect(result.functions).toEqual([]);
  expect([...allNodes(graphOf(result))].filter(({ domain }) => domain === "pkg")).toEqual([]);
  return result;
}

/** The inlined model, after it gave what ONNX Runtime makes of the functions themselves. */
async function likeNative(model: ModelProto): Promise<ModelProto> {
  const result = inlined(model);
  const [before, after] = [await run(model, feeds()), await run(result, feeds())];
  expect([...after.keys()]).toEqual([...before.keys()]);
  for (const [name, tensor] of before) expect(relativeDifference(tensor, after.get(name))).toBeLessThan(1e-6);
  return result;
}

const branch = (nodes: readonly NodeProto[], output: string, initializer: TensorProto[] = []) =>
  create(GraphProtoSchema, {
    name: "branch",
    node: [...nodes],
    output: [create(ValueInfoProtoSchema, { name: output })],
    initializer,
  });

const ifNode = (output: string, then: GraphProto, otherwise: GraphProto, condition = "cond") =>
  makeNode("If", [condition], [output], {
    attributes: [graphAttribute("then_branch", then), graphAttribute("else_branch", otherwise)],
  });

const RELU = defined("F", { nodes: [makeNode("Relu", ["a"], ["b"])] });

describe("inlineFunctions", () => {
  it("names what a call makes after it, once for each call", async () => {
    const body = defined("F", {
      inputs: ["a", "w"],
      nodes: [makeNode("MatMul", ["a", "w"], ["t"], { name: "mm" }), makeNode("Relu", ["t"], ["b"])],
    });
    const nodes = [
      call("F", ["x", "weight"], ["t"], { name: "first" }),
      call("F", ["t", "weight"], ["first/t"], { name: "second" }),
      call("F", ["first/t", "weight"], ["u"]),
      call("F", ["u", "weight"], ["y"]),
    ];
    const { node } = graphOf(await likeNative(withFunctions(nodes, [body])));
    expect(node.map(({ name, output }) => [name, ...output])).toEqual([
      ["first/mm", "first/t_1"],
      ["", "t"],
      ["second/mm", "second/t"],
      ["", "first/t"],
      ["F/mm", "F/t"],
      ["", "u"],
      ["F_1/mm", "F_1/t"],
      ["", "y"],
    ]);
    expect(inlineFunctions(withFunctions(nodes, [body])).changes).toEqual([
      { count: 4, noun: "function call", what: "inlined", generation: 2 },
    ]);
  });

  it("gives attributes what the call says, else their default, else leaves them out", async () => {
    const leaky = (to: string) => makeNode("LeakyRelu", ["a"], ["b"], { attributes: [reference("alpha", to, FLOAT)] });
    const functions = [
      defined("F", { nodes: [leaky("slope")], attributes: ["slope"] }),
      defined("G", { nodes: [leaky("slope")], defaults: [floatAttribute("slope", 0.25)] }),
    ];
    const slope = (value: number) => ({ attributes: [floatAttribute("slope", value)] });
    const nodes = [
      call("F", ["x"], ["p"], slope(0.5)),
      call("F", ["x"], ["q"]),
      call("G", ["x"], ["r"]),
      call("G", ["x"], ["s"], slope(-1)),
      makeNode("Concat", ["p", "q", "r", "s"], ["y"], { attributes: [intAttribute("axis", 0)] }),
    ];
    const { node } = graphOf(await likeNative(withFunctions(nodes, functions)));
    expect(node.slice(0, 4).map(({ attribute }) => attribute.map(({ name, f }) => [name, f]))).toEqual([
      [["alpha", 0.5]],
      [],
      [["alpha", 0.25]],
      [["alpha", -1]],
    ]);
  });

  it("hands an attribute on through functions within functions, which are called after their calls", async () => {
    const inner = defined("Inner", {
      attributes: ["slope"],
      nodes: [
        makeNode("LeakyRelu", ["a"], ["t"], { name: "leaky", attributes: [reference("alpha", "slope", FLOAT)] }),
        makeNode("Neg", ["t"], ["b"]),
      ],
    });
    const outer = defined("Outer", {
      defaults: [floatAttribute("gain", 0.125)],
      nodes: [
        makeNode("Inner", ["a"], ["m"], {
          name: "in",
          domain: "pkg",
          attributes: [reference("slope", "gain", FLOAT)],
        }),
        makeNode("Inner", ["m"], ["b"], { name: "out", domain: "pkg" }),
      ],
    });
    const { node } = graphOf(
      await likeNative(withFunctions([call("Outer", ["x"], ["y"], { name: "net" })], [outer, inner])),
    );
    expect(node.map(({ name, output }) => [name, ...output])).toEqual([
      ["net/in/leaky", "net/in/t"],
      ["", "net/m"],
      ["net/out/leaky", "net/out/t"],
      ["", "y"],
    ]);
  });

  it("takes inputs and outputs that a call leaves out", async () => {
    const clip = defined("F", {
      inputs: ["a", "lo", "hi"],
      outputs: ["b", "c"],
      nodes: [makeNode("Clip", ["a", "lo", "hi"], ["b"]), makeNode("Neg", ["b"], ["c"])],
    });
    const nodes = [
      call("F", ["x", "low"], ["p"]),
      call("F", ["x", "", "low"], ["", "q"]),
      makeNode("Add", ["p", "q"], ["y"]),
    ];
    const result = inlined(withFunctions(nodes, [clip]));
    expect(await valuesOf(result)).toEqual(X.map((v) => Math.max(0, v) - Math.min(0, v)));
    const { node } = graphOf(result);
    expect(node.map(({ input }) => input)).toEqual([["x", "low"], ["p"], ["x", "", "low"], ["F_1/b"], ["p", "q"]]);
  });

  it("copies what a function gives as it got it, and what it gives twice", async () => {
    const model = (outputs: readonly string[]) =>
      withFunctions(
        [call("F", ["x"], ["p", "q"]), makeNode("Add", ["p", "q"], ["y"])],
        [defined("F", { outputs, nodes: [makeNode("Relu", ["a"], ["b"])] })],
      );
    const relu = (v: number) => Math.max(0, v);
    expect(await valuesOf(inlined(model(["a", "b"])))).toEqual(X.map((v) => Math.fround(v + relu(v))));
    expect(await valuesOf(inlined(model(["b", "b"])))).toEqual(X.map((v) => 2 * relu(v)));
  });

  it("inlines calls in branches, and branches of functions, whose names the model has too", async () => {
    const gates = defined("Gate", {
      inputs: ["a", "c"],
      nodes: [
        ifNode(
          "b",
          branch([makeNode("Relu", ["a"], ["t"]), makeNode("F", ["t"], ["y"], { domain: "pkg" })], "y"),
          branch([makeNode("Mul", ["a", "k"], ["x"])], "x", [tensorProto("k", scalar("float32", 3))]),
          "c",
        ),
      ],
    });
    const nodes = [
      ifNode(
        "t",
        branch([call("F", ["x"], ["inside"])], "inside"),
        branch([makeNode("Neg", ["x"], ["other"])], "other"),
      ),
      makeNode("Not", ["cond"], ["uncond"]),
      call("Gate", ["t", "uncond"], ["k"]),
      call("Gate", ["k", "cond"], ["y"]),
    ];
    const result = await likeNative(withFunctions(nodes, [gates, RELU]));
    const made = [...allNodes(graphOf(result))].flatMap(({ output }) => output);
    expect(new Set(made).size).toBe(made.length);
  });

  it("keeps to itself what a body's graph calls as a function's input", async () => {
    const body = branch([makeNode("Neg", ["a"], ["t"])], "t", [tensorProto("a", vector("float32", [5]))]);
    const shadows = defined("F", {
      inputs: ["a", "c"],
      nodes: [ifNode("s", body, body, "c"), makeNode("Add", ["a", "s"], ["b"])],
    });
    const result = inlined(withFunctions([call("F", ["x", "cond"], ["y"])], [shadows]));
    expect(await valuesOf(result)).toEqual(X.map((v) => Math.fround(v - 5)));
  });

  it("tells functions apart by their overload", async () => {
    const negated = defined("F", { overload: "negated", nodes: [makeNode("Neg", ["a"], ["b"])] });
    const second = withFields(call("F", ["t"], ["y"]), { overload: "negated" });
    const { node } = graphOf(await likeNative(withFunctions([call("F", ["x"], ["t"]), second], [RELU, negated])));
    expect(node.map(({ opType }) => opType)).toEqual(["Relu", "Neg"]);
  });

  it("takes a function of the model before an operator of the same name", async () => {
    const own = defined("QuickGelu", { domain: "com.microsoft", nodes: [makeNode("Neg", ["a"], ["b"])] });
    const model = withFunctions([makeNode("QuickGelu", ["x"], ["y"], { domain: "com.microsoft" })], [own]);
    const result = inlined(model);
    expect(graphOf(result).node.map(({ opType }) => opType)).toEqual(["Neg"]);
    expect(result.opsetImport.map(({ domain }) => domain)).toEqual(["", "pkg"]);
  });

  it("imports what functions need", async () => {
    const gelu = defined("F", {
      imports: [["com.microsoft", 1]],
      nodes: [makeNode("QuickGelu", ["a"], ["b"], { domain: "com.microsoft" })],
    });
    const model = withFunctions([call("F", ["x"], ["y"])], [gelu]);
    const bare = withFields(model, {
      opsetImport: model.opsetImport.filter(({ domain }) => domain !== "com.microsoft"),
    });
    const result = inlined(bare);
    expect(result.opsetImport.map(({ domain, version }) => [domain, version])).toEqual([
      ["", 17n],
      ["com.microsoft", 1n],
    ]);
    expect([...(await run(result, feeds())).keys()]).toEqual(["y"]);
    const other = defined("F", { imports: [["com.microsoft", 2]], nodes: gelu.node });
    expect(() => inlineFunctions(withFunctions([call("F", ["x"], ["y"])], [other]))).toThrow(
      "The function pkg.F is written for version 2 of com.microsoft and the rest of the model for 1; export the model with one version.",
    );
  });

  it("raises what is written for another opset", async () => {
    const squeezed = (outer: number, inner: number) => {
      const axes = [intsAttribute("axes", [0])];
      const body = defined("F", {
        opset: inner,
        attributes: ["axes"],
        nodes: [
          makeNode("Unsqueeze", ["a"], ["u"], {
            attributes: [reference("axes", "axes", AttributeProto_AttributeType.INTS)],
          }),
          makeNode("Constant", [], ["k"], {
            attributes: [tensorAttribute("value", tensorProto("", scalar("float32", 2)))],
          }),
          makeNode("Mul", ["u", "k"], ["m"]),
          makeNode("Squeeze", ["m"], ["b"], { attributes: axes }),
        ],
      });
      const nodes = [
        ifNode(
          "t",
          branch([call("F", ["x"], ["in"], { attributes: axes })], "in"),
          branch([makeNode("Neg", ["x"], ["n"])], "n"),
        ),
        call("F", ["t"], ["y.axes"], { attributes: axes }),
        call("F", ["y.axes"], ["y"], { attributes: axes }),
      ];
      return withFunctions(nodes, [body], { opset: outer });
    };
    for (const [outer, inner, opset] of [
      [13, 11, 13],
      [12, 11, 13],
      [17, 12, 21],
      [11, 12, 13],
    ] as const) {
      const result = inlined(squeezed(outer, inner));
      expect(result.opsetImport[0]!.version).toBe(BigInt(opset));
      expect(await valuesOf(result)).toEqual(X.map((v) => v * 8));
    }
    expect(() => inlineFunctions(squeezed(22, 12))).toThrow(
      "The function pkg.F is written for another opset than the rest of the model; export the model with one opset for all of it.",
    );
    const standard = defined("Squash", { domain: "", opset: 12, nodes: RELU.node });
    expect(() => inlineFunctions(withFunctions([makeNode("Squash", ["x"], ["y"])], [standard]))).toThrow(
      "The function Squash is written for another opset",
    );
  });

  it("drops functions that nothing calls, whatever they hold", () => {
    const broken = defined("Broken", { opset: 5, nodes: [makeNode("Broken", ["a"], ["b"], { domain: "pkg" })] });
    const { model, changes } = inlineFunctions(withFunctions([makeNode("Relu", ["x"], ["y"])], [broken]));
    expect(model.functions).toEqual([]);
    expect(changes).toEqual([]);
  });

  it("refuses what no call can mean", () => {
    const refused = (functions: readonly FunctionProto[], node = call("F", ["x"], ["y"])) =>
      expect(() => inlineFunctions(withFunctions([node], functions)));
    const calls = (name: string) => [makeNode(name, ["a"], ["b"], { domain: "pkg" })];
    refused([defined("F", { nodes: calls("F") })]).toThrow("The function pkg.F calls itself, which ends nowhere;");
    refused([defined("F", { nodes: calls("G") }), defined("G", { nodes: calls("F") })]).toThrow(
      "The function pkg.F calls itself",
    );
    refused([RELU, RELU]).toThrow("The function pkg.F is defined twice");
    refused([RELU], call("F", ["x", "low"], ["y"])).toThrow(
      "The function pkg.F has 1 inputs and 1 outputs and is called with 2 and 1; export the model again.",
    );
    refused([defined("F", { nodes: [makeNode("Add", ["a", "low"], ["b"])] })]).toThrow(
      'The function pkg.F needs "low", which nothing in it makes; export the model again.',
    );
    refused([defined("F", { nodes: [makeNode("Relu", ["a"], ["c"])] })]).toThrow('The function pkg.F needs "b"');
  });

  it("leaves a model without functions alone", () => {
    const model = withFunctions([makeNode("Relu", ["x"], ["y"])], []);
    expect(inlineFunctions(model).model).toBe(model);
  });
});

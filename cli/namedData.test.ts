import { rmSync } from "node:fs";
import { basename, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { npyBytes, npzBytes } from "../src/engine/data/testing/files.ts";
import { intAttribute, makeNode } from "../src/engine/onnx/attributes.ts";
import { withFields } from "../src/engine/onnx/messages.ts";
import { TensorProto_DataType } from "../src/engine/onnx/proto/onnx_pb.ts";
import { buildModel, floatInput, noise } from "../src/engine/onnx/testing/build.ts";
import { needsShared, SHARED } from "../src/engine/testing/shared.ts";
import { colourModel, modelBytes, put, putColours, scratch } from "./testing/colours.ts";
import { errorOf, octet } from "./testing/command.ts";

const folder = scratch();
afterAll(() => rmSync(folder, { recursive: true }));

/** The worst SQNR of a model quantized on some data and judged on other, and what quantizing said. */
async function quantizeAndJudge(
  model: string,
  data: readonly string[],
  unseen: readonly string[],
  options: readonly string[] = [],
) {
  const out = join(folder, `${basename(model)}.${data.length}`);
  const sources = (paths: readonly string[]) => paths.flatMap((path) => ["--data", path]);
  const made = await octet("quantize", model, ...sources(data), ...options, "--out", out);
  expect(made.stderr).not.toMatch(/octet: /);
  const file = join(out, `${basename(model, ".onnx")}.int8.onnx`);
  const judged = await octet("evaluate", model, file, ...sources(unseen), ...options, "--json");
  expect([made.code, judged.code]).toEqual([0, 0]);
  const sqnrs = judged.json().outputs.map(({ sqnr }: { readonly sqnr: number }) => sqnr);
  return { sqnr: Math.min(...sqnrs), said: made.stderr };
}

describe("a model of two inputs", () => {
  const base = colourModel();
  const graph = base.graph!;
  const two = put(
    folder,
    "two.onnx",
    modelBytes(
      withFields(base, {
        graph: withFields(graph, {
          input: [...graph.input, floatInput("bias", [1, 3])],
          output: [{ ...graph.output[0]!, name: "sum" }],
          node: [...graph.node, makeNode("Add", ["scores", "bias"], ["sum"], { name: "add" })],
        }),
      }),
    ),
  );
  const biases = (from: number) =>
    npyBytes(
      "<f4",
      [6, 3],
      Float32Array.from({ length: 18 }, (_, i) => Math.sin(from + i)),
    );

  it("takes pictures for one and an array for the other, which is named", async () => {
    const photos = await putColours(folder, "photos", 6);
    const given = [photos, `bias=${put(folder, "x=1.npy", biases(0))}`];
    const others = await putColours(folder, "others", 6, 30);
    const unseen = [others, `bias=${put(folder, "y=1.npy", biases(18))}`];
    const { sqnr } = await quantizeAndJudge(two, given, unseen, ["--preprocess", "unit"]);
    expect(sqnr).toBeGreaterThan(20);
    const refused = await octet("quantize", two, "--data", photos, "--out", join(folder, "none"));
    expect([refused.code, errorOf(refused)]).toEqual([
      2,
      "The data does not say what each of the inputs picture, bias gets; give it by name (NAME=PATH, or a .npz or .jsonl file with these names), or hold it at a value (NAME=VALUE).",
    ]);
  });

  it("takes both from one .npz file, and a path that has a = in it as the path that it is", async () => {
    const pictures = (from: number) =>
      npyBytes(
        "<f4",
        [6, 3, 8, 8],
        Float32Array.from({ length: 1152 }, (_, i) => Math.cos(from + i) ** 2),
      );
    const path = put(folder, "a=b.npz", npzBytes({ picture: pictures(0), bias: biases(0) }, 6));
    const unseen = put(folder, "c=d.npz", npzBytes({ picture: pictures(1152), bias: biases(18) }, 6));
    expect((await quantizeAndJudge(two, [path], [unseen])).sqnr).toBeGreaterThan(20);
  });
});

describe("weights alone", () => {
  const alone = ["--activations", "float", "--bias-correction", "none"];

  it("need nothing for the inputs, and what is written is run on inputs that mean something", async () => {
    const tokens = (name: string, length: number | string) => {
      const port = floatInput(name, [1, length]);
      const value = port.type!.value;
      if (value.case === "tensorType") value.value.elemType = TensorProto_DataType.INT64;
      return port;
    };
    // A mask of another length than the tokens does not run.
    const model = buildModel({
      opset: 13,
      inputs: [floatInput("x", [1, 4]), tokens("input_ids", 4), tokens("attention_mask", "total")],
      outputs: [floatInput("y", [1, 4])],
      nodes: [
        makeNode("MatMul", ["x", "w"], ["m"]),
        makeNode("Cast", ["input_ids"], ["i"], { attributes: [intAttribute("to", TensorProto_DataType.FLOAT)] }),
        makeNode("Cast", ["attention_mask"], ["a"], { attributes: [intAttribute("to", TensorProto_DataType.FLOAT)] }),
        makeNode("Add", ["m", "i"], ["s"]),
        makeNode("MatMul", ["a", "v"], ["p"]),
        makeNode("Add", ["s", "p"], ["y"]),
      ],
      constants: { w: noise([4, 4], 1), v: noise([4, 4], 2) },
    });
    const path = put(folder, "alone.onnx", modelBytes(model));
    const { code, stderr } = await octet("quantize", path, ...alone, "--out", join(folder, "alone"));
    expect([code, stderr]).toEqual([0, expect.not.stringMatching(/NaN|not run here/)]);
  });
});

describe("cases", needsShared, () => {
  it("weights alone of three-token-inputs need no data", async () => {
    const path = join(SHARED, "cases/three-token-inputs/model.onnx");
    const out = join(folder, "three");
    const made = await octet(
      "quantize",
      path,
      "--activations",
      "float",
      "--bias-correction",
      "none",
      "--out",
      out,
      "--json",
    );
    expect([made.code, made.stderr]).toEqual([0, expect.not.stringMatching(/not run here/)]);
  });

  const of = (name: string, file: string) => join(SHARED, "cases", name, file);

  it.each([
    ["three-token-inputs", "calib.npz", 28, []],
    [
      "three-token-inputs",
      "calib.npy",
      28,
      ["attention_mask, so it is filled with ones", "token_type_ids, so it is filled with zeros"],
    ],
    ["two-tower", "calib.npz", 33, []],
    ["fixed-batch-8", "calib.npy", 25, []],
    ["past-of-length-0", "calib.npz", 28, []],
    ["past-of-length-0", "calib.npy", 28, ["past, so it is filled with a past of length 0"]],
  ])("%s with %s", async (name, data, least, notes) => {
    const { sqnr, said } = await quantizeAndJudge(of(name, "model.onnx"), [of(name, data)], [of(name, "test.npz")]);
    expect(sqnr).toBeGreaterThan(least);
    expect(said.match(/(?<=^note: Nothing gives the input ).*(?=\.$)/gm) ?? []).toEqual(notes);
  });
});

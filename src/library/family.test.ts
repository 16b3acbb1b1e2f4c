import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { npyBytes } from "../engine/data/testing/files.ts";
import { makeNode } from "../engine/onnx/attributes.ts";
import { encodeModel } from "../engine/onnx/encode.ts";
import { buildModel, floatInput, noise } from "../engine/onnx/testing/build.ts";
import { InputError, makeFamily } from "./node.ts";

const WIDTH = 64;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "octet-test-"));
  mkdirSync(join(folder, "model", "onnx"), { recursive: true });
  const model = buildModel({
    opset: 17,
    inputs: [floatInput("x", ["rows", WIDTH])],
    outputs: [floatInput("y", ["rows", WIDTH])],
    nodes: [makeNode("MatMul", ["x", "w"], ["y"], { name: "product" })],
    constants: { w: noise([WIDTH, WIDTH], 3) },
  });
  writeFileSync(join(folder, "model", "onnx", "model.onnx"), Buffer.concat(encodeModel(model)));
  writeFileSync(join(folder, "model", "config.json"), '{"model_type": "bert"}');
  writeFileSync(join(folder, "model", "tokenizer.json"), "{}");
  const { data } = noise([8, WIDTH], 5);
  writeFileSync(join(folder, "rows.npy"), npyBytes("<f4", [8, WIDTH], data as Float32Array));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("a family made by a program", () => {
  it("has the variants that are asked for, judged, with the config and the lines that load it", async () => {
    const tasks = new Set<string>();
    const made = await makeFamily(join(folder, "model"), {
      variants: ["fp16", "q8"],
      data: join(folder, "rows.npy"),
      onProgress: ({ task }) => tasks.add(task),
    });
    expect(made.files.map(({ name }) => name)).toEqual([
      ...["onnx/model_fp16.onnx", "onnx/model_quantized.onnx", "config.json", "tokenizer.json"],
    ]);
    expect(made).toMatchObject({ family: "transformers.js", noise: [], judged: true });
    expect(made.variants.map(({ dtype, sqnr }) => [dtype, sqnr! > 30])).toEqual([
      ["fp16", true],
      ["q8", true],
    ]);
    for (const { file, bytes, runs } of made.variants) {
      const { chunks } = made.files.find(({ name }) => name === file)!;
      expect(chunks.reduce((sum, { length }) => sum + length, 0)).toBe(bytes);
      expect([runs.native, runs.wasm].sort()).toEqual(["predicted", "ran once"]);
    }
    const config = made.files.find(({ name }) => name === "config.json")!;
    expect(JSON.parse(await new Blob([...config.chunks]).text())).toMatchObject({
      model_type: "bert",
      "transformers.js_config": { dtype: "q8" },
    });
    expect(made.load.map(({ language }) => language)).toEqual(["JavaScript", "Python", "C++"]);
    expect(made.load[0]!.code).toContain('{ dtype: "q8" }');
    expect(made.load[1]!.code).toContain('outputs = session.run(None, {"x": x0})');
    expect([...tasks].some((task) => task.startsWith("fp16: "))).toBe(true);
  });

  it("is refused in one sentence", async () => {
    const refusal = (...args: Parameters<typeof makeFamily>) =>
      makeFamily(...args).then(
        () => "it was taken",
        (error) => (error instanceof InputError ? error.message : `no InputError: ${error}`),
      );
    expect(await refusal(join(folder, "model"), { variants: ["q5"] })).toBe(
      'transformers.js asks for no variant "q5"; there are fp32, fp16, q8, int8, uint8, q4, q4f16, bnb4.',
    );
    expect(await refusal(join(folder, "model"), { variants: [] })).toMatch(/^variants is a list of names/);
    expect(await refusal(join(folder, "model"), { dtypes: ["q8"] } as never)).toMatch(/^There is no option "dtypes"/);
    expect(await refusal(join(folder, "nothing"))).toBe(`There is no file ${join(folder, "nothing")}.`);
  });
});

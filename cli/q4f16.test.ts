import { readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { npyBytes } from "../src/engine/data/testing/files.ts";
import { makeNode } from "../src/engine/onnx/attributes.ts";
import { buildModel, floatInput, noise } from "../src/engine/onnx/testing/build.ts";
import { needsShared, SHARED } from "../src/engine/testing/shared.ts";
import { modelBytes, put, scratch } from "./testing/colours.ts";
import { errorOf, octet } from "./testing/command.ts";

const folder = scratch();
afterAll(() => rmSync(folder, { recursive: true }));

function product(operator: "MatMul" | "Conv", name: string): string {
  const dims = operator === "MatMul" ? [1, 32] : [1, 2, 4, 4];
  const model = buildModel({
    opset: 17,
    inputs: [floatInput("x", dims)],
    outputs: ["out"],
    nodes: [makeNode(operator, ["x", "w"], ["out"], { name: "layer" })],
    constants: { w: noise(operator === "MatMul" ? [32, 8] : [3, 2, 3, 3], 5) },
  });
  return put(folder, name, modelBytes(model));
}
const MODEL = product("MatMul", "net.onnx");
const DATA = put(folder, "rows.npy", npyBytes("<f4", [4, 32], noise([4, 32], 6).data as Float32Array));

describe("--format q4f16", () => {
  it("needs nothing beside it, and says in the recipe what it chose", async () => {
    const out = join(folder, "alone");
    const { code, stderr } = await octet("quantize", MODEL, "--format", "q4f16", "--out", out);
    expect(code).toBe(0);
    expect(stderr).not.toContain("No layer is");
    const recipe = JSON.parse(readFileSync(join(out, "net.recipe.json"), "utf8"));
    expect(recipe.format).toBe("q4f16");
    expect(recipe.weights).toEqual({
      ...{ type: "uint4", granularity: "channel", rounding: "nearest" },
      ...{ block: 32, operator: "matmulnbits" },
    });
    const report = JSON.parse(readFileSync(join(out, "net.report.json"), "utf8"));
    expect(report.model.layers.map(({ precision }: { precision: string }) => precision)).toEqual(["uint4"]);
    const page = readFileSync(join(out, "net.report.html"), "utf8");
    expect(page).toContain("Its weight is in uint4; what it reads and makes is float16");
    const again = join(folder, "again");
    await octet("quantize", MODEL, "--recipe", join(out, "net.recipe.json"), "--out", again);
    expect(readFileSync(join(again, "net.q4f16.onnx"))).toEqual(readFileSync(join(out, "net.q4f16.onnx")));
  });

  it.each(["gptq", "awq"])(
    "has nothing for %s to find codes of in a network of convolutions, and says so",
    async (algorithm) => {
      const model = product("Conv", "convolution.onnx");
      const data = put(folder, "maps.npy", npyBytes("<f4", [4, 2, 4, 4], noise([4, 2, 4, 4], 6).data as Float32Array));
      const asked = ["--format", "q4f16", "--algorithm", algorithm, "--data", data];
      const outcome = await octet("quantize", model, ...asked, "--out", join(folder, `none-${algorithm}`));
      expect(errorOf(outcome)).toBe(
        "convolution has no weight in blocks of its own to find codes for on samples; choose the algorithm hqq.",
      );
    },
  );

  it("says what scales found without data gained, which is in the report too", async () => {
    const out = join(folder, "gained");
    const chosen = ["--format", "weights", "--weights", "u4", "--block", "16", "--out", out];
    const { stdout } = await octet("quantize", MODEL, ...chosen);
    expect(stdout).toMatch(
      /^ {2}scales of least error, found without data, give the weights in blocks \(1 tensor\) an SQNR of [\d.]+ dB, those of each block's largest weights [\d.]+ dB \(\+[\d.]+ dB\)/m,
    );
    const { refinement } = JSON.parse((await octet("quantize", MODEL, ...chosen, "--json")).stdout);
    const report = JSON.parse(readFileSync(join(out, "net.report.json"), "utf8"));
    expect(refinement).toEqual(report.refinement);
    expect(refinement.weights).toMatchObject([{ weight: "w", layers: ["layer"], values: 256 }]);
    expect(refinement.refined).toBe(report.weights[0].sqnr);
  });

  it("takes the type, the block and the algorithm of its weights, and has nothing to say of refinement then", async () => {
    const out = join(folder, "chosen");
    const chosen = ["--weights", "s4", "--block", "16", "--algorithm", "nearest"];
    const { stdout } = await octet("quantize", MODEL, "--format", "q4f16", ...chosen, "--out", out);
    expect(stdout).not.toContain("least error");
    const { weights } = JSON.parse(readFileSync(join(out, "net.recipe.json"), "utf8"));
    expect(weights).toMatchObject({ type: "int4", block: 16, operator: "matmulnbits", algorithm: "nearest" });
  });

  it("warns where no layer has a matrix", async () => {
    const { stderr } = await octet(
      ...["quantize", product("Conv", "maps.onnx"), "--format", "q4f16"],
      ...["--out", join(folder, "maps")],
    );
    expect(stderr).toContain("warning: No layer is a MatMul or a Gemm by a matrix that MatMulNBits reads");
  });

  it.each([
    [["--weights", "s8"], "Weights of the format q4f16 are in 4 bits; choose uint4 or int4 in the place of int8."],
    [["--operator", "dequantize"], "are read by MatMulNBits; choose the operator matmulnbits"],
    [["--rounding", "learned"], "leave --rounding out"],
    [["--activations", "u8"], "leave --activations out"],
    [["--bias-correction", "analytic"], "leave --bias-correction out"],
    [["--per-tensor"], "leave --per-tensor out"],
    [["--target", "qnn"], "QNN takes no format q4f16; choose qdq."],
  ])("refuses %j in a sentence", async (options, sentence) => {
    const out = join(folder, "refused");
    expect(errorOf(await octet("quantize", MODEL, "--format", "q4f16", ...options, "--out", out))).toContain(sentence);
  });

  it("has neither sensitivity nor a search", async () => {
    const out = join(folder, "searched");
    const about = "those of a recipe of q4f16 are float16; choose the format qdq or weights for it";
    expect(errorOf(await octet("tune", MODEL, "--format", "q4f16", "--data", DATA, "--out", out))).toContain(about);
    const recipe = join(folder, "alone", "net.recipe.json");
    expect(errorOf(await octet("sensitivity", MODEL, "--recipe", recipe, "--data", DATA))).toContain(about);
  });
});

it(
  "stories260K has perplexity 3.16 at most on the 32 stories that judge, in fewer bytes than the peer",
  needsShared,
  async () => {
    const model = join(SHARED, "models/stories260K.onnx");
    const out = join(folder, "stories");
    expect((await octet("quantize", model, "--format", "q4f16", "--out", out)).code).toBe(0);
    const file = join(out, "stories260K.q4f16.onnx");
    expect(statSync(file).size).toBeLessThan(1_010_000);
    const rows: number[][] = JSON.parse(readFileSync(join(SHARED, "data/stories_tokens.json"), "utf8")).slice(32);
    const tokens = BigInt64Array.from(rows.flat(), BigInt);
    const data = put(folder, "judge.npy", npyBytes("<i8", [rows.length, rows[0]!.length], tokens));
    const { perplexity } = (await octet("evaluate", model, file, "--data", data, "--json")).json();
    expect(perplexity.float).toBeCloseTo(2.898, 3);
    expect(perplexity.quantized).toBeLessThan(3.16);
  },
);

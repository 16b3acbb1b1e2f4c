import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { npyBytes } from "../src/engine/data/testing/files.ts";
import { makeNode } from "../src/engine/onnx/attributes.ts";
import { noise } from "../src/engine/onnx/testing/build.ts";
import { put, scratch } from "./testing/colours.ts";
import { errorOf, octet } from "./testing/command.ts";
import { productFile } from "./testing/product.ts";

const folder = scratch();
afterAll(() => rmSync(folder, { recursive: true }));

const MODEL = productFile(folder, makeNode("Relu", ["l"], ["out"], { name: "relu" }));
const DATA = put(folder, "rows.npy", npyBytes("<f4", [4, 32], noise([4, 32], 6).data as Float32Array));

it("bfloat16 for TensorRT is written, said not to be run here, and has no figures", async () => {
  const out = join(folder, "trt");
  const { code, stdout, stderr } = await octet(
    ...["quantize", MODEL, "--target", "tensorrt", "--format", "bfloat16", "--data", DATA, "--out", out],
  );
  expect(code).toBe(0);
  expect(stdout).toContain("1 of 2 layers in bfloat16, for TensorRT to compute in, not run here,");
  expect(stderr).toContain("Layers compute in bfloat16, which TensorRT does and nothing here");
  const report = JSON.parse(readFileSync(join(out, "net.report.json"), "utf8"));
  expect([report.evaluation, report.model.elsewhere]).toEqual([null, "TensorRT"]);
  const judged = await octet("evaluate", MODEL, join(out, "net.bfloat16.onnx"), "--data", DATA);
  const about =
    /^The quantized model cannot be measured here: a file computed in bfloat16 is for TensorRT, and ONNX Runtime has no kernels/;
  expect(errorOf(judged)).toMatch(about);
});

it("the JSON names what computes the layers, and none of them as computed in float", async () => {
  const make = async (...options: string[]) => {
    const args = ["quantize", MODEL, "--format", "bfloat16", "--out", join(folder, `json${options.length}`), "--json"];
    return (await octet(...args, ...options)).json().layers;
  };
  const all = { total: 2, quantized: 1, integer: 0 };
  expect(await make("--target", "tensorrt")).toEqual({ ...all, computedInFloat: [], elsewhere: "TensorRT" });
  expect(await make()).toEqual({ ...all, computedInFloat: ["product"] });
});

it("bfloat16 for others is said to be computed in float, and runs", async () => {
  const out = join(folder, "ort");
  const { stdout } = await octet("quantize", MODEL, "--format", "bfloat16", "--out", out);
  expect(stdout).toContain("1 of 2 layers stored in fewer bits and computed in float");
  const judged = await octet("evaluate", MODEL, join(out, "net.bfloat16.onnx"), "--data", DATA, "--json");
  expect(judged.json().outputs[0].sqnr).toBeGreaterThan(30);
});

import { describe, expect, it } from "vitest";
import type { VariantResult } from "../model/family.ts";
import { loadingCode } from "./familyCode.ts";
import { notMade } from "./familyResults.ts";

const made = (part: string, dtype: string): VariantResult => ({
  ...notMade(part, dtype, ""),
  file: `onnx/${part}_${dtype}.onnx`,
});
const INPUTS = [{ name: "input_ids", type: "int64" as const, dims: ["batch", 8] }];

describe("the lines that load a family", () => {
  it("name what the library takes by default, and feed every input", () => {
    const [js, python, cpp] = loadingCode({
      dtypes: new Map([["model", "q8"]]),
      variants: [made("model", "fp16"), made("model", "q8")],
      inputs: INPUTS,
      hasConfig: true,
    });
    expect(js?.code.split("\n").at(-1)).toBe(
      'const model = await AutoModel.from_pretrained("FOLDER", { dtype: "q8" });',
    );
    expect(python?.code).toBe(
      [
        "import onnxruntime as ort",
        "# x0 is a numpy array, input_ids: int64 batch × 8",
        'session = ort.InferenceSession("onnx/model_q8.onnx")',
        'outputs = session.run(None, {"input_ids": x0})',
      ].join("\n"),
    );
    expect(cpp?.code).toContain('Ort::Session session(env, ORT_TSTR("onnx/model_q8.onnx"), options);');
  });

  it("are ONNX Runtime Web's where the library would find no config, and load every part", () => {
    const asked = {
      dtypes: new Map([
        ["encoder_model", "q8"],
        ["embed.tokens", "fp16"],
      ]),
      variants: [made("encoder_model", "q8"), made("embed.tokens", "fp16")],
      inputs: INPUTS,
    };
    const [web] = loadingCode({ ...asked, hasConfig: false });
    expect(web?.code).toContain(
      'const embed_tokens = await ort.InferenceSession.create("onnx/embed.tokens_fp16.onnx");',
    );
    expect(web?.code).not.toContain("session.run");
    const [js] = loadingCode({ ...asked, hasConfig: true });
    expect(js?.code).toContain('dtype: { encoder_model: "q8", "embed.tokens": "fp16" }');
  });

  it("tell a page of weights that are beside a model", () => {
    const large = { ...made("model", "q4"), weights: "onnx/model_q4.onnx_data" };
    const asked = { dtypes: new Map([["model", "q4"]]), variants: [large], inputs: INPUTS, hasConfig: false };
    const [web] = loadingCode(asked);
    expect(web?.code).toContain(
      'create("onnx/model_q4.onnx", { externalData: [{ path: "model_q4.onnx_data", data: "onnx/model_q4.onnx_data" }] });',
    );
  });

  it("are none where nothing was made", () => {
    const nothing = { dtypes: new Map([["model", "fp32"]]), variants: [], inputs: INPUTS, hasConfig: true };
    expect(loadingCode(nothing)).toEqual([]);
  });
});

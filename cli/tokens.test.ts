import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { npyBytes } from "../src/engine/data/testing/files.ts";
import type { Tensor } from "../src/engine/model/tensor.ts";
import { makeNode } from "../src/engine/onnx/attributes.ts";
import { buildModel, noise, portInfo } from "../src/engine/onnx/testing/build.ts";
import { needsShared, SHARED } from "../src/engine/testing/shared.ts";
import { modelBytes, put, scratch } from "./testing/colours.ts";
import { errorOf, octet } from "./testing/command.ts";

const folder = scratch();
afterAll(() => rmSync(folder, { recursive: true }));

const VOCABULARY = 12;
const after = (token: number) => ((5 * token + 1) % (VOCABULARY - 1)) + 1;
const WIDTH = 24;
const embedding = noise([VOCABULARY, WIDTH], 3);

/** Holds the scores of the token after each one high: its embedding is that of the token before. */
const head: Tensor = {
  type: "float32",
  dims: [WIDTH, VOCABULARY],
  data: Float32Array.from({ length: WIDTH * VOCABULARY }, (_, i) => {
    const [row, token] = [Math.floor(i / VOCABULARY), i % VOCABULARY];
    const before = Array.from({ length: VOCABULARY }, (_, id) => id).find((id) => id > 0 && after(id) === token);
    return before === undefined ? 0 : 0.4 * Number(embedding.data[before * WIDTH + row]);
  }),
};
const MODEL = put(
  folder,
  "bigram.onnx",
  modelBytes(
    buildModel({
      opset: 17,
      inputs: [portInfo({ name: "input_ids", type: "int64", dims: ["batch", "tokens"] })],
      outputs: ["logits"],
      nodes: [
        makeNode("Gather", ["embedding", "input_ids"], ["e"]),
        makeNode("MatMul", ["e", "head"], ["logits"], { name: "head_product" }),
      ],
      constants: { embedding, head },
    }),
  ),
);
const [ROWS, LENGTH] = [16, 20];
function tokensFrom(first: number): BigInt64Array {
  const tokens = new BigInt64Array(ROWS * LENGTH);
  for (let row = 0; row < ROWS; row++) {
    let token = ((row + first) % (VOCABULARY - 1)) + 1;
    for (let at = 0; at < LENGTH; at++) {
      tokens[row * LENGTH + at] = BigInt(token);
      token = (row + at) % 7 === 0 ? ((row * at) % (VOCABULARY - 1)) + 1 : after(token);
    }
  }
  return tokens;
}
const DATA = put(folder, "tokens.npy", npyBytes("<i8", [ROWS, LENGTH], tokensFrom(0)));
const UNSEEN = put(folder, "unseen.npy", npyBytes("<i8", [ROWS, LENGTH], tokensFrom(5)));

describe("a model of tokens", () => {
  const out = join(folder, "out");

  it("is judged by perplexity without labels, with its limit", async () => {
    expect((await octet("quantize", MODEL, "--data", DATA, "--out", out)).code).toBe(0);
    const pair = [MODEL, join(out, "bigram.int8.onnx"), "--data", UNSEEN];
    const judged = await octet("evaluate", ...pair, "--max-drop", "50", "--json");
    const { perplexity, verdict, top1 } = judged.json();
    expect([judged.code, top1, verdict.passed]).toEqual([0, null, true]);
    expect(perplexity).toMatchObject({ output: "logits", tokens: ROWS * (LENGTH - 1) });
    expect(perplexity.float).toBeGreaterThan(1);
    expect(perplexity.float).toBeLessThan(VOCABULARY / 2);
    expect(perplexity.rise).toBeCloseTo(perplexity.quantized / perplexity.float - 1, 9);
    const said = await octet("evaluate", ...pair);
    expect(said.stdout).toMatch(/^perplexity of 304 next tokens by logits, lower is better: [\d.]+, [\d.]+; rise /m);
    expect(said.stdout).toMatch(/^(passed|failed): a rise of perplexity of 1\.00 % is allowed$/m);
    const strict = await octet("evaluate", ...pair, "--max-drop", `${Math.max(0, perplexity.rise * 100 - 0.001)}`);
    expect(strict.code).toBe(perplexity.rise > 0 ? 1 : 0);
  });

  it("is searched by perplexity, and its report says so", async () => {
    const found = join(folder, "tuned");
    const tuned = await octet("tune", MODEL, "--data", DATA, "--max-drop", "20", "--out", found, "--json");
    const { tuning, evaluation } = tuned.json();
    expect(tuned.code).toBe(0);
    expect(tuning.points[tuning.best].perplexity.rise).toBeLessThanOrEqual(0.2);
    expect(evaluation.perplexity.tokens).toBe((ROWS / 2) * (LENGTH - 1));
    expect(evaluation.verdict).toEqual({ limit: 0.2, passed: true });
    const page = readFileSync(join(found, "bigram.report.html"), "utf8");
    expect(page).toMatch(/Perplexity (rose|fell) by (&lt;)?[\d.]+ %; a rise of 20\.0 % was allowed/);
    expect(page).toContain("152 next tokens by <code>logits</code>, lower is better");
    expect(page).toContain("perplexity may rise by 20.0 %");
  });

  it("whose scores say nothing has no perplexity to keep", async () => {
    const zeros = put(folder, "zeros.npy", npyBytes("<i8", [4, 5], new BigInt64Array(20).fill(3n)));
    const refused = await octet("tune", MODEL, "--data", zeros, "--max-drop", "1");
    expect(errorOf(refused)).toMatch(/perplexity can be measured|says nothing|Nothing can be searched by/);
  });
});

it("stories260K on its stories has the perplexity that NumPy works out", needsShared, async () => {
  const rows: number[][] = JSON.parse(readFileSync(join(SHARED, "data/stories_tokens.json"), "utf8"));
  const some = rows.slice(0, 4);
  const data = put(
    folder,
    "stories.npy",
    npyBytes("<i8", [4, rows[0]!.length], BigInt64Array.from(some.flat(), BigInt)),
  );
  const model = join(SHARED, "models/stories260K.onnx");
  const { perplexity } = (await octet("evaluate", model, model, "--data", data, "--json")).json();
  expect(perplexity).toMatchObject({ output: "logits", tokens: 4 * 127, rise: 0, interval: [0, 0] });
  expect(perplexity.float).toBeCloseTo(2.8289, 3);
  expect(perplexity.quantized).toBe(perplexity.float);
});

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { modelBytes, put, scratch } from "../../cli/testing/colours.ts";
import { octet } from "../../cli/testing/command.ts";
import { makeNode } from "../../src/engine/onnx/attributes.ts";
import { buildModel, floatInput, noise, portInfo } from "../../src/engine/onnx/testing/build.ts";
import { FAMILY_VARIANTS } from "../../src/engine/project/index.ts";
import { nodeRuntime } from "../../src/engine/runtime/node.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const isInstalled = existsSync(here("node_modules/@huggingface/transformers"));
const folder = scratch();
afterAll(() => rmSync(folder, { recursive: true }));

const [WORDS, WIDTH] = [64, 64];
const VOCABULARY = [
  "[PAD]",
  "[UNK]",
  "[CLS]",
  "[SEP]",
  "[MASK]",
  ...Array.from({ length: WORDS - 5 }, (_, i) => `w${i}`),
];
const TEXT = "w7 w9 w30 w41 w2 w2 w58";

/** A model of the kind that `AutoModel` makes a BERT: a table, and two products with biases. */
function bert(): Uint8Array {
  const tokens = (name: string) => portInfo({ name, type: "int64", dims: ["batch", "tokens"] });
  return modelBytes(
    buildModel({
      opset: 17,
      inputs: [tokens("input_ids"), tokens("attention_mask"), tokens("token_type_ids")],
      outputs: [floatInput("last_hidden_state", ["batch", "tokens", WIDTH])],
      nodes: [
        makeNode("Gather", ["words", "input_ids"], ["word"], { name: "look_up" }),
        makeNode("Gather", ["kinds", "token_type_ids"], ["kind"], { name: "kind_of" }),
        makeNode("Add", ["word", "kind"], ["x"], { name: "embed" }),
        makeNode("MatMul", ["x", "w1"], ["m1"], { name: "first" }),
        makeNode("Add", ["m1", "b1"], ["a1"], { name: "first_sum" }),
        makeNode("Relu", ["a1"], ["r1"], { name: "clamp" }),
        makeNode("MatMul", ["r1", "w2"], ["m2"], { name: "second" }),
        makeNode("Add", ["m2", "b2"], ["last_hidden_state"], { name: "second_sum" }),
      ],
      constants: {
        words: noise([WORDS, WIDTH], 1),
        kinds: noise([2, WIDTH], 2),
        w1: noise([WIDTH, WIDTH], 3),
        b1: noise([WIDTH], 4),
        w2: noise([WIDTH, WIDTH], 5),
        b2: noise([WIDTH], 6),
      },
    }),
  );
}

function hub(): string {
  const root = join(folder, "bert");
  mkdirSync(join(root, "onnx"), { recursive: true });
  put(join(root, "onnx"), "model.onnx", bert());
  put(root, "config.json", JSON.stringify({ model_type: "bert", hidden_size: WIDTH, vocab_size: WORDS }));
  const special = VOCABULARY.slice(0, 5).map((content, id) => ({
    ...{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
  }));
  const model = {
    ...{ type: "WordPiece", unk_token: "[UNK]", continuing_subword_prefix: "##", max_input_chars_per_word: 100 },
    vocab: Object.fromEntries(VOCABULARY.map((word, id) => [word, id])),
  };
  const tokenizer = {
    ...{ version: "1.0", truncation: null, padding: null, added_tokens: special, normalizer: null, model },
    pre_tokenizer: { type: "Whitespace" },
    post_processor: { type: "BertProcessing", sep: ["[SEP]", 3], cls: ["[CLS]", 2] },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
  };
  put(root, "tokenizer.json", JSON.stringify(tokenizer));
  put(root, "tokenizer_config.json", JSON.stringify({ tokenizer_class: "BertTokenizer", unk_token: "[UNK]" }));
  return root;
}

const rows = (count: number) =>
  Array.from({ length: count }, (_, row) => {
    const input_ids = Array.from({ length: 9 }, (_, at) => (row * 11 + at * 7 + at * at) % WORDS);
    return JSON.stringify({
      input_ids,
      attention_mask: input_ids.map(() => 1),
      token_type_ids: input_ids.map(() => 0),
    });
  }).join("\n");

/** What the runtime makes of a file. */
async function made(path: string, ids: readonly number[]): Promise<number[]> {
  const session = await nodeRuntime().createSession(
    { graph: readFileSync(path), external: [], aliases: new Map() },
    { threads: 1 },
  );
  const input = (fill: (at: number) => number) => ({
    ...{ type: "int64" as const, dims: [1, ids.length] },
    data: BigInt64Array.from(ids, (_, at) => BigInt(fill(at))),
  });
  const outputs = await session.run(
    new Map([
      ["input_ids", input((at) => ids[at]!)],
      ["attention_mask", input(() => 1)],
      ["token_type_ids", input(() => 0)],
    ]),
  );
  await session.dispose();
  return Array.from(outputs.get("last_hidden_state")!.data as Float32Array);
}

it.skipIf(!isInstalled)("transformers.js loads every variant of a family, and its outputs are ours", async () => {
  const data = put(folder, "rows.jsonl", rows(12));
  const out = join(folder, "family");
  const outcome = await octet("quantize", hub(), "--family", "transformers.js", "--data", data, "--out", out, "--json");
  expect(outcome.code).toBe(0);
  expect(outcome.json().noise).toEqual([]);
  const dtypes = FAMILY_VARIANTS.map(({ dtype }) => dtype);
  const printed = execFileSync(process.execPath, [here("load.mjs"), folder, "family", TEXT, "default", ...dtypes], {
    encoding: "utf8",
  });
  const { ids, outputs } = JSON.parse(printed) as { ids: number[]; outputs: Record<string, number[]> };
  expect(ids).toEqual([2, 12, 14, 35, 46, 7, 7, 63, 3]);
  for (const { dtype, suffix } of FAMILY_VARIANTS) {
    const ours = await made(join(out, "onnx", `model${suffix}.onnx`), ids);
    expect(ours).toHaveLength(ids.length * WIDTH);
    const largest = Math.max(...ours.map(Math.abs));
    const off = Math.max(...ours.map((value, at) => Math.abs(value - outputs[dtype]![at]!)));
    expect(off / largest, dtype).toBeLessThan(1e-5);
  }
  expect(outputs.default).toEqual(outputs.q8);
  expect(outputs.q8).not.toEqual(outputs.fp32);
});

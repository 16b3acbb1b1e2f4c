import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { npyBytes } from "../src/engine/data/testing/files.ts";
import { originOf } from "../src/engine/job/origin.ts";
import { BEFORE_PREPARATIONS } from "../src/engine/model/past/recipe.ts";
import { makeNode } from "../src/engine/onnx/attributes.ts";
import { decodeModel } from "../src/engine/onnx/decode.ts";
import { encodeModel } from "../src/engine/onnx/encode.ts";
import { buildModel, floatInput, noise } from "../src/engine/onnx/testing/build.ts";
import { modelBytes, put, scratch } from "./testing/colours.ts";
import { errorOf, octet } from "./testing/command.ts";

const WARNING =
  /warning: The recipe was learned for frozen as another version of Octet prepares it .* ranges, corrected biases /;

let folder: string;
let model: string;
let data: string;
let old: string;

beforeAll(async () => {
  folder = scratch();
  const frozen = buildModel({
    opset: 13,
    inputs: [floatInput("x", [1, 3, 8, 8])],
    outputs: ["y"],
    nodes: [
      makeNode("Conv", ["x", "w"], ["a"], { name: "conv" }),
      makeNode("Mul", ["a", "f"], ["b"], { name: "scale" }),
      makeNode("Add", ["b", "s"], ["y"], { name: "shift" }),
    ],
    constants: { w: noise([4, 3, 3, 3]), f: noise([4, 1, 1], 2), s: noise([4, 1, 1], 3) },
  });
  model = put(folder, "frozen.onnx", modelBytes(frozen));
  data = put(folder, "x.npy", npyBytes("<f4", [4, 3, 8, 8], noise([4, 3, 8, 8], 9).data as Float32Array));
  const first = await octet("quantize", model, "--data", data, "--elementwise", "join", "--out", join(folder, "first"));
  expect(first.code).toBe(0);
  const recipe = JSON.parse(readFileSync(join(folder, "first", "frozen.recipe.json"), "utf8"));
  for (const later of Object.keys(BEFORE_PREPARATIONS)) delete recipe[later];
  delete recipe.inputs.state;
  recipe.biases = { conv: [7, 7, 7, 7] };
  old = put(folder, "old.recipe.json", JSON.stringify(recipe));
});
afterAll(() => rmSync(folder, { recursive: true }));

it("what an earlier Octet learned for a model that is now folded otherwise is dropped, and said", async () => {
  const alone = await octet("quantize", model, "--recipe", old, "--out", join(folder, "alone"));
  expect(errorOf(alone)).toContain("quantize needs --data PATH, or --cache FILE");
  expect(alone.stderr).toMatch(WARNING);

  const again = await octet(
    "quantize",
    model,
    "--recipe",
    old,
    "--data",
    data,
    "--out",
    join(folder, "again"),
    "--json",
  );
  expect(again.code).toBe(0);
  expect(again.stderr).toMatch(WARNING);
  expect(again.json().notices).toContainEqual(expect.objectContaining({ subject: "recipe" }));
  const network = (name: string) => {
    const file = decodeModel(readFileSync(join(folder, name, "frozen.int8.onnx")), name);
    expect(originOf(file)).not.toBeNull();
    return encodeModel({ ...file, metadataProps: [] });
  };
  expect(network("again")).toEqual(network("first"));

  const cache = join(folder, "first", "frozen.calibration.json");
  const cached = await octet("quantize", model, "--recipe", old, "--cache", cache, "--out", join(folder, "cached"));
  expect(cached.code).toBe(0);
  expect(cached.stderr).toMatch(WARNING);

  const measured = await octet("sensitivity", model, "--recipe", old, "--data", data, "--json");
  expect(measured.json().notices).toContainEqual(expect.objectContaining({ subject: "recipe" }));
  expect(measured.json().recipe).toMatchObject({ preparation: 2 });
});

it("a recipe of this Octet is taken as it is", async () => {
  const recipe = join(folder, "first", "frozen.recipe.json");
  const same = await octet("quantize", model, "--recipe", recipe, "--out", join(folder, "same"));
  expect(same.code).toBe(0);
  expect(same.stderr).not.toMatch(/another version/);
});

it("a recipe of a newer Octet is refused in one sentence", async () => {
  const today = JSON.parse(readFileSync(join(folder, "first", "frozen.recipe.json"), "utf8"));
  const newer = { ...today, preparation: 99 };
  const path = put(folder, "newer.recipe.json", JSON.stringify(newer));
  const outcome = await octet("quantize", model, "--recipe", path, "--data", data, "--out", join(folder, "newer"));
  expect(errorOf(outcome)).toMatch(/as a newer Octet prepares it .* update Octet\.$/);
});

import { unzipSync } from "fflate";
import { expect, test } from "vitest";
import { zipArtifacts } from "../src/engine/project/index.ts";
import { alone } from "./alone.ts";

test("each file is what the zip holds under its name, models first", async () => {
  const bytes = (...values: number[]) => Uint8Array.from(values);
  const files = [
    { name: "a.recipe.json", chunks: [new TextEncoder().encode("{}\n")] },
    { name: "a.onnx_data", chunks: [bytes(9, 9), bytes(8)] },
    { name: "a.int8.onnx", chunks: [bytes(1, 2, 3), bytes(4), bytes(5, 6)] },
  ];
  const parts = zipArtifacts(files, "2026-11-29T00:00:00Z") as Uint8Array<ArrayBuffer>[];
  const zip = new Blob(parts);
  const held = unzipSync(new Uint8Array(await zip.arrayBuffer()));
  const each = alone(zip, parts, files);
  expect(each.map(({ name, size }) => [name, size])).toEqual([
    ["a.int8.onnx", 6],
    ["a.onnx_data", 3],
    ["a.recipe.json", 3],
  ]);
  for (const { name, file } of each) expect(new Uint8Array(await file.arrayBuffer())).toEqual(held[name]);
});

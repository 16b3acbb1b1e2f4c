import fc from "fast-check";
import { expect, test } from "vitest";
import { distinctNames } from "./names.ts";

test("a long name shows the parts by which it differs, and of the rest what has room", () => {
  const names = [0, 11].flatMap((layer) =>
    ["q_proj", "out"].map((name) => `model/layers.${layer}/self_attn/${name}/MatMul`),
  );
  const labels = (room: number) => [...distinctNames(names, room).values()];
  expect(labels(39)).toEqual(names);
  expect(labels(18)).toEqual(["…0…q_proj/MatMul", "model…0…out/MatMul", "…11…q_proj/MatMul", "…11…out/MatMul"]);
  expect(labels(10)).toEqual(["…0…q_proj", "…0…out", "…11…q_proj", "…11…out"]);
});

test("names that differ where their middle is cut show what differs, as far as there is room", () => {
  const names = ["conv_dw_10_relu", "conv_pw_10_relu", "conv_dw_11_relu", "conv_dw_10"];
  expect([...distinctNames(names, 12).values()]).toEqual([
    "…_dw_10_relu",
    "…_pw_10_relu",
    "conv…11_relu",
    "conv_dw_10",
  ]);
});

test("no two names look alike, and each has the room or is whole", () => {
  const part = fc.constantFrom("model", "layers.1", "layers.12", "attention", "q", "k", "output", "MatMul", "0");
  const name = fc.array(part, { minLength: 1, maxLength: 9 }).map((parts) => parts.join("/"));
  fc.assert(
    fc.property(fc.uniqueArray(name, { maxLength: 40 }), fc.integer({ min: 6, max: 40 }), (names, room) => {
      const shown = distinctNames(names, room);
      expect(new Set(shown.values()).size).toBe(names.length);
      for (const [whole, label] of shown) expect(label === whole || label.length <= room).toBe(true);
    }),
    { seed: 12, numRuns: 200 },
  );
});

test("a name alone that is one long part, or has none with room, is cut and not left out", () => {
  for (const name of ["weights with a scale per channel", "a_long_first_part/another_long_part"]) {
    const label = distinctNames([name], 12).get(name)!;
    expect(label).toHaveLength(12);
    expect(label).toContain("…");
  }
});

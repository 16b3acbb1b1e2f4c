import { expect, test } from "vitest";
import type { Row } from "../state/layers.ts";
import { describe } from "./describe.ts";

const node = (name: string, operator: string, row: Partial<Row> | null, text: string | null) => ({
  ...{ kind: "layer" as const, name, operator, precision: row ? ("int8" as const) : null, row: row as Row | null },
  heat: text === null ? null : { share: 0.5, text, own: true },
});

test("a node is told with its figure, what it reads and what reads it", () => {
  const nodes = [
    node("x", "Input", null, null),
    node("a/conv", "Conv", { id: "/m/a/conv", reason: null, fusedWith: "/m/a/relu" }, "31.0 dB"),
    ...Array.from({ length: 8 }, (_, index) => node(`r${index}`, "Relu", null, null)),
  ];
  const readers = [2, 3, 4, 5, 6, 7, 8, 9];
  const topology = { producers: [[], [0]], consumers: [[1], readers] };
  const { short, long } = describe(topology, nodes, 1, "SQNR, estimated");
  expect(short).toBe("Conv /m/a/conv, int8, fused with /m/a/relu, SQNR, estimated: 31.0 dB");
  expect(long).toBe(
    `${short}. Reads Input x. Read by Relu r0, Relu r1, Relu r2, Relu r3, Relu r4, Relu r5 and 2 more.`,
  );
});

test("a block is told with how many layers it has and the worst of them", () => {
  const block = { ...node("layers.0", "12 layers", null, "9.0 dB"), kind: "block" as const };
  const nodes = [block, node("y", "Add", null, null)];
  const topology = { producers: [[], [0]], consumers: [[1], []] };
  expect(describe(topology, nodes, 0, "SQNR").short).toBe("Block layers.0, 12 layers, worst SQNR: 9.0 dB");
  expect(describe(topology, nodes, 1, "SQNR").long).toBe("Add y. Reads block layers.0.");
});

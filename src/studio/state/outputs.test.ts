import { expect, test } from "vitest";
import type { OutputError } from "../../engine/model/evaluation.ts";
import type { Port } from "../../engine/model/tensor.ts";
import { tellingOutput } from "./outputs.ts";

const error = (name: string, agreement: number | null = 0.5) => ({ name, agreement }) as OutputError;
const port = (name: string, dims: Port["dims"]): Port => ({ name, type: "float32", dims });

test("agreement is told of class scores rather than of boxes", () => {
  const outputs = [error("boxes"), error("y")];
  expect(tellingOutput(outputs, [port("boxes", [1, 100, 4]), port("y", [1, 10])])?.name).toBe("y");
  expect(tellingOutput(outputs, [port("boxes", ["n", 100, 4]), port("y", ["n", 10])])?.name).toBe("y");
  const detector = [error("boxes"), error("scores")];
  expect(tellingOutput(detector, [port("boxes", [1, 100, 4]), port("scores", [1, 100, 2])])?.name).toBe("scores");
});

test("without class scores it is told of the first output that has one", () => {
  expect(tellingOutput([error("a", null), error("b")], [port("a", [1]), port("b", [1, 8, 8])])?.name).toBe("b");
  expect(tellingOutput([error("a", null)], [port("a", [1])])).toBeUndefined();
});

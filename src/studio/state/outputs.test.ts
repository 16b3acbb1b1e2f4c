import { expect, test } from "vitest";
import type { OutputError } from "../../engine/model/evaluation.ts";
import type { Port } from "../../engine/model/tensor.ts";
import { closenessText } from "./outputs.ts";

const error = (name: string, agreement: number | null, sqnr: number | null = 20) =>
  ({ name, agreement, sqnr }) as OutputError;
const port = (name: string, dims: Port["dims"]): Port => ({ name, type: "float32", dims });

test("agreement is told of class scores rather than of boxes", () => {
  const outputs = [error("boxes", 0.5), error("y", 0.75)];
  expect(closenessText(outputs, [port("boxes", [1, 100, 4]), port("y", [1, 10])])).toBe("agreement 75.0 %");
  expect(closenessText(outputs, [port("boxes", ["n", 100, 4]), port("y", ["n", 10])])).toBe("agreement 75.0 %");
  const detector = [error("boxes", 0.5), error("scores", 0.75)];
  expect(closenessText(detector, [port("boxes", [1, 100, 4]), port("scores", [1, 100, 2])])).toBe("agreement 75.0 %");
});

test("without class scores the least SQNR is told: where a row of a feature map or of a state is largest says nothing", () => {
  expect(closenessText([error("758", 0.712, 16.1)], [port("758", [1, 85, 22, 22])])).toBe("SQNR 16.1 dB");
  const recurrent = [error("output", null, 19.1), error("stateN", 0.938, 19.2)];
  expect(closenessText(recurrent, [port("output", ["n", 1]), port("stateN", [2, "n", 128])])).toBe("SQNR 19.1 dB");
  expect(closenessText([error("a", null, null)], [port("a", [1])])).toBeUndefined();
});

import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nodeRuntime } from "../src/engine/runtime/node.ts";
import { colourModel, modelBytes, put, putColours, scratch } from "./testing/colours.ts";
import { errorOf, octet } from "./testing/command.ts";

const SAMPLE = fileURLToPath(new URL("../public/sample/fashion-mnist-dw.onnx", import.meta.url));
const GARMENTS = fileURLToPath(new URL("../public/sample/calibration-images-idx3-ubyte.gz", import.meta.url));

let folder: string;

beforeAll(() => {
  folder = scratch();
});
afterAll(() => rmSync(folder, { recursive: true }));

async function quantize(name: string, ...options: string[]) {
  const out = join(folder, name);
  const data = ["--data", GARMENTS, "--preprocess", "unit", "--samples", "24", "--bias-correction", "none"];
  const outcome = await octet("quantize", SAMPLE, ...data, "--out", out, "--json", ...options);
  expect(outcome.stderr).not.toMatch(/^octet: /m);
  return { ...outcome.json(), bytes: readFileSync(join(out, "fashion-mnist-dw.int8.onnx")) };
}

describe("how samples run", () => {
  it("is what options fix, is told, and changes nothing of the model", async () => {
    const { executors } = (await quantize("one", "--workers", "1", "--threads", "1", "--batch", "1")).calibration;
    const record = { runtime: nodeRuntime().label, provider: "cpu", threads: 1, samples: 24 };
    expect(executors).toEqual([{ ...record, workers: 1, batch: 1 }]);
    const several = await quantize("several", "--workers", "2", "--threads", "1", "--batch", "5");
    expect(several.calibration.executors).toEqual([{ ...record, workers: 2, batch: 5 }]);
    expect(several.bytes).toEqual((await quantize("left open")).bytes);
  });

  it("is one by one, with a warning, where a model takes one sample at a time", async () => {
    const model = put(folder, "colours.onnx", modelBytes(colourModel()));
    const data = await putColours(folder, "photos", 5);
    const options = ["--data", data, "--preprocess", "unit", "--batch", "4", "--workers", "1", "--threads", "1"];
    const { stderr, json } = await octet("quantize", model, ...options, "--out", join(folder, "colours"), "--json");
    expect(stderr).toContain("Samples ran one by one and not 4 at a time");
    expect(json().calibration.executors).toMatchObject([{ batch: 1, samples: 5 }]);
  });

  it("takes whole numbers from 1", async () => {
    const given = await octet("quantize", SAMPLE, "--data", GARMENTS, "--workers", "0");
    expect(errorOf(given)).toBe('--workers takes a whole number of at least 1, not "0".');
  });
});

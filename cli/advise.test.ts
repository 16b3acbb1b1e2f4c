import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { spectrogram } from "../src/engine/advice/testing/models.ts";
import { npyBytes } from "../src/engine/data/testing/files.ts";
import { modelBytes, put, scratch } from "./testing/colours.ts";
import { errorOf, octet } from "./testing/command.ts";

let folder: string;
let model: string;
let data: string;
beforeAll(() => {
  folder = scratch();
  model = put(folder, "heard.onnx", modelBytes(spectrogram()));
  data = put(folder, "waves.npy", npyBytes("<f4", [48, 4, 16], waves(48)));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Sounds whose loudness falls by a factor of a thousand in each, as speech does. */
function waves(count: number): Float32Array {
  const windows = 4;
  const length = 16;
  return Float32Array.from({ length: count * windows * length }, (_, at) => {
    const sample = Math.floor(at / (windows * length));
    const window = Math.floor(at / length) % windows;
    return 10 ** -window * Math.sin(at * (0.3 + 0.05 * sample)) * (1 + (sample % 5));
  });
}

describe("octet advise", () => {
  it("says without data what a model is, which recipe is right and why, and that fidelity is unknown; quantize takes what it writes", async () => {
    const out = join(folder, "advised");
    const outcome = await octet("advise", model, "--target", "ort-web", "--out", out);
    expect(outcome.code).toBe(0);
    expect(outcome.stdout).toContain("spectrogram front end: The Add powers adds the squares");
    expect(outcome.stdout).toContain("Advised for ort-web: the spectrogram in float.");
    expect(outcome.stdout).toContain("In float: real, imaginary, mel, weights in int8");
    expect(outcome.stdout).toContain("Fidelity and time: unknown without data");
    expect(readdirSync(out)).toEqual(["heard.recipe.json"]);
    const recipe = JSON.parse(readFileSync(join(out, "heard.recipe.json"), "utf8"));
    expect(recipe).toMatchObject({ target: "ort-web", float: { stored: ["real", "imaginary", "mel"] } });
    const quantized = await octet(
      ...["quantize", model, "--recipe", join(out, "heard.recipe.json"), "--data", data],
      ...["--samples", "8", "--workers", "1", "--threads", "1", "--batch", "1"],
      ...["--out", join(folder, "quantized"), "--json"],
    );
    expect(quantized.code).toBe(0);
    expect(quantized.json().layers).toMatchObject({ integer: 1, computedInFloat: ["real", "imaginary"] });
  });

  it("measures with data, each recipe on samples that did not teach it, and advises what that found", async () => {
    const outcome = await octet("advise", model, "--data", data, "--samples", "40", "--json");
    expect(outcome.code).toBe(0);
    const { options, advised, measured, kinds, size, written } = outcome.json();
    expect(kinds[0].kind).toBe("spectrogram");
    expect(measured).toMatchObject({ taught: 20, judged: 20 });
    expect(written).toBeNull();
    const [target, front] = options;
    expect(front.name).toBe("the spectrogram in float");
    expect(target.figures.sqnr).toBeLessThan(25);
    expect(front.figures.sqnr).toBeGreaterThan(target.figures.sqnr + 3);
    expect(options[advised].figures.sqnr).toBeGreaterThan(target.figures.sqnr + 3);
    expect(size.advised).toBe(options[advised].figures.bytes);
  });

  it("refuses one sample in a sentence, and a target that there is not", async () => {
    const one = put(folder, "one.npy", npyBytes("<f4", [1, 4, 16], waves(1)));
    expect(errorOf(await octet("advise", model, "--data", one))).toContain("needs two samples or more");
    expect(errorOf(await octet("advise", model, "--target", "ort"))).toContain("--target");
  });
});

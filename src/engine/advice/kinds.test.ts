import { describe, expect, it } from "vitest";
import { GraphIndex } from "../onnx/graph.ts";
import { inputPorts, outputPorts } from "../onnx/ports.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { kindsOf } from "./kinds.ts";
import { spectrogramOf } from "./spectrogram.ts";
import { MODELS, spectrogram, UNKNOWN } from "./testing/models.ts";

function kinds(model: ModelProto) {
  const index = new GraphIndex(model.graph!);
  return kindsOf({ index, inputs: inputPorts(model), outputs: outputPorts(model), frontEnd: spectrogramOf(index) });
}

const CASES = Object.entries(MODELS).flatMap(([kind, models]) => models.map((model) => [kind, model] as const));

describe("what a model is", () => {
  it.each(CASES)("tells a %s, with what of the graph says so", (kind, model) => {
    const [main] = kinds(model);
    expect(main?.kind).toBe(kind);
    expect(main?.evidence).toMatch(/\.$/);
  });

  it("names the nodes that show it", () => {
    expect(kinds(MODELS.decoder[0]!)[0]?.evidence).toContain("the constant mask masks later tokens");
    expect(kinds(MODELS.bytes[0]!)[0]?.evidence).toContain("The Gather embedding looks up one of 257 rows");
    expect(kinds(MODELS.detector[0]!)[0]?.evidence).toContain("a grid of 6 by 6");
    expect(kinds(spectrogram()).at(-1)).toEqual({
      kind: "spectrogram",
      evidence:
        "The Add powers adds the squares of a transform's parts, a constant of positive filters is multiplied by them, the Log heard follows.",
    });
  });

  it("says that it does not know", () => {
    expect(kinds(UNKNOWN)).toEqual([{ kind: "other", evidence: "None of its 1 layer tells what it is." }]);
  });

  it("a detector with depthwise layers is both, the detector first", () => {
    expect(kinds(MODELS.detector[1]!).map(({ kind }) => kind)).toEqual(["detector", "depthwise"]);
  });
});

describe("a spectrogram", () => {
  it("is all up to its logarithm, and nothing that reads it", () => {
    const found = spectrogramOf(new GraphIndex(spectrogram().graph!));
    expect(found).toMatchObject({ layers: ["real", "imaginary", "mel"], isLogarithmic: true });
  });

  it("without a logarithm ends where the squares are added", () => {
    const found = spectrogramOf(new GraphIndex(spectrogram(false).graph!));
    expect(found).toMatchObject({ layers: ["real", "imaginary"], isLogarithmic: false });
  });

  it("is not seen in other models", () => {
    for (const [, model] of CASES) expect(spectrogramOf(new GraphIndex(model.graph!))).toBeNull();
  });
});

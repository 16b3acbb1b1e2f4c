import { describe, expect, it } from "vitest";
import { InputError } from "../model/job.ts";
import { pairedDifference } from "../numerics/interval.ts";
import { TopCounter } from "./accuracy.ts";
import { floatNotice } from "./plausibility.ts";

/** Scores that rank class `first` first and the others by index. */
function ranking(classes: number, first: number): Float32Array {
  return Float32Array.from({ length: classes }, (_, i) => (i === first ? 10 : -i));
}

function count(classes: number, rows: readonly (readonly [float: number, quantized: number, label: number])[]) {
  const counter = new TopCounter(ranking(classes, 0));
  for (const [float, quantized, label] of rows) {
    counter.add(ranking(classes, float), ranking(classes, quantized), label, "sample");
  }
  return counter.result();
}

describe("TopCounter", () => {
  it("counts both models on the same samples, with the drop and its paired interval", () => {
    const { top1 } = count(10, [
      [3, 3, 3],
      [4, 9, 4],
      [9, 5, 5],
      [6, 7, 6],
      [8, 8, 7],
    ]);
    expect(top1).toMatchObject({ float: 3 / 5, quantized: 2 / 5 });
    expect(top1.drop).toBeCloseTo(1 / 5);
    expect(top1.interval).toEqual(pairedDifference({ samples: 5, onlyFirst: 2, onlySecond: 1 }).interval);
  });

  it("counts the five largest", () => {
    const { top5 } = count(10, [
      [9, 9, 3],
      [9, 9, 4],
      [4, 9, 4],
    ]);
    expect(top5).toMatchObject({ float: 2 / 3, quantized: 1 / 3 });
    expect(count(5, [[0, 0, 0]]).top5).toBeNull();
  });

  it("refuses a label that is no class, naming the sample", () => {
    const counter = new TopCounter(ranking(10, 0));
    const add = () => counter.add(ranking(10, 0), ranking(10, 0), 10, "cat.jpg");
    expect(add).toThrow(InputError);
    expect(add).toThrow("cat.jpg has the label 10, but the model has 10 classes, 0 to 9");
  });

  it("gives the mean confidence of logits and of probabilities", () => {
    const counter = new TopCounter(Float32Array.of(0.6, 0.4));
    counter.add(Float32Array.of(0.6, 0.4), Float32Array.of(0.6, 0.4), 0, "a");
    counter.add(Float32Array.of(0.1, 0.9), Float32Array.of(0.1, 0.9), 0, "b");
    expect(counter.result().float.confidence).toBeCloseTo(0.75);
    expect(count(2, [[0, 0, 0]]).float.confidence).toBeCloseTo(1 / (1 + Math.exp(-11)));
  });
});

describe("floatNotice", () => {
  const notice = (accuracy: number, confidence: number, classes = 1000, samples = 100) =>
    floatNotice({ classes, samples, accuracy, confidence })?.message;

  it("speaks up near chance and asks about the normalisation", () => {
    expect(notice(0, 0.2)).toMatch(/right on 0 % of 100 samples, near chance for 1000 classes: is the normalisation/);
    expect(notice(0.01, 0.3)).toMatch(/near chance/);
    expect(notice(0.35, 0.5, 10)).toMatch(/near chance for 10 classes/);
  });

  it("speaks up when a model is sure and wrong, as with pixels of another scale", () => {
    expect(notice(0.31, 0.96)).toMatch(/though 96\.0 % sure of its answers: is the normalisation right/);
  });

  it("keeps quiet about models that do their work, and about too few samples", () => {
    expect(notice(0.59, 0.65)).toBeUndefined();
    expect(notice(0.3, 0.4)).toBeUndefined();
    expect(notice(0.91, 0.95, 10)).toBeUndefined();
    expect(notice(0.7, 0.99, 2)).toBeUndefined();
    expect(notice(0, 1, 1000, 9)).toBeUndefined();
  });
});

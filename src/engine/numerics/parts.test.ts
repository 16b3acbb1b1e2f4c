import { describe, expect, it } from "vitest";
import { partsBySize } from "./parts.ts";

const reaching = (...highs: number[]) => highs.map((high) => ({ low: -high, high }));
const upTo = (...highs: number[]) => highs.map((high) => ({ low: 0, high }));

describe("parts of a tensor by the size of its channels", () => {
  it("are told where more than 16x lies between, the smallest first", () => {
    expect(partsBySize([...upTo(640, 480, 200, 90), ...upTo(0.9, 0.8)])).toEqual([
      [4, 5],
      [0, 1, 2, 3],
    ]);
    expect(partsBySize(reaching(1000, 2, 50, 3))).toEqual([[1, 3], [2], [0]]);
  });

  it("are one part where channels fill what lies between, or it is no more than 16x", () => {
    expect(partsBySize(reaching(100, 10, 1, 0.1))).toBeNull();
    expect(partsBySize(reaching(16, 1))).toBeNull();
    expect(partsBySize(reaching(16.1, 1))).toEqual([[1], [0]]);
    expect(partsBySize([])).toBeNull();
    expect(partsBySize(reaching(3))).toBeNull();
    expect(partsBySize(reaching(0, 0))).toBeNull();
  });

  it("need not be contiguous: scores between coordinates are one part", () => {
    expect(partsBySize(upTo(640, 480, 0.9, 600, 470, 0.8))).toEqual([
      [2, 5],
      [0, 1, 3, 4],
    ]);
  });

  it("leave neighbouring probabilities together, however rare a class: two classes of a Softmax are one answer", () => {
    expect(partsBySize(upTo(1, 0.001))).toBeNull();
    expect(partsBySize(upTo(640, 640, 0.9, 0.002, 0.7))).toEqual([
      [2, 3, 4],
      [0, 1],
    ]);
    expect(partsBySize([...reaching(5), ...upTo(0.002)])).toEqual([[1], [0]]);
  });

  it("take in channels of zeros, and one that hardly says anything among many", () => {
    expect(partsBySize(reaching(100, 0, 1, 0))).toEqual([
      [2, 3],
      [0, 1],
    ]);
    const features = Array.from({ length: 64 }, (_, i) => (i === 5 ? 1e-4 : 2));
    expect(partsBySize(reaching(...features))).toBeNull();
  });

  it("tell an outlier among many, beside which all others are small", () => {
    const features = Array.from({ length: 64 }, (_, i) => (i === 5 ? 300 : 2));
    const parts = partsBySize(reaching(...features));
    expect(parts?.map(({ length }) => length)).toEqual([63, 1]);
    expect(parts?.[1]).toEqual([5]);
  });
});

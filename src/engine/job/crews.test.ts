import { describe, expect, it } from "vitest";
import { AUTOMATIC } from "../model/calibration.ts";
import { batchToTry, shapesFor } from "./crews.ts";

const MIB = 2 ** 20;
const small = { weightBytes: 10 * MIB, heldBytes: 50 * MIB };
const machine = (maxThreads: number, maxWorkers?: number) => ({ maxThreads, ...(maxWorkers && { maxWorkers }) });

describe("shapesFor", () => {
  it("begins with one worker on one thread and tries as many workers as cores, four at most", () => {
    expect(shapesFor(machine(2, 2), AUTOMATIC, small)).toEqual({
      first: { workers: 1, threads: 1 },
      rival: { workers: 2, threads: 1 },
    });
    expect(shapesFor(machine(8, 16), AUTOMATIC, small).rival).toEqual({ workers: 4, threads: 1 });
  });

  it("tries threads in place of workers where these do not fit a gibibyte, or cannot be had", () => {
    const large = { weightBytes: 200 * MIB, heldBytes: 300 * MIB };
    expect(shapesFor(machine(4, 8), AUTOMATIC, large).rival).toEqual({ workers: 1, threads: 4 });
    expect(shapesFor(machine(4), AUTOMATIC, small).rival).toEqual({ workers: 1, threads: 4 });
    expect(shapesFor(machine(4, 8), AUTOMATIC, { ...large, heldBytes: 100 * MIB }).rival).toEqual({
      workers: 2,
      threads: 1,
    });
  });

  it("uses workers where a page has no threads, and tries nothing where there is nothing to try", () => {
    expect(shapesFor(machine(1, 4), AUTOMATIC, small).rival).toEqual({ workers: 4, threads: 1 });
    expect(shapesFor(machine(1, 1), AUTOMATIC, small).rival).toBeNull();
  });

  it("keeps to what a person fixed and chooses the rest", () => {
    const fixed = (workers: number | null, threads: number | null) =>
      shapesFor(machine(8, 8), { ...AUTOMATIC, workers, threads }, small);
    expect(fixed(3, 2)).toEqual({ first: { workers: 3, threads: 2 }, rival: null });
    expect(fixed(null, 4)).toEqual({ first: { workers: 1, threads: 4 }, rival: { workers: 2, threads: 4 } });
    expect(fixed(2, null)).toEqual({ first: { workers: 2, threads: 1 }, rival: { workers: 2, threads: 4 } });
    expect(fixed(null, 8)).toEqual({ first: { workers: 1, threads: 8 }, rival: null });
  });
});

describe("batchToTry", () => {
  it("joins samples of small networks only, and only where all tensors grow with them", () => {
    expect(batchToTry({ joins: true, activationBytes: MIB })).toBe(8);
    expect(batchToTry({ joins: false, activationBytes: MIB })).toBe(1);
    expect(batchToTry({ joins: true, activationBytes: 3 * MIB })).toBe(1);
  });
});

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nodeOrWasm } from "../../src/engine/runtime/nodeOrWasm.ts";
import { needsShared } from "../../src/engine/testing/shared.ts";
import { keptCases, sharedCases } from "./cases.ts";
import { inputOf } from "./input.ts";
import { outcomeOf } from "./outcome.ts";
import { fuzz, problemWith } from "./run.ts";
import { shrunk } from "./shrink.ts";
import type { Subject } from "./subject.ts";
import { subjectsOn } from "./subjects.ts";
import { inputsIn } from "./tally.ts";
import { Reader } from "./watchdog.ts";

const SEED = 1;
const INPUTS = 20_000;
/** Milliseconds that a busy machine may take to start a process. */
const STARTING = 120_000;

describe("what a command would say of an error", () => {
  it("is a defect where it is no error of ours, or no sentence", async () => {
    const { InputError } = await import("../../src/engine/model/job.ts");
    expect(outcomeOf(new InputError("a.npy is damaged; copy it again."))).toEqual({ is: "refused" });
    expect(outcomeOf(new TypeError("x is not a function")).is).toBe("defect");
    expect(outcomeOf(new InputError("a.npy is undefined; copy it again.")).is).toBe("defect");
    expect(outcomeOf(new InputError("a.npy is damaged"))).toMatchObject({ is: "defect" });
  });
});

describe("an input", () => {
  let subjects: readonly Subject[];
  beforeAll(async () => {
    subjects = await subjectsOn((await nodeOrWasm()).runtime);
  }, STARTING);

  it("is the same for a seed and a number, and another for others", () => {
    const made = (seed: number, index: number) => inputOf(subjects, seed, index);
    const numbers = Array.from({ length: 200 }, (_, index) => index);
    expect(numbers.map((index) => made(1, index).bytes)).toEqual(numbers.map((index) => made(1, index).bytes));
    expect(numbers.map((index) => made(2, index).bytes)).not.toEqual(numbers.map((index) => made(1, index).bytes));
  });

  it("of every format can be read as it was before it is changed", async () => {
    for (const { format, seeds, read } of subjects) {
      const outcomes = await Promise.allSettled(seeds.map((seed) => read(seed)));
      expect(
        outcomes.map(({ status }) => status),
        format,
      ).toContain("fulfilled");
    }
  });

  it("is shrunk for as long as it has the defect", async () => {
    const bytes = Uint8Array.from({ length: 500 }, (_, i) => i % 251);
    const smallest = await shrunk(bytes, async (some) => some.includes(77) && some.includes(200), 500);
    expect([...smallest]).toEqual([77, 200]);
  });
});

describe("a process that is watched", () => {
  let reader: Reader;
  beforeAll(async () => {
    reader = await Reader.start();
  }, STARTING);
  afterAll(() => reader.end());

  it.each(keptCases().map((each) => [each.name, each] as const))("reads %s as it should", async (_, each) => {
    expect(await problemWith(reader, each.format, each.bytes)).toBeNull();
  });

  it("reads the hostile inputs of the shared folder as it should", needsShared, async () => {
    const problems: unknown[] = [];
    for (const { name, format, bytes } of sharedCases()) {
      const problem = await problemWith(reader, format, bytes);
      if (problem) problems.push({ name, problem });
    }
    expect(sharedCases().length).toBeGreaterThan(8);
    expect(problems).toEqual([]);
  });
});

it("20,000 inputs of every format end no process, take no more than 5 s or 1 GiB, and are read or refused in a sentence", async () => {
  const { tallies, defects } = await fuzz({ seed: SEED, inputs: INPUTS });
  expect(defects.map(({ format, kind, message, index }) => ({ format, kind, message, index }))).toEqual([]);
  expect(inputsIn(tallies)).toBe(INPUTS);
  for (const [format, { refused }] of tallies) expect(refused, format).toBeGreaterThan(0);
}, 1_800_000);

import { describe, expect, it } from "vitest";
import { machine, measuredNow, measuredOn, measuredThen, runOf } from "./machine.ts";

const documentOf = (line: string) => `# Title\n\nWhat it holds,\nin two lines.\n\n${line}\n\n| a |\n| - |\n| 1 |\n`;

describe("a document that is measured anew in part", () => {
  it("keeps what it says of the run that measured all of it", () => {
    const line = "Some Processor, 4 cores, 8 GiB; Node v1; 2026-01-02; 7 s. Rows with a load\nwere measured later.";
    expect(measuredOn(documentOf(line))).toBe(line);
  });

  it("names the machine in a row that another one measured", () => {
    const day = /^\d{4}-\d\d-\d\d, load 3/;
    const here = measuredNow(`${machine()}; 2026-01-02; 7 s.`, 3.2);
    expect(here).toMatch(day);
    expect(here).not.toContain("cores");
    const elsewhere = measuredNow("Some Processor, 4 cores, 8 GiB; Node v1; 2026-01-02; 7 s.", 3.2);
    expect(elsewhere).toMatch(day);
    expect(elsewhere).toContain(`, on ${machine()}`);
  });

  it("keeps the day and the machine of rows whose file is the one that was measured", () => {
    const elsewhere = documentOf("Some Processor, 4 cores, 8 GiB; Node v1; 2026-01-02; 7 s.");
    expect(measuredThen(elsewhere, "")).toBe("2026-01-02, on Some Processor, 4 cores, 8 GiB; Node v1");
    expect(measuredThen(elsewhere, "2026-01-03, load 1")).toBe(
      "2026-01-03, load 1, on Some Processor, 4 cores, 8 GiB; Node v1",
    );
    expect(measuredThen(elsewhere, "2026-01-03, load 1, on Another")).toBe("2026-01-03, load 1, on Another");
    expect(measuredThen(documentOf(`${machine()}; 2026-01-02; 7 s.`), "")).toBe("2026-01-02");
  });

  it("says when all of it was measured, and how long that took", () => {
    expect(runOf("Some Processor, 4 cores, 8 GiB; Node v1; 2026-01-02; 2179 s. Rows with a load")).toEqual({
      day: "2026-01-02",
      seconds: 2179,
    });
    expect(runOf("Nothing was measured.")).toBeNull();
  });
});

import { describe, expect, it } from "vitest";
import { machine, measuredNow, measuredOn } from "./machine.ts";

const documentOf = (line: string) => `# Title\n\nWhat it holds,\nin two lines.\n\n${line}\n\n| a |\n| - |\n| 1 |\n`;

describe("a document that is measured anew in part", () => {
  it("keeps what it says of the run that measured all of it", () => {
    const line = "Some Processor, 4 cores, 8 GiB; Node v1; 2026-01-02; 7 s. Rows with a load\nwere measured later.";
    expect(measuredOn(documentOf(line))).toBe(line);
  });

  it("names the machine in a row that another one measured", () => {
    const day = /^\d{4}-\d\d-\d\d, load 3/;
    const here = measuredNow(documentOf(`${machine()}; 2026-01-02; 7 s.`), 3.2);
    expect(here).toMatch(day);
    expect(here).not.toContain("cores");
    const elsewhere = measuredNow(documentOf("Some Processor, 4 cores, 8 GiB; Node v1; 2026-01-02; 7 s."), 3.2);
    expect(elsewhere).toMatch(day);
    expect(elsewhere).toContain(`, on ${machine()}`);
  });
});

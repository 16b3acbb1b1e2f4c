import { describe, expect, it } from "vitest";
import { byAge, fitsTheHour } from "./hour.ts";

const part = (name: string, day: string, seconds: number) => ({ name, run: { day, seconds } });

describe("a run of all that npm run verify measures", () => {
  it("begins with what was never measured, or was longest ago", () => {
    const parts = [
      part("new", "2026-03-02", 5),
      part("quick", "2026-01-09", 5),
      part("long", "2026-01-09", 900),
      { name: "never", run: null },
    ];
    expect(byAge(parts).map(({ name }) => name)).toEqual(["never", "long", "quick", "new"]);
  });

  it("begins nothing that would not be done within the hour", () => {
    expect(fitsTheHour(part("a", "2026-01-09", 1200), 2400, false)).toBe(true);
    expect(fitsTheHour(part("a", "2026-01-09", 1201), 2400, false)).toBe(false);
    expect(fitsTheHour({ name: "never", run: null }, 3599, false)).toBe(true);
    expect(fitsTheHour({ name: "never", run: null }, 3601, false)).toBe(false);
    expect(fitsTheHour(part("a", "2026-01-09", 4500), 0, true)).toBe(true);
  });
});

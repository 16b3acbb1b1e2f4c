import { describe, expect, it } from "vitest";
import { progressLine } from "./progress.ts";
import { Terminal } from "./terminal.ts";

function terminal(isTTY: boolean) {
  let [out, err] = ["", ""];
  return {
    door: new Terminal(
      {
        write: (text) => {
          out += text;
        },
      },
      {
        isTTY,
        write: (text) => {
          err += text;
        },
      },
    ),
    written: () => ({ out, err }),
  };
}

const step = (done: number) => ({ task: "Calibrating", done, total: 50, unit: "samples" });

describe("progressLine", () => {
  it("gives the rate and the time left once they are known", () => {
    expect(progressLine(step(0), 30)).toBe("Calibrating: 0 of 50 samples");
    expect(progressLine(step(2), 0.5)).toBe("Calibrating: 2 of 50 samples");
    expect(progressLine(step(10), 4)).toBe("Calibrating: 10 of 50 samples, 2.5 samples/s, 16 s left");
    expect(progressLine(step(10), 40)).toBe("Calibrating: 10 of 50 samples, 0.25 samples/s, 2 min 40 s left");
  });
});

describe("Terminal", () => {
  it("tells progress as one line a task where nobody watches", () => {
    const { door, written } = terminal(false);
    for (let done = 0; done < 5; done++) door.context.report(step(done));
    door.context.report({ task: "Timing", done: 0, total: 1, unit: "runs" });
    expect(written().err).toBe("Calibrating...\nTiming...\n");
  });

  it("draws over one line where somebody does, and clears it before a message", () => {
    const { door, written } = terminal(true);
    door.context.report(step(0));
    door.say("Done.");
    expect(written().err).toBe("\r\x1b[KCalibrating: 0 of 50 samples\r\x1b[KDone.\n");
  });

  it("says a notice once and names its subject", () => {
    const { door, written } = terminal(false);
    const notice = { kind: "warning", subject: "conv1", message: "it is odd" } as const;
    door.notices([notice, notice, { kind: "info", subject: "conv1", message: "conv1 is fine" }]);
    expect(written().err).toBe("warning: conv1: it is odd\nnote: conv1 is fine\n");
  });

  it("shows what a terminal would obey, wherever a name brings it", () => {
    const { door, written } = terminal(true);
    const name = "a\u001b[2J\u0007\u009b1m\u202eb\r\nnote: all is well\u2028";
    const shown = "a\\u001b[2J\\u0007\\u009b1m\\u202eb\\u000d\\u000anote: all is well\\u2028";
    door.say(name);
    expect(written().err).toBe(`${shown}\n`);
    door.context.report({ task: name, done: 0, total: 1, unit: "runs" });
    expect(written().err).toBe(`${shown}\n\r\u001b[K${shown}: 0 of 1 runs`);
    door.result(false, {}, [name, "é 世 👍🏽"]);
    expect(written().out).toBe(`${shown}\né 世 👍🏽\n`);
    door.result(true, { name }, []);
    const json = written().out.slice(written().out.indexOf("{"));
    expect(json).not.toMatch(/[^\n\P{Cc}]|[\u2028\u202e]/u);
    expect(JSON.parse(json)).toEqual({ name });
  });

  it("writes numbers that JSON lacks as strings", () => {
    const { door, written } = terminal(false);
    door.result(true, { sqnr: Number.POSITIVE_INFINITY, kl: Number.NaN, mse: 0 }, []);
    expect(JSON.parse(written().out)).toEqual({ sqnr: "Infinity", kl: "NaN", mse: 0 });
  });
});

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { Lifetime } from "./lifetime.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

describe("Lifetime", () => {
  it("rejects what is pending and what comes later with the first reason, and nothing else", async () => {
    const life = new Lifetime();
    expect(await life.within(async () => 1)).toBe(1);
    await expect(life.within(() => Promise.reject(new Error("its own")))).rejects.toThrow("its own");
    const pending = life.within(() => new Promise(() => undefined));
    life.end(new Error("it ended"));
    life.end(new Error("again"));
    await expect(pending).rejects.toThrow("it ended");
    let asked = false;
    const later = life.within(async () => {
      asked = true;
    });
    await expect(later).rejects.toThrow("it ended");
    expect(asked).toBe(false);
  });

  it("does not hold on to what was answered", async () => {
    const life = new Lifetime();
    const answers: WeakRef<object>[] = [];
    for (let i = 0; i < 5; i++) {
      answers.push(new WeakRef(await life.within(async () => ({ tensor: i }))));
    }
    await new Promise((resolve) => setTimeout(resolve));
    collectGarbage();
    expect(answers.filter((answer) => answer.deref()).length).toBeLessThan(2);
    life.end(new Error("it ended"));
  });
});

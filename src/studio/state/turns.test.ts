import { afterEach, expect, test } from "vitest";
import { actions } from "./store.ts";
import { fresh } from "./testing/given.ts";
import { inTurn, settled } from "./turns.ts";

afterEach(fresh);

test("what is given while something opens is opened after it, also where that failed", async () => {
  const order: string[] = [];
  let end = (_: Error) => {};
  const first = inTurn(async () => {
    order.push("model begins");
    await new Promise((_, reject) => {
      end = reject;
    });
  });
  const second = inTurn(async () => order.push("data"));
  await Promise.resolve();
  order.push("dropped");
  end(new Error("no model"));
  await expect(first).rejects.toThrow("no model");
  await second;
  expect(order).toEqual(["model begins", "dropped", "data"]);
});

test("a job that settles the recipe is waited for, one that a person asked for is not", async () => {
  const seen: string[] = [];
  actions.jobStarted({ id: 1, task: "Choosing ranges", on: "net", settles: true }, 0);
  const waiting = settled().then(() => seen.push("went on"));
  await Promise.resolve();
  seen.push("settling");
  actions.jobEnded();
  await waiting;
  expect(seen).toEqual(["settling", "went on"]);
  actions.jobStarted({ id: 2, task: "Evaluating", on: "net", settles: false }, 0);
  await settled();
});

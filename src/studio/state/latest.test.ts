import { expect, test } from "vitest";
import { latestOnly } from "./latest.ts";

function manual() {
  const asked: string[] = [];
  const answers: (() => void)[] = [];
  const delivered: string[] = [];
  const failures: unknown[] = [];
  const ask = latestOnly(
    (question: string) => {
      asked.push(question);
      return new Promise<string>((resolve, reject) =>
        answers.push(() => (question === "bad" ? reject(new Error("no")) : resolve(question.toUpperCase()))),
      );
    },
    (answer) => delivered.push(answer),
    (error) => failures.push(error),
  );
  const answer = async () => {
    answers.shift()?.();
    await new Promise((resolve) => setTimeout(resolve));
  };
  return { ask, answer, asked, delivered, failures };
}

test("of many questions during one, only the latest is asked", async () => {
  const { ask, answer, asked, delivered } = manual();
  for (const question of ["a", "b", "c", "d"]) ask(question);
  expect(asked).toEqual(["a"]);
  await answer();
  expect(asked).toEqual(["a", "d"]);
  await answer();
  expect(delivered).toEqual(["A", "D"]);
});

test("a failure does not block what comes after it", async () => {
  const { ask, answer, delivered, failures } = manual();
  ask("bad");
  ask("good");
  await answer();
  await answer();
  expect(failures).toHaveLength(1);
  expect(delivered).toEqual(["GOOD"]);
});

import { expect, test } from "vitest";
import { fingerprint } from "./fingerprint.ts";

const file = (path: string, text: string) => ({ path, file: new File([text], path) });

test("the order of files does not matter, their names and content do", async () => {
  const set = [file("a.png", "one"), file("b.png", "two")];
  expect(await fingerprint([...set].reverse())).toBe(await fingerprint(set));
  expect(await fingerprint([file("a.png", "one"), file("b.png", "owt")])).not.toBe(await fingerprint(set));
  expect(await fingerprint([file("a.png", "one"), file("c.png", "two")])).not.toBe(await fingerprint(set));
});

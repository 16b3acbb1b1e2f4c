import { expect, it } from "vitest";
import { wholly } from "./wholly.ts";

/** A transaction that counts how often it is aborted, which `ended` refuses as a database does. */
function counting(ended = false) {
  const transaction = {
    aborted: 0,
    abort() {
      transaction.aborted++;
      if (ended) throw new DOMException("The transaction has finished.", "InvalidStateError");
    },
  };
  return transaction;
}

it("aborts a transaction when its work fails, and tells what failed", async () => {
  const failing = async () => {
    await null;
    throw new TypeError("a record of no shape");
  };
  const transaction = counting();
  await expect(wholly(transaction, failing)).rejects.toThrow("a record of no shape");
  expect(transaction.aborted).toBe(1);
  await expect(wholly(counting(true), failing)).rejects.toThrow("a record of no shape");
});

it("leaves one whose work is done to itself", async () => {
  const transaction = counting();
  await wholly(transaction, async () => undefined);
  expect(transaction.aborted).toBe(0);
});

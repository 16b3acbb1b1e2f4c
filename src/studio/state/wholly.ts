/**
 * Does what it is given in a transaction, or nothing of it: by itself a transaction keeps what was done until something failed, which
 * would leave half a database of before under the number of today's.
 */
export async function wholly(transaction: { abort(): void }, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    try {
      transaction.abort();
    } catch {
      // What failed in the database itself has aborted it.
    }
    throw error;
  }
}

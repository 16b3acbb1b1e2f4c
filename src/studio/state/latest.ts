/**
 * Asks at most one question at a time. While one is under way only the latest of the new ones waits, and an
 * answer is delivered with the question it belongs to. Errors go to `fail`.
 */
export function latestOnly<Q, A>(
  ask: (question: Q) => Promise<A>,
  deliver: (answer: A, question: Q) => void,
  fail: (error: unknown) => void,
): (question: Q) => void {
  let busy = false;
  let waiting: { readonly question: Q } | null = null;
  const run = async (question: Q) => {
    busy = true;
    try {
      deliver(await ask(question), question);
    } catch (error) {
      fail(error);
    }
    busy = false;
    const next = waiting;
    waiting = null;
    if (next) run(next.question);
  };
  return (question) => {
    if (busy) waiting = { question };
    else run(question);
  };
}

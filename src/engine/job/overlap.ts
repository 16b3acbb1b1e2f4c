import type { Dataset } from "../model/dataset.ts";
import { InputError, type JobContext, type Notice } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import { printsIn } from "../recipe/prints.ts";
import { plural } from "../values/figures.ts";

interface SampleRange {
  readonly skip: number;
  readonly samples: number;
}

/**
 * Throws InputError where samples of skip..skip+samples taught what is to be judged: they would say nothing of samples that are
 * new to it. Where all that taught it are among those left out, the data holds some twice, which is told and no more.
 */
export async function unseenNotices(
  { prints, seed }: Pick<Recipe, "prints" | "seed">,
  dataset: Dataset,
  { skip, samples }: SampleRange,
  context: JobContext,
): Promise<readonly Notice[]> {
  const taught = new Set(printsIn(prints));
  if (taught.size === 0) return [];
  const end = Math.min(skip + samples, dataset.length);
  const known: number[] = [];
  for (let index = skip; index < end; index++) {
    report(context, index - skip, end - skip);
    if ((await printsAt(dataset, index)).some((print) => taught.has(print))) known.push(index);
  }
  if (known.length === 0) return [];
  const subject = dataset.sourceOf(known[0]!);
  const leave = await leastSkip(taught, dataset, context);
  const judged = `${known.length} of the ${plural(end - skip, "sample")} to judge`;
  if (leave !== null && leave <= skip) {
    const message = `The data holds some samples more than once: ${judged} equal ones that calibrated, ${subject} the first.`;
    return [{ kind: "warning", subject, message }];
  }
  const way =
    seed === (dataset.seed ?? null)
      ? wayOut(leave, dataset.length, taught.size / (await printsAt(dataset, known[0]!)).length)
      : reordered(seed);
  throw new InputError(
    `${judged} calibrated the model, ${subject} the first, so how it does on new ones would not be known; ${way}.`,
  );
}

function reordered(seed: Recipe["seed"]): string {
  const order = seed === null ? "path" : "balanced";
  return `take them in the order that calibrated it (--order ${order}), and leave those out (--skip)`;
}

function wayOut(leave: number | null, length: number, taught: number): string {
  if (leave === null || (leave > 2 * taught && leave < length)) return "leave them out of the data";
  if (leave === length) return "judge on other samples, or calibrate on fewer of these";
  return `leave out the first ${leave} (--skip ${leave})`;
}

/** How many samples, from the first, hold all that taught; null where the data does not hold them all. */
async function leastSkip(taught: ReadonlySet<string>, dataset: Dataset, context: JobContext): Promise<number | null> {
  const missing = new Set(taught);
  for (let index = 0; index < dataset.length; index++) {
    report(context, index, dataset.length);
    for (const print of await printsAt(dataset, index)) missing.delete(print);
    if (missing.size === 0) return index + 1;
  }
  return null;
}

function report({ signal, report }: JobContext, done: number, total: number): void {
  signal.throwIfAborted();
  report({ task: "Looking for samples that calibrated", done, total, unit: "samples" });
}

/** One for each row of a batch; none for a sample that cannot be read, and where samples are not told apart. */
async function printsAt(dataset: Dataset, index: number): Promise<readonly string[]> {
  try {
    return printsIn((await dataset.print?.(index)) ?? null);
  } catch (error) {
    if (error instanceof InputError) return [];
    throw error;
  }
}

import { SampleFeed } from "../../src/engine/calibration/sampleFeed.ts";
import { type OpenModel, runnable } from "../../src/engine/job/open.ts";
import type { Dataset } from "../../src/engine/model/dataset.ts";
import type { Runtime, Session } from "../../src/engine/model/runtime.ts";

/**
 * Milliseconds that a float model takes to run the first samples of a dataset, with nothing watched: loading it and reading
 * the samples included, as calibration does. One session on each runtime, side by side.
 */
export async function plainInference(
  model: OpenModel,
  dataset: Dataset,
  samples: number,
  runtimes: readonly Runtime[],
  threads: number,
): Promise<number> {
  const start = performance.now();
  const file = runnable(model.observed);
  const indices = Array.from({ length: samples }, (_, index) => index);
  const feed = new SampleFeed(dataset, indices, (_, reason) => {
    throw reason;
  });
  const work = async (session: Session) => {
    for (let batch = await feed.next(1); batch; batch = await feed.next(1)) await session.run(batch.feeds);
  };
  const sessions = await Promise.all(runtimes.map((runtime) => runtime.createSession(file, { threads })));
  await Promise.all(sessions.map(work));
  const time = performance.now() - start;
  await Promise.all(sessions.map((session) => session.dispose()));
  return time;
}

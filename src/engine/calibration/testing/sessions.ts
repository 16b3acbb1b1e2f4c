import type { ObserverSession } from "../../model/runtime.ts";
import type { TensorStatistics } from "../../model/statistics.ts";
import type { TensorMap } from "../../model/tensor.ts";
import { Observer } from "../../numerics/observer.ts";

export interface FakeOptions {
  /** How long each observation takes, in turns of the event loop. */
  readonly turns?: (call: number) => number;
  /** What the call of that number throws, from 0; observations and takes are counted together. */
  readonly failure?: (call: number) => Error | null;
}

export interface FakeSession extends ObserverSession {
  /** The samples of each observation that was asked for. */
  readonly asked: (readonly number[])[];
  disposed: boolean;
}

/** Watches the input x and y = 1 / x, at sizes that divide by the samples joined. */
export function fakeSession({ turns = () => 0, failure = () => null }: FakeOptions = {}): FakeSession {
  let observers = { x: new Observer(), y: new Observer() };
  let call = 0;
  let busy = false;
  const answer = async (work: () => void) => {
    if (busy) throw new Error("a session was asked twice at a time");
    busy = true;
    const number = call++;
    for (let turn = turns(number); turn > 0; turn--) await new Promise((resolve) => setImmediate(resolve));
    busy = false;
    const error = failure(number);
    if (error) throw error;
    work();
  };
  return {
    asked: [],
    disposed: false,
    lastRunTime: 1,
    async observe(feeds: TensorMap, samples) {
      this.asked.push(samples);
      await answer(() => {
        const x = feeds.get("x")!.data as Float32Array;
        const size = x.length / samples.length;
        samples.forEach((sample, i) => {
          const part = x.slice(i * size, (i + 1) * size);
          observers.x.observe(part, sample);
          observers.y.observe(
            part.map((value) => 1 / value),
            sample,
          );
        });
      });
    },
    async take() {
      const taken = new Map<string, TensorStatistics>();
      await answer(() => {
        for (const [name, observer] of Object.entries(observers)) taken.set(name, observer.statistics());
        observers = { x: new Observer(), y: new Observer() };
      });
      return taken;
    },
    async dispose() {
      this.disposed = true;
    },
  };
}

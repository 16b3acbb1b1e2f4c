import type { Runtime } from "../src/engine/model/runtime.ts";
import { announced, announcedFeeds, bytesOf, newExecutorProcess } from "./executorProcess.ts";
import { TELLS_PEAKS } from "./peak.ts";
import { freeBytes } from "./separate.ts";

/** The runtime; it also says what a model takes of memory where that can be told. */
export function tellingPeaks(main: Runtime): Runtime {
  if (!TELLS_PEAKS) return main;
  return {
    ...main,
    freeBytes,
    async peakBytes(file, given, threads) {
      const executor = await newExecutorProcess();
      try {
        const model = announced(file, main);
        const { feeds, bytes } = announcedFeeds(given);
        const all = function* () {
          yield* bytesOf([model]);
          yield* bytes;
        };
        const peak = await executor.ask({ kind: "peak", model: model.model, feeds, threads }, all());
        file.linked?.assertSame();
        return peak;
      } finally {
        await executor.end();
      }
    },
  };
}

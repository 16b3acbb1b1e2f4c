import type { StateRunner } from "../data/states.ts";
import type { ModelFile, Runtime, Session } from "../model/runtime.ts";
import type { TensorMap } from "../model/tensor.ts";
import { loadSession, refusal } from "./session.ts";

/**
 * Runs the float model for the states that it carries along sequences, in a session of its own while it is needed; after a failure in a
 * new one, since its worker may have died.
 */
export class FloatRunner implements StateRunner {
  readonly #file: ModelFile;
  readonly #runtime: Runtime;
  #session: Promise<Session> | null = null;

  constructor(file: ModelFile, runtime: Runtime) {
    this.#file = file;
    this.#runtime = runtime;
  }

  async run(feeds: TensorMap, fetches: readonly string[], source: string): Promise<TensorMap> {
    const opening = this.#session ?? loadSession(this.#runtime, this.#file, { threads: 1 }, "The float model");
    this.#session = opening;
    try {
      const session = await opening;
      return await session.run(feeds, fetches).catch((error) => {
        throw refusal(error, `The float model does not run on ${source}`);
      });
    } catch (error) {
      if (this.#session === opening) this.#session = null;
      await opening.then((session) => session.dispose()).catch(() => undefined);
      throw error;
    }
  }

  async release(): Promise<void> {
    const session = this.#session;
    this.#session = null;
    await (await session)?.dispose();
  }
}

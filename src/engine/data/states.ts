import type { StateInput } from "../model/dataset.ts";
import { InputError } from "../model/job.ts";
import type { Port, Tensor, TensorMap } from "../model/tensor.ts";
import { dimsText } from "../values/dims.ts";
import { constantTensor, type Symbols } from "./constant.ts";
import { filledTensor, fillingOf, symbolsOf } from "./meanings.ts";
import { fits } from "./shape.ts";

/** Runs the float model. Throws InputError where it does not run. */
export interface StateRunner {
  run(feeds: TensorMap, fetches: readonly string[], source: string): Promise<TensorMap>;
  /** Gives memory back until it is run again. */
  release(): Promise<void>;
}

/** What the steps of sequences are. */
export interface StepSource {
  sourceAt(index: number): string;
  startOf(index: number): number;
  /** What data gives of a step. */
  given(index: number): Promise<TensorMap>;
  /** With what fills other inputs. */
  completed(given: TensorMap, states: TensorMap): TensorMap;
}

/** States that are kept, so that what was run once is not run again for every job. */
const MOST_BYTES = 2 ** 26;

/**
 * The states that the float model carries along sequences. A state begins with zeros, or with a past of length 0; it keeps its
 * shape, but for a dimension that begins at 0 and may grow. One step is worked out at a time, whoever asks.
 */
export class FloatStates {
  readonly #states: readonly StateInput[];
  readonly #runner: StateRunner;
  readonly #steps: StepSource;
  readonly #fed: readonly Port[];
  readonly #known = new Map<number, TensorMap>();
  #bytes = 0;
  /** Dimensions that began at 0, by input and axis. */
  #growing = new Set<string>();
  #turn: Promise<unknown> = Promise.resolve();

  /** `fed` are the inputs that data feeds. */
  constructor(states: readonly StateInput[], fed: readonly Port[], steps: StepSource, runner: StateRunner) {
    this.#states = states;
    this.#fed = fed;
    this.#steps = steps;
    this.#runner = runner;
  }

  /** What feeds a step. Throws InputError where it, or one before it in its sequence, cannot be read or run. */
  feeds(index: number): Promise<TensorMap> {
    const turn = this.#turn.then(() => this.#feeds(index));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** Throws InputError where what there is to read of a step cannot feed the model, or what it makes the step after. */
  async tryStep(index: number): Promise<void> {
    try {
      for (let at = this.#steps.startOf(index); at <= index; at++) await this.#steps.given(at);
    } catch (error) {
      if (error instanceof InputError) return;
      throw error;
    }
    await this.feeds(index);
  }

  release(): Promise<void> {
    const turn = this.#turn.then(() => this.#runner.release());
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #feeds(index: number): Promise<TensorMap> {
    const start = this.#steps.startOf(index);
    let at = index;
    while (at > start && !this.#known.has(at)) at--;
    for (; at < index; at++) {
      const feeds = await this.#step(at, start, index);
      const made = await this.#runner.run(
        feeds,
        this.#states.map(({ output }) => output.name),
        this.#steps.sourceAt(at),
      );
      this.#keep(at + 1, new Map(this.#states.map((state) => [state.port.name, this.#next(state, made, feeds)])));
    }
    return this.#step(index, start, index);
  }

  async #step(at: number, start: number, wanted: number): Promise<TensorMap> {
    const { sourceAt, given, completed } = this.#steps;
    try {
      const feeds = await given(at);
      return completed(feeds, at === start ? this.#begin(feeds) : this.#known.get(at)!);
    } catch (error) {
      if (at === wanted || !(error instanceof InputError)) throw error;
      throw new InputError(`${sourceAt(wanted)} follows a step that cannot be run: ${error.message}`);
    }
  }

  #begin(given: TensorMap): TensorMap {
    const symbols = symbolsOf(this.#fed, ({ name }) => given.get(name)!.dims);
    const begun = this.#states.map(({ port, start }): [string, Tensor] => {
      if (start) return [port.name, constantTensor(port, start, 0)];
      if (fillingOf(port, this.#fed) !== null) return [port.name, filledTensor(port, this.#fed, given)];
      return [port.name, constantTensor(port, startDims(port, symbols), 0)];
    });
    this.#growing = new Set(
      begun.flatMap(([name, { dims }]) => dims.flatMap((dim, axis) => (dim === 0 ? [`${name} ${axis}`] : []))),
    );
    return new Map(begun);
  }

  #next({ port, output }: StateInput, made: TensorMap, feeds: TensorMap): Tensor {
    const tensor = made.get(output.name)!;
    const { type, dims } = feeds.get(port.name)!;
    const keeps = (dim: number, axis: number) => dim === dims[axis] || this.#growing.has(`${port.name} ${axis}`);
    if (
      tensor.type === type &&
      fits(tensor.dims, port.dims) &&
      tensor.dims.length === dims.length &&
      tensor.dims.every(keeps)
    ) {
      return tensor;
    }
    throw new InputError(
      `The output ${output.name} (${tensor.type} ${dimsText(tensor.dims)}) cannot be the state ${port.name} (${type} ${dimsText(dims)}) of the next step: a state keeps its shape, but for a dimension that begins at 0 and grows; name another output, or give the shape that ${port.name} begins with.`,
    );
  }

  #keep(index: number, states: TensorMap): void {
    if (this.#bytes > MOST_BYTES) {
      this.#known.clear();
      this.#bytes = 0;
    }
    for (const { data } of states.values()) this.#bytes += data.byteLength;
    this.#known.set(index, states);
  }
}

/** How notices call what sequences begin with. */
export function beginningOf(states: readonly StateInput[], fed: readonly Port[]): string {
  const parts = states.map(({ port, start }) => {
    const hasPast = start ? start.includes(0) : fillingOf(port, fed) !== null || port.dims.includes(0);
    return `${hasPast ? "a past of length 0" : "zeros"} for ${port.name}`;
  });
  return parts.length > 4 ? `${parts.slice(0, 3).join(", ")} and so on for ${parts.length} inputs` : parts.join(", ");
}

function startDims(port: Port, symbols: Symbols): number[] {
  const sizes = port.dims.map((dim) =>
    typeof dim === "number" ? dim : dim === null ? null : (symbols.get(dim) ?? null),
  );
  const unknown = sizes.filter((size) => size === null);
  if (unknown.length > 1) {
    throw new InputError(
      `Nothing says how large the state ${port.name} (${dimsText(port.dims)}) begins; give its shape, with a dimension of 0 where it grows.`,
    );
  }
  return sizes.map((size) => size ?? 1);
}

import type { Notice } from "../model/job.ts";
import type { Session } from "../model/runtime.ts";
import type { Port, Tensor, TensorMap } from "../model/tensor.ts";
import { plural } from "../values/figures.ts";
import { HALF, HALF_LARGEST, LEAST_HALF, narrowHalf, nearest, widenHalf } from "../values/halfFloats.ts";

const rounded = (value: number) => widenHalf(narrowHalf(value));

const isHalf = ({ type }: Port) => type === "float16";

/**
 * A session that takes what the float model does: float32 for an input of float16 is rounded to nearest, and float16 that it gave itself is
 * widened for an input of float32, as a state. What it gives stays as it is.
 */
export function fittingFeeds(session: Session): Session {
  const { inputs, outputs, peek, nodeTimes } = session;
  if (![...inputs, ...outputs].some(isHalf)) return session;
  let last: { readonly given: TensorMap; readonly fitted: TensorMap } | null = null;
  const asTaken = (given: TensorMap) => {
    if (last?.given !== given) last = { given, fitted: fitFeeds(given, inputs) };
    return last.fitted;
  };
  return {
    inputs,
    outputs,
    run: (feeds, fetches) => session.run(asTaken(feeds), fetches),
    ...(peek && { peek: (feeds, fetches, see) => session.peek!(asTaken(feeds), fetches, see) }),
    ...(nodeTimes && { nodeTimes: () => session.nodeTimes!() }),
    get lastRunTime() {
      return session.lastRunTime;
    },
    dispose: () => session.dispose(),
  };
}

/** Feeds in the float types of inputs: float32 rounded to float16, half to even, or float16 widened. Others stay as they are. */
export function fitFeeds(feeds: TensorMap, inputs: readonly Port[]): TensorMap {
  const types = new Map(inputs.map(({ name, type }) => [name, type]));
  return new Map([...feeds].map(([name, tensor]) => [name, fitted(tensor, types.get(name))]));
}

function fitted(tensor: Tensor, type: Port["type"] | undefined): Tensor {
  const { dims, data } = tensor;
  if (type === "float16" && data instanceof Float32Array) return { type, dims, data: nearest(data, HALF) };
  if (type !== "float32" || tensor.type !== "float16") return tensor;
  return { type, dims, data: Float32Array.from(data as Uint16Array, widenHalf) };
}

/** Values of an input that float16 does not hold. */
interface Lost {
  readonly values: number;
  readonly samples: number;
  /** How far the farthest of them is from 0. */
  readonly largest: number;
}

const NONE: Lost = { values: 0, samples: 0, largest: 0 };

function more({ values, samples, largest }: Lost, found: Float32Array): Lost {
  if (found.length === 0) return { values, samples, largest };
  const farthest = found.reduce((most, value) => Math.max(most, Math.abs(value)), largest);
  return { values: values + found.length, samples: samples + 1, largest: farthest };
}

/** What was fed as float32 to inputs of float16, and is infinite or 0 there. */
export class HalfInputLosses {
  readonly #inputs: readonly string[];
  readonly #infinite = new Map<string, Lost>();
  readonly #vanished = new Map<string, Lost>();
  /** Inputs of which nothing was left of a sample. */
  readonly #emptied = new Set<string>();
  #samples = 0;

  constructor({ inputs }: Pick<Session, "inputs">) {
    this.#inputs = inputs.filter(isHalf).map(({ name }) => name);
  }

  /** Takes the inputs of a sample. */
  add(feeds: TensorMap): void {
    this.#samples++;
    for (const name of this.#inputs) {
      const data = feeds.get(name)?.data;
      if (!(data instanceof Float32Array)) continue;
      const infinite = data.filter((value) => Number.isFinite(value) && !Number.isFinite(rounded(value)));
      const vanished = data.filter((value) => value !== 0 && rounded(value) === 0);
      this.#infinite.set(name, more(this.#infinite.get(name) ?? NONE, infinite));
      this.#vanished.set(name, more(this.#vanished.get(name) ?? NONE, vanished));
      if (vanished.length > 0 && data.every((value) => rounded(value) === 0)) this.#emptied.add(name);
    }
  }

  notices(): Notice[] {
    return this.#inputs.flatMap((name) => [
      ...this.#told(name, this.#infinite.get(name), "infinite there, beyond ", HALF_LARGEST, "warning"),
      ...this.#told(
        name,
        this.#vanished.get(name),
        "0 there, nearest to which is ",
        LEAST_HALF,
        this.#emptied.has(name) ? "warning" : "info",
      ),
    ]);
  }

  #told(subject: string, lost: Lost = NONE, what: string, bound: number, kind: Notice["kind"]): Notice[] {
    const { values, samples, largest } = lost;
    if (values === 0) return [];
    const message = `The input ${subject} is float16 in the file, and ${plural(values, "value")} in ${samples} of ${plural(this.#samples, "sample")}, as far as ${largest} from 0, ${values === 1 ? "is" : "are"} ${what}${bound}; leave inputs and outputs in float32, or calibrate on these samples.`;
    return [{ kind, subject, message }];
  }
}

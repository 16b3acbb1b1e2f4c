import type { NodeTime } from "../model/runtime.ts";

/** Of a node's own work, not of what ONNX Runtime does around it. */
const KERNEL = "_kernel_time";

/** What ONNX Runtime's WASM module prints: its profile when one is asked for, as it has no file to write it to. */
export class PrintedProfile {
  #lines: string[] | null = null;

  /** Starts a module, which takes hold of the console's `log` of the moment. In Node it writes to the process's output instead, and nothing is collected. */
  starting<T>(start: () => T): T {
    const { log } = console;
    console.log = (line: string) => {
      if (this.#lines) this.#lines.push(line);
      else log(line);
    };
    try {
      return start();
    } finally {
      console.log = log;
    }
  }

  /** The profile that `end` has the module print. */
  collect(end: () => void): readonly NodeTime[] {
    const lines: string[] = [];
    this.#lines = lines;
    try {
      end();
    } finally {
      this.#lines = null;
    }
    if (lines.length === 0) throw new Error("ONNX Runtime printed no profile");
    return nodeTimesOf(lines.join("\n"));
  }
}

/** Every run of every node in a profile of ONNX Runtime (Chrome's trace format, microseconds), in the order in which they ran. */
export function nodeTimesOf(profile: string): readonly NodeTime[] {
  const events = JSON.parse(profile) as readonly {
    readonly cat: string;
    readonly name: string;
    readonly dur: number;
  }[];
  return events.flatMap(({ cat, name, dur }) =>
    cat === "Node" && name.endsWith(KERNEL) ? [{ node: name.slice(0, -KERNEL.length), microseconds: dur }] : [],
  );
}

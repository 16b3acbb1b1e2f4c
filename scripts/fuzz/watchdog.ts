import { type ChildProcess, fork } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Report, Task } from "./messages.ts";

/** How long one input may take, milliseconds of the process's own time, and of the clock where that stands still. */
const PATIENCE = 6000;
const STILL = 120_000;
/** Milliseconds between two looks. */
const LOOK = 500;
/** Of the times in /proc, on every Linux that Node runs on. */
const TICKS_A_SECOND = 100;
/** Of JavaScript's heap; arrays lie outside it. */
const HEAP = "--max-old-space-size=2048";
const STDERR = 2000;

/** Why a process ended that was to go on. */
export class ReaderDied extends Error {
  /** The input that it read; -1 where it was given alone. */
  readonly index: number;
  readonly kind: string;

  constructor(index: number, kind: string, message: string) {
    super(message);
    this.index = index;
    this.kind = kind;
  }
}

/** What a process has computed, milliseconds, whatever else the machine does; null where that is not told. */
function timeOf(pid: number | undefined): number | null {
  try {
    const [, fields] = /\) (.*)$/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))!;
    const [user, system] = fields!.split(" ").slice(11, 13).map(Number);
    return ((user! + system!) / TICKS_A_SECOND) * 1000;
  } catch {
    return null;
  }
}

/** A process that reads inputs, and is ended where one takes longer than it may. */
export class Reader {
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #progress: number;
  readonly #watch: NodeJS.Timeout;
  #error = "";
  #isHung = false;
  #isAsked = false;

  private constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), "octet-fuzz-"));
    const path = join(this.#folder, "at");
    writeFileSync(path, new Uint8Array(8));
    this.#progress = openSync(path, "r");
    this.#process = fork(fileURLToPath(new URL("./reader.mjs", import.meta.url)), [path], {
      execArgv: [HEAP],
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#process.stderr!.on("data", (text: Buffer) => {
      this.#error = (this.#error + text).slice(-STDERR);
    });
    let last = Number.NaN;
    let since = { clock: 0, own: 0 };
    this.#watch = setInterval(() => {
      const clock = performance.now();
      const own = timeOf(this.#process.pid) ?? clock;
      const index = this.#at();
      if (!this.#isAsked || index !== last) [last, since] = [index, { clock, own }];
      else if (own - since.own > PATIENCE || clock - since.clock > STILL) {
        this.#isHung = true;
        this.#process.kill("SIGKILL");
      }
    }, LOOK);
  }

  /** One that has made its seeds and waits. */
  static async start(): Promise<Reader> {
    const reader = new Reader();
    await reader.#next((report) => report.kind === "ready");
    return reader;
  }

  /** Gives a task; `see` gets each report, and says whether it was the last. Throws ReaderDied. */
  async ask(task: Task, see: (report: Report) => boolean): Promise<void> {
    this.#isAsked = true;
    const ended = this.#next(see);
    this.#process.send(task);
    await ended;
    this.#isAsked = false;
  }

  end(): void {
    clearInterval(this.#watch);
    this.#process.removeAllListeners();
    this.#process.kill("SIGKILL");
    closeSync(this.#progress);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #at(): number {
    const index = new Float64Array(1);
    readSync(this.#progress, index, 0, index.byteLength, 0);
    return index[0]!;
  }

  #next(see: (report: Report) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const listen = (message: unknown) => {
        if (!see(message as Report)) return;
        this.#process.off("message", listen);
        this.#process.off("exit", died);
        resolve();
      };
      const died = (code: number | null, signal: string | null) => {
        const how = signal ?? `exit code ${code}`;
        const [kind, message] = this.#isHung
          ? ["hang", `It took more than ${PATIENCE / 1000} s.`]
          : [`crash: ${how}`, `The process ended (${how}): ${this.#error.trim().split("\n").slice(0, 8).join(" / ")}`];
        reject(new ReaderDied(this.#at(), kind!, message!));
      };
      this.#process.on("message", listen);
      this.#process.once("exit", died);
    });
  }
}

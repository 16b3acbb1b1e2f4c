import { type JobContext, type Notice, noticeText, type Progress } from "../src/engine/model/job.ts";
import { writeJson } from "../src/engine/project/documents.ts";
import { progressLine } from "./progress.ts";

const REDRAW_MS = 100;
/** What a terminal obeys instead of showing it, and what turns the order of what it shows: a name in a model may hold any. */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** A line in which such characters stand as in JSON, `\u001b`. */
function visible(line: string): string {
  return line.replaceAll(UNSEEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The part of a stream that a terminal writes to. */
export interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export function noticeLine(notice: Notice): string {
  return `${notice.kind === "warning" ? "warning" : "note"}: ${noticeText(notice)}`;
}

/** Messages and progress on stderr, the result on stdout, and cancelling. */
export class Terminal {
  readonly #controller = new AbortController();
  readonly #stdout: Output;
  readonly #stderr: Output;
  readonly #said = new Set<string>();
  #exitCancelled: number | null = null;
  #task = "";
  /** The task with its part. */
  #shown = "";
  #started = 0;
  #drawn = 0;

  readonly context: JobContext = {
    signal: this.#controller.signal,
    report: (progress) => this.#progress(progress),
  };

  constructor(stdout: Output, stderr: Output) {
    this.#stdout = stdout;
    this.#stderr = stderr;
  }

  /** Cancels the command, which then ends with this exit code. */
  abort(exitCode: number): void {
    this.#exitCancelled ??= exitCode;
    this.#controller.abort();
  }

  /** The exit code that the command was cancelled with; null while it was not. */
  get exitCancelled(): number | null {
    return this.#exitCancelled;
  }

  /** One line. */
  say(message: string): void {
    this.#endProgress();
    this.#stderr.write(`${visible(message)}\n`);
  }

  /** Each notice once, however many parts of a job bring it up. */
  notices(notices: readonly Notice[]): void {
    for (const notice of notices) {
      const line = noticeLine(notice);
      if (this.#said.has(line)) continue;
      this.#said.add(line);
      this.say(line);
    }
  }

  /** With `json`, one JSON object and nothing else; else the lines for a person. */
  result(json: boolean, value: object, lines: readonly string[]): void {
    this.print(`${(json ? writeJson(value).trimEnd().split("\n") : lines).map(visible).join("\n")}\n`);
  }

  print(text: string): void {
    this.#endProgress();
    this.#stdout.write(text);
  }

  #endProgress(): void {
    if (this.#drawn > 0) this.#stderr.write("\r\x1b[K");
    this.#drawn = 0;
  }

  #progress(progress: Progress): void {
    const now = performance.now();
    const { task, part } = progress;
    const name = part ? `${task} (${part.task})` : task;
    if (task !== this.#task) this.#started = now;
    this.#task = task;
    if (name !== this.#shown) {
      this.#shown = name;
      if (!this.#stderr.isTTY) this.#stderr.write(`${visible(name)}...\n`);
    } else if (now - this.#drawn < REDRAW_MS) return;
    if (!this.#stderr.isTTY) return;
    this.#stderr.write(`\r\x1b[K${visible(progressLine(progress, (now - this.#started) / 1000))}`);
    this.#drawn = now;
  }
}

import { about, fields, type Of, oneOf, text } from "../schema/define.ts";

export interface Progress {
  /** What runs, as a short phrase: "Calibrating". */
  readonly task: string;
  readonly done: number;
  readonly total: number;
  /** What `done` and `total` count: "samples", "tensors". */
  readonly unit: string;
  /** What of it is at hand, and how far that is. */
  readonly part?: Omit<Progress, "part">;
}

/** How a job reports and is stopped. Jobs call `signal.throwIfAborted()` between steps. */
export interface JobContext {
  readonly signal: AbortSignal;
  readonly report: (progress: Progress) => void;
}

/** A bad input, said in one sentence that names the thing and the way out. Its message is shown as it is. */
export class InputError extends Error {
  override readonly name = "InputError";
}

/**
 * A file changed while a job read it. Shown as an InputError is, but it ends the job: what was read before may be of another
 * file, and samples that are skipped as damaged would be missing without a reason that holds.
 */
export class FileChanged extends Error {
  override readonly name = "FileChanged";
}

/** Whether the message of an error is for people: one sentence that is shown as it is. */
export function isForPeople({ name }: Error): boolean {
  return name === "InputError" || name === "FileChanged";
}

/** Something a person should know but that stops nothing. */
export const NOTICE = fields({
  kind: oneOf(["warning", "info"]),
  subject: about("The tensor, layer or file.", text),
  message: text,
});
export type Notice = Of<typeof NOTICE>;

/** Whether a notice's message has its subject in it, as words of its own: where it has not, the subject is shown before it. */
export function namesSubject({ subject, message }: Pick<Notice, "subject" | "message">): boolean {
  const words = subject.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  return new RegExp(`(?<![^\\s"'(])${words}(?=('s)?["'.,:;!?)]*(\\s|$))`, "u").test(message);
}

/** A notice as one text. */
export function noticeText(notice: Notice): string {
  return namesSubject(notice) ? notice.message : `${notice.subject}: ${notice.message}`;
}

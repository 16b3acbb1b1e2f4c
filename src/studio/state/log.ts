import { isForPeople, type Notice, noticeText } from "../../engine/model/job.ts";
import type { Alert, LogEntry } from "./slices/work.ts";
import { actions } from "./store.ts";

let nextId = 1;

export function say(level: LogEntry["level"], text: string): void {
  actions.said({ id: nextId++, time: Date.now(), level, text });
}

export function sayNotices(notices: readonly Notice[]): void {
  for (const notice of notices) {
    say(notice.kind, noticeText(notice));
  }
}

/** One sentence that stays on screen until dismissed, and in the log. */
export function alarm(message: string, details: string | null = null): void {
  say("error", message);
  actions.alarmed({ id: nextId++, message, details, until: null });
}

/** What something waits for: it stays on screen until that has come about or it is dismissed, and in the log. */
export function alarmUntil(until: NonNullable<Alert["until"]>, message: string): void {
  say("error", message);
  actions.alarmed({ id: nextId++, message, details: null, until });
}

/** What went as it should, and a person waits to hear: it stays on screen for a time, and in the log. */
export function inform(message: string): void {
  say("info", message);
  actions.alarmed({ id: nextId++, message, details: null, until: "read" });
}

/** What a person should know at once: it stays on screen for a time, and in the log. */
export function caution(message: string): void {
  say("warning", message);
  actions.alarmed({ id: nextId++, message, details: null, until: "read" });
}

/** Shows what went wrong: what is said for people as it is, anything else as a failure of the task. */
export function alarmFor(error: unknown, task: string): void {
  const failure = error instanceof Error ? error : new Error(String(error));
  const { message, stack } = failure;
  if (isForPeople(failure)) alarm(message);
  else alarm(`${task} failed, and what was open is as it was: ${message}`, stack ?? null);
}

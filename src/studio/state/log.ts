import { isForPeople, type Notice, noticeText } from "../../engine/model/job.ts";
import { type LogEntry, studio } from "./store.ts";

const KEPT = 500;
let nextId = 1;

export function say(level: LogEntry["level"], text: string): void {
  const entry = { id: nextId++, time: Date.now(), level, text };
  studio.setState((state) => ({ log: [entry, ...state.log].slice(0, KEPT) }));
}

export function sayNotices(notices: readonly Notice[]): void {
  for (const notice of notices) {
    say(notice.kind, noticeText(notice));
  }
}

/** One sentence that stays on screen until dismissed, and in the log. */
export function alarm(message: string, details: string | null = null): void {
  say("error", message);
  const alert = { id: nextId++, message, details };
  studio.setState((state) => ({ alerts: [...state.alerts, alert].slice(-3) }));
}

/** Shows what went wrong: what is said for people as it is, anything else as a failure of the task. */
export function alarmFor(error: unknown, task: string): void {
  const failure = error instanceof Error ? error : new Error(String(error));
  const { message, stack } = failure;
  if (isForPeople(failure)) alarm(message);
  else alarm(`${task} failed, and what was open is as it was: ${message}`, stack ?? null);
}

export function dismiss(id: number): void {
  studio.setState((state) => ({ alerts: state.alerts.filter((alert) => alert.id !== id) }));
}

import { cpus, totalmem } from "node:os";

/** What a document is measured on, in words. */
export function machine(): string {
  return `${cpus()[0]?.model ?? "unknown"}, ${cpus().length} cores, ${Math.floor(totalmem() / 2 ** 30)} GiB; Node ${process.version}`;
}

/** What a document says before its table of the run that measured all of it: the paragraph that begins with the machine. */
export function measuredOn(document: string): string {
  const [before = ""] = document.split("\n|");
  return before.trim().split("\n\n").at(-1) ?? "";
}

/** The day of the run that measured all of a document, and how many seconds it took; null where there is none. */
export function runOf(line: string): { readonly day: string; readonly seconds: number } | null {
  const [, day = "", seconds] = /; (\d{4}-\d\d-\d\d); (\d+) s\./.exec(line) ?? [];
  return day === "" ? null : { day, seconds: Number(seconds) };
}

/** The day, the machine's load, and the machine where that is another than the one that the line before the table says. */
export function measuredNow(line: string, load: number): string {
  return `${new Date().toISOString().slice(0, 10)}, load ${load.toFixed(0)}${line.startsWith(machine()) ? "" : `, on ${machine()}`}`;
}

/** What a document says of when a row was measured, where the line before its table is to be written anew on this machine. */
export function measuredThen(document: string, said: string): string {
  const line = measuredOn(document);
  const when = said || (runOf(line)?.day ?? "");
  return line.startsWith(machine()) || when.includes(", on ") ? when : `${when}, on ${line.split("; 20")[0]}`;
}

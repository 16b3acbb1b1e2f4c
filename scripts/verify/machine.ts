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

/** The day, the machine's load, and the machine where that is another than the document says. */
export function measuredNow(document: string, load: number): string {
  const isSame = measuredOn(document).startsWith(`${machine()};`);
  return `${new Date().toISOString().slice(0, 10)}, load ${load.toFixed(0)}${isSame ? "" : `, on ${machine()}`}`;
}

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** What sets the most memory that a process ever held to what it holds: Linux alone has it. */
const RESET = "/proc/self/clear_refs";
const MOST = "5";

export const TELLS_PEAKS = existsSync(RESET);

/** Bytes that this process holds at most while something is done, beyond what it held before. */
export async function peakOf(work: () => Promise<void>): Promise<number> {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  writeFileSync(RESET, MOST);
  const before = resident("VmRSS");
  await work();
  return Math.max(0, resident("VmHWM") - before);
}

function resident(name: "VmRSS" | "VmHWM"): number {
  const status = readFileSync("/proc/self/status", "utf8");
  return 1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)![1]);
}

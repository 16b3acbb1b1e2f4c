import { execFile } from "node:child_process";
import { promisify } from "node:util";

/**
 * What a command prints last, as JSON. A shell starts it: Linux counts what the process that starts another holds at that
 * moment into the peak that the other is told of itself, and a shell holds little.
 */
export async function lastLineOf<T>(command: string, args: readonly string[], cwd?: string): Promise<T> {
  const started = ["-c", '"$0" "$@"; exit $?', command, ...args];
  const { stdout } = await promisify(execFile)("/bin/sh", started, { maxBuffer: 2 ** 26, cwd });
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as T;
}

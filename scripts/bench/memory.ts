import { readdirSync, readFileSync } from "node:fs";

const INTERVAL_MS = 60;

/** The largest memory that a tree of processes took while it was watched, in bytes. */
export interface PeakWatch {
  stop(): number;
}

/**
 * Watches a process and all that it started: the sum of their proportional set sizes (pages that several share are counted
 * once), as /proc has them. It is sampled, so that a peak of a few milliseconds can be missed. Linux only.
 */
export function watchPeak(root: number): PeakWatch {
  let peak = treeMemory(root);
  const timer = setInterval(() => {
    peak = Math.max(peak, treeMemory(root));
  }, INTERVAL_MS);
  return {
    stop() {
      clearInterval(timer);
      return Math.max(peak, treeMemory(root));
    },
  };
}

/** The memory of a process and all that it started, in bytes. */
export function treeMemory(root: number): number {
  return processTree(root).reduce((sum, pid) => sum + memoryOf(pid), 0);
}

/** The processes that a process started and that still run. */
export function childrenOf(pid: number): readonly number[] {
  return allChildren().get(pid) ?? [];
}

function processTree(root: number): number[] {
  const children = allChildren();
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

function allChildren(): ReadonlyMap<number, readonly number[]> {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    const parent = Number.isInteger(pid) ? parentOf(pid) : null;
    if (parent !== null) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  return children;
}

function parentOf(pid: number): number | null {
  const stat = read(`/proc/${pid}/stat`);
  return stat === null ? null : Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

function memoryOf(pid: number): number {
  const kilobytes = /^Pss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? "")?.[1];
  return Number(kilobytes ?? 0) * 1024;
}

function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

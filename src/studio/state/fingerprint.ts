import type { Calibration, PathFile } from "../../../workers/protocol.ts";
import { FileChanged } from "../../engine/model/job.ts";
import { samplesAmong } from "../files.ts";

const HEAD_BYTES = 65_536;
const FILES_READ = 200;

/** What is read of a file. Throws FileChanged where it can no longer be. */
export async function readOf<T>(path: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch {
    throw new FileChanged(`${path} can no longer be read, since it was changed or removed; choose it again.`);
  }
}

/** Tells sets of files apart: SHA-256 over all paths and sizes, the inputs that they are for, and the beginnings of the first 200 files. Rejects with FileChanged. */
export async function fingerprint(files: readonly PathFile[]): Promise<string> {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  const heads = await Promise.all(
    sorted
      .slice(0, FILES_READ)
      .map(async ({ path, file }) => sha256(await readOf(path, file.slice(0, HEAD_BYTES).arrayBuffer()))),
  );
  const list = sorted.map(({ path, file, input }, index) => {
    const known = [path, file.size, heads[index] ?? null];
    return input === undefined ? known : [...known, input];
  });
  return sha256(new TextEncoder().encode(JSON.stringify(list)));
}

/** Tells sets of samples apart, whatever their labels. */
export function samplesFingerprint(files: readonly PathFile[]): Promise<string> {
  return fingerprint(samplesAmong(files));
}

/** Tells calibrations apart: SHA-256 over what was observed, and counts and extremes of every tensor. */
export async function calibrationFingerprint(calibration: Calibration): Promise<string> {
  const { observed, skipped, equalized, smoothed, preprocess, statistics } = calibration;
  const tensors = [...statistics].map(([name, { finite, zeros, min, max }]) => [name, finite, zeros, min, max]);
  return sha256(
    new TextEncoder().encode(
      JSON.stringify([observed, skipped, equalized, preprocess, tensors, ...(smoothed ? ["smoothed"] : [])]),
    ),
  );
}

async function sha256(bytes: BufferSource): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

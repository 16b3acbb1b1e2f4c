import { InputError } from "../model/job.ts";

/** The most bytes of an array out of a compressed file, which is held in memory whole. */
export const MOST_HELD = 2 ** 30;

/** Throws InputError where what a compressed file holds, or has given so far, is more than is held in memory. */
export function assertHeld(path: string, bytes: number, most = MOST_HELD): void {
  if (bytes <= most) return;
  const size = `${Math.floor(most / 2 ** 20).toLocaleString("en")} MiB`;
  throw new InputError(`${path} is more than ${size} when it is unpacked; unpack it and give what it holds.`);
}

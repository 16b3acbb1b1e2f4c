import type { StoredFile } from "../src/engine/model/deferred.ts";
import { FileChanged, InputError } from "../src/engine/model/job.ts";
import { storedFile } from "../src/engine/project/index.ts";
import { FREE, type Room, type ToReader } from "./readerProtocol.ts";
import { sharesMemory } from "./sharedMemory.ts";

/** A file that is read in parts, called by a name in messages. */
export type OpenStored = (file: Blob, name: string) => Promise<StoredFile>;

const ROOM_BYTES = 2 ** 22;
/** A reader that is silent for so long has died. */
const PATIENCE_MS = 60_000;

let worker: Worker | null = null;
let places = 0;
let room: Room | null = null;

/**
 * Leaves a file where it is, to be read in parts while whoever asks waits: a worker streams it, in memory that both share. What a
 * FileReaderSync reads is garbage that is not collected while its caller computes, as much of it as a large model. Throws InputError where
 * the page shares no memory; reading throws FileChanged.
 */
export const openStored: OpenStored = async (file, name) => {
  if (!sharesMemory()) {
    throw new InputError(
      `${name} belongs to a model that is larger than what a tab holds, and cannot be read in parts, since this page shares no memory with its workers; quantize the model with octet in a terminal.`,
    );
  }
  worker ??= new Worker(new URL("./reader.worker.ts", import.meta.url), { type: "module" });
  room ??= {
    state: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)),
    bytes: new Uint8Array(new SharedArrayBuffer(ROOM_BYTES)),
  };
  const place = places++;
  await told(worker, { file });
  const [reader, shared] = [worker, room];
  return storedFile(file.size, (target, from) => {
    if (target.length === 0) return;
    Atomics.store(shared.state, 0, FREE);
    const wanted: ToReader = { place, from, to: from + target.length, room: shared };
    reader.postMessage(wanted);
    take(target, shared, name);
  });
};

function told(reader: Worker, message: ToReader): Promise<unknown> {
  return new Promise((resolve, reject) => {
    reader.onmessage = resolve;
    reader.onerror = ({ message: reason }) => reject(new Error(reason));
    reader.postMessage(message);
  });
}

/** Takes parts out of the room as they come, until an array is full. */
function take(target: Uint8Array, { state, bytes }: Room, name: string): void {
  for (let done = 0; done < target.length; ) {
    Atomics.wait(state, 0, FREE, PATIENCE_MS);
    const length = Atomics.load(state, 0);
    if (length <= FREE) {
      throw new FileChanged(`${name} can no longer be read, since it was changed or removed; choose it again.`);
    }
    target.set(bytes.subarray(0, length), done);
    done += length;
    Atomics.store(state, 0, FREE);
    Atomics.notify(state, 0);
  }
}

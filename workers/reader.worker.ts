import { FAILED, FREE, type Room, type ToReader } from "./readerProtocol.ts";

const files: Blob[] = [];
/** What is being read: Chromium collects a stream that nothing but its own pending read holds, which then never ends. */
const held = new Set<object>();

/** Hands over a blob in parts, each when the one before it was taken. */
async function pass(blob: Blob, room: Room): Promise<void> {
  const stream = blob.stream();
  const reader = stream.getReader({ mode: "byob" });
  const holds = [blob, stream, reader];
  for (const each of holds) held.add(each);
  let buffer = new ArrayBuffer(room.bytes.length);
  for (let left = blob.size; left > 0; ) {
    const wanted = Math.min(left, buffer.byteLength);
    for (let filled = 0; filled < wanted; ) {
      const { value, done } = await reader.read(new Uint8Array(buffer, filled, wanted - filled));
      if (done || !value) throw new Error("the blob ended early");
      filled += value.length;
      buffer = value.buffer;
    }
    untilTaken(room);
    room.bytes.set(new Uint8Array(buffer, 0, wanted));
    put(wanted, room);
    left -= wanted;
  }
  await reader.cancel();
  for (const each of holds) held.delete(each);
}

function untilTaken({ state }: Room): void {
  for (;;) {
    const now = Atomics.load(state, 0);
    if (now === FREE) return;
    Atomics.wait(state, 0, now);
  }
}

function put(value: number, { state }: Room): void {
  Atomics.store(state, 0, value);
  Atomics.notify(state, 0);
}

self.onmessage = ({ data }: MessageEvent<ToReader>) => {
  if ("file" in data) {
    files.push(data.file);
    self.postMessage(null);
  } else {
    const { place, from, to, room } = data;
    pass(files[place]!.slice(from, to), room).catch(() => put(FAILED, room));
  }
};

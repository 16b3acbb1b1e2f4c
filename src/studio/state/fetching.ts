import type { JobContext } from "../../engine/model/job.ts";

const MEGABYTE = 1e6;
/** Between two reports, in bytes. */
const REPORT_EVERY = 2 ** 18;

/**
 * The contents of answers, read side by side; reports how many of their MB are there, of all where the host says how long each is. Rejects with
 * AbortError when cancelled, and as reading an answer does.
 */
export async function contentsOf(responses: readonly Response[], { signal, report }: JobContext): Promise<Blob[]> {
  const lengths = responses.map(lengthOf);
  const total = lengths.includes(0) ? 0 : lengths.reduce((sum, length) => sum + length, 0) / MEGABYTE;
  let done = 0;
  let told = 0;
  const tell = () => report({ task: "Fetching", done: done / MEGABYTE, total, unit: "MB" });
  const counted = () =>
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(bytes, stream) {
        signal.throwIfAborted();
        done += bytes.length;
        if (done - told >= REPORT_EVERY) {
          told = done;
          tell();
        }
        stream.enqueue(bytes);
      },
    });
  tell();
  return Promise.all(responses.map(({ body }) => new Response(body?.pipeThrough(counted(), { signal })).blob()));
}

/** How many bytes will come; 0 where that is not said, as of an answer that is compressed on its way. */
function lengthOf({ headers }: Response): number {
  return headers.has("content-encoding") ? 0 : Number(headers.get("content-length") ?? 0);
}

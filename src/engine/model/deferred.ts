import type { ExternalFile, ModelFile } from "./runtime.ts";

/** Bytes that are read or worked out when they are asked for, the same each time. */
export interface Deferred {
  readonly byteLength: number;
  /** All of them, the caller's own until the next are asked for. */
  read(): Uint8Array<ArrayBuffer>;
}

/** Where a file lies, for a runtime that opens files by itself. */
export interface FilePlace {
  readonly folder: string;
  readonly name: string;
  /** Throws FileChanged where another file, or what is no longer the same, lies there. */
  assertSame(): void;
}

/** A file that is read in parts, at once. Throws InputError where it cannot be, or ends early. */
export interface StoredFile {
  readonly byteLength: number;
  /** Absent in a tab, and of a file that will be moved. */
  readonly place?: FilePlace;
  /** Fills an array with what is in the file from a place on. */
  readInto(target: Uint8Array, from: number): void;
  /** SHA-256 of the bytes from one place up to another; `see` is shown them in order, each part good for the call, and where it begins. */
  sha256(from: number, to: number, see?: (bytes: Uint8Array, at: number) => void): Promise<Uint8Array>;
}

/** Part of a file: bytes, or what gives them. */
export type Part = Uint8Array | Deferred;

/** Bytes at a time of what is only passed on. */
const PASSED = 2 ** 23;

/** Bytes of a file from one place on. */
export class StoredBytes implements Deferred {
  readonly byteLength: number;
  readonly file: StoredFile;
  readonly from: number;

  constructor(file: StoredFile, from: number, byteLength: number) {
    this.file = file;
    this.from = from;
    this.byteLength = byteLength;
  }

  read(): Uint8Array<ArrayBuffer> {
    return this.readInto(new Uint8Array(this.byteLength));
  }

  /** Fills an array with what is from a place on. */
  readInto<T extends Uint8Array>(target: T, from = 0): T {
    this.file.readInto(target, this.from + from);
    return target;
  }
}

/** Bytes that a function works out. */
export class WorkedBytes implements Deferred {
  readonly byteLength: number;
  /** The weight whose codes they are; undefined of other bytes. */
  readonly weight: string | undefined;
  readonly #work: () => Uint8Array<ArrayBuffer>;
  #kept: StoredBytes | null = null;

  constructor(byteLength: number, work: () => Uint8Array<ArrayBuffer>, weight?: string) {
    this.byteLength = byteLength;
    this.weight = weight;
    this.#work = work;
  }

  read(): Uint8Array<ArrayBuffer> {
    const bytes = this.#kept?.read() ?? this.#work();
    if (bytes.byteLength !== this.byteLength) throw new Error("bytes are as many as were said");
    return bytes;
  }

  /** Where they were written, to be read there from now on. */
  get kept(): StoredBytes | null {
    return this.#kept;
  }

  keep(kept: StoredBytes): void {
    this.#kept = kept;
  }
}

/** The bytes of a part. */
export function bytesOf(part: Part): Uint8Array {
  return part instanceof Uint8Array ? part : part.read();
}

/** The bytes of parts one after the other, each good until the next is asked for; those of files a few at a time. */
export function* passing(parts: readonly Part[]): Generator<Uint8Array<ArrayBuffer>> {
  let buffer: Uint8Array<ArrayBuffer> | null = null;
  for (const part of parts) {
    const stored = part instanceof StoredBytes ? part : part instanceof WorkedBytes ? part.kept : null;
    if (stored === null) {
      yield bytesOf(part) as Uint8Array<ArrayBuffer>;
      continue;
    }
    for (let at = 0; at < stored.byteLength; at += PASSED) {
      buffer ??= new Uint8Array(PASSED);
      yield stored.readInto(buffer.subarray(0, Math.min(PASSED, stored.byteLength - at)), at);
    }
  }
}

const PARTS = Symbol("parts");

/** A file beside a graph, whose bytes are read when somebody looks at them. */
export function externalFile(path: string, part: Part): ExternalFile {
  if (part instanceof Uint8Array) return { path, data: part };
  return {
    path,
    get data() {
      return part.read();
    },
    [PARTS]: part,
  } as ExternalFile;
}

/** What gives the bytes of a file beside a graph. */
export function externalPart(file: ExternalFile): Part {
  return (file as ExternalFile & { readonly [PARTS]?: Part })[PARTS] ?? file.data;
}

/** Of a graph and its weights, of which none is read for it. */
export function modelBytes({ graph, external }: ModelFile): number {
  return external.reduce((sum, file) => sum + externalPart(file).byteLength, graph.byteLength);
}

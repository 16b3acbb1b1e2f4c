import { SHA256_KERNEL } from "./kernel/sha256Binary.ts";

const BLOCK = 64;
/** Bytes of a message that the kernel takes at once. */
const AT_ONCE = 1 << 16;
/** Where what lies in the kernel's memory, in bytes. */
const CONSTANTS = 64;
const MESSAGE = 1024;
/** Of the length of a message in bits, which ends it. */
const LENGTH_BYTES = 8;
const STATE_WORDS = 8;

const START = fractionalBits(primes(STATE_WORDS), 2);

interface Exports {
  readonly memory: WebAssembly.Memory;
  take(blocks: number): void;
}

let compiled: WebAssembly.Module | null = null;

/**
 * SHA-256 (NIST, FIPS 180-4) of bytes that come in parts, for what does not fit into memory: Web Crypto takes a whole message. Its
 * loop is WebAssembly (kernel/assembly/sha256.ts).
 */
export class Sha256 {
  readonly #exports: Exports;
  readonly #memory: Uint8Array;
  #held = 0;
  #length = 0;

  constructor() {
    compiled ??= new WebAssembly.Module(Uint8Array.from(atob(SHA256_KERNEL), (letter) => letter.charCodeAt(0)));
    this.#exports = new WebAssembly.Instance(compiled).exports as unknown as Exports;
    const { memory } = this.#exports;
    memory.grow(Math.ceil((MESSAGE + AT_ONCE) / AT_ONCE));
    this.#memory = new Uint8Array(memory.buffer);
    new Uint32Array(memory.buffer).set(START);
    new Uint32Array(memory.buffer, CONSTANTS).set(fractionalBits(primes(BLOCK), 3));
  }

  /** Takes the next bytes of the message. */
  update(bytes: Uint8Array): this {
    this.#length += bytes.length;
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + AT_ONCE - this.#held);
      this.#memory.set(part, MESSAGE + this.#held);
      this.#held += part.length;
      at += part.length;
      const whole = this.#held - (this.#held % BLOCK);
      this.#exports.take(whole / BLOCK);
      this.#memory.copyWithin(MESSAGE, MESSAGE + whole, MESSAGE + this.#held);
      this.#held -= whole;
    }
    return this;
  }

  /** The 32 bytes of the digest; nothing is taken after it. */
  digest(): Uint8Array<ArrayBuffer> {
    const bits = BigInt(this.#length) * 8n;
    const blocks = this.#held + 1 + LENGTH_BYTES <= BLOCK ? 1 : 2;
    const end = new Uint8Array(blocks * BLOCK - this.#held);
    end[0] = 0x80;
    new DataView(end.buffer).setBigUint64(end.length - LENGTH_BYTES, bits);
    this.update(end);
    const words = new DataView(this.#exports.memory.buffer);
    const digest = new DataView(new ArrayBuffer(4 * STATE_WORDS));
    for (let i = 0; i < STATE_WORDS; i++) digest.setUint32(4 * i, words.getUint32(4 * i, true));
    return new Uint8Array(digest.buffer);
  }
}

function primes(count: number): number[] {
  const found: number[] = [];
  for (let each = 2; found.length < count; each++) if (found.every((prime) => each % prime !== 0)) found.push(each);
  return found;
}

/** The first 32 bits of the fractional parts of roots: of square roots the state begins with, of cube roots are the constants. */
function fractionalBits(numbers: readonly number[], degree: 2 | 3): Uint32Array {
  return Uint32Array.from(numbers, (number) =>
    Number(BigInt.asUintN(32, integerRoot(BigInt(number) << BigInt(32 * degree), degree))),
  );
}

/** The largest integer whose power is at most `value`. */
function integerRoot(value: bigint, degree: number): bigint {
  let [low, high] = [0n, 1n << 40n];
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (middle ** BigInt(degree) <= value) low = middle;
    else high = middle;
  }
  return low;
}

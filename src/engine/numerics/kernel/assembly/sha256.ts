// Written in AssemblyScript; `npm run kernel` compiles it into ../sha256Binary.ts. numerics/sha256.ts says what lies where.

const STATE: usize = 0;
const CONSTANTS: usize = 64;
const WORDS: usize = 320;
const MESSAGE: usize = 1024;
const BLOCK: usize = 64;
const LAST_WORD: usize = 256;

/** Takes whole blocks of the message into the state (FIPS 180-4, section 6.2.2). */
export function take(blocks: i32): void {
  const end = MESSAGE + <usize>blocks * BLOCK;
  for (let block = MESSAGE; block < end; block += BLOCK) {
    for (let i: usize = 0; i < BLOCK; i += 4) store<u32>(WORDS + i, bswap(load<u32>(block + i)));
    for (let i = BLOCK; i < LAST_WORD; i += 4) {
      const near = load<u32>(WORDS + i - 8);
      const far = load<u32>(WORDS + i - 60);
      const low = rotr(far, 7) ^ rotr(far, 18) ^ (far >> 3);
      const high = rotr(near, 17) ^ rotr(near, 19) ^ (near >> 10);
      store<u32>(WORDS + i, load<u32>(WORDS + i - 64) + low + load<u32>(WORDS + i - 28) + high);
    }
    let a = load<u32>(STATE);
    let b = load<u32>(STATE, 4);
    let c = load<u32>(STATE, 8);
    let d = load<u32>(STATE, 12);
    let e = load<u32>(STATE, 16);
    let f = load<u32>(STATE, 20);
    let g = load<u32>(STATE, 24);
    let h = load<u32>(STATE, 28);
    for (let i: usize = 0; i < LAST_WORD; i += 4) {
      const chosen = g ^ (e & (f ^ g));
      const first = h + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + chosen + load<u32>(CONSTANTS + i) + load<u32>(WORDS + i);
      const most = (a & b) | (c & (a | b));
      const second = (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + most;
      h = g;
      g = f;
      f = e;
      e = d + first;
      d = c;
      c = b;
      b = a;
      a = first + second;
    }
    store<u32>(STATE, load<u32>(STATE) + a);
    store<u32>(STATE, load<u32>(STATE, 4) + b, 4);
    store<u32>(STATE, load<u32>(STATE, 8) + c, 8);
    store<u32>(STATE, load<u32>(STATE, 12) + d, 12);
    store<u32>(STATE, load<u32>(STATE, 16) + e, 16);
    store<u32>(STATE, load<u32>(STATE, 20) + f, 20);
    store<u32>(STATE, load<u32>(STATE, 24) + g, 24);
    store<u32>(STATE, load<u32>(STATE, 28) + h, 28);
  }
}

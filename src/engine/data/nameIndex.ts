/** Finds samples by a name, in 8 to 12 bytes a sample: names themselves are not kept, as there may be millions. */
export class NameIndex {
  readonly #nameOf: (sample: number) => string;
  /** By hash the first sample and by sample the next of that hash, each plus 1; 0 where there is none. */
  readonly #firsts: Uint32Array;
  readonly #nexts: Uint32Array;

  constructor(count: number, nameOf: (sample: number) => string) {
    this.#nameOf = nameOf;
    this.#firsts = new Uint32Array(2 ** Math.ceil(Math.log2(Math.max(1, count))));
    this.#nexts = new Uint32Array(count);
    for (let sample = count - 1; sample >= 0; sample--) {
      const at = this.#placeOf(nameOf(sample));
      this.#nexts[sample] = this.#firsts[at]!;
      this.#firsts[at] = sample + 1;
    }
  }

  /** The samples of that name, rising. */
  named(name: string): readonly number[] {
    const found: number[] = [];
    for (let next = this.#firsts[this.#placeOf(name)]!; next > 0; next = this.#nexts[next - 1]!) {
      if (this.#nameOf(next - 1) === name) found.push(next - 1);
    }
    return found;
  }

  /** FNV-1a over UTF-16 code units (http://www.isthe.com/chongo/tech/comp/fnv). */
  #placeOf(name: string): number {
    let hash = 0x811c9dc5;
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
    return ((hash ^ (hash >>> 16)) >>> 0) & (this.#firsts.length - 1);
  }
}

/**
 * 2^count, of a binary fraction such as 3/8, by square roots and products alone: IEEE 754 rounds these alike everywhere, where `**`
 * of a fraction differs between engines in the last bit.
 */
export function octaves(count: number): number {
  const whole = Math.floor(count);
  let power = 1;
  for (let rest = count - whole, root = 2; rest > 0; ) {
    root = Math.sqrt(root);
    rest *= 2;
    if (rest >= 1) {
      power *= root;
      rest -= 1;
    }
  }
  return power * 2 ** whole;
}

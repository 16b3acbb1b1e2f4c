const PITCH_HZ = 440;
const HARMONICS = 6;
/** Of the first harmonic, per second; the k-th fades k times as fast, as in a plucked string. */
const DECAY = 1.6;

/**
 * A plucked note: a sum over k = 1..6 of sin(2 pi k 440 t) e^(-1.6 k t) / k, scaled so that its largest magnitude is 1.
 * `rate` is in samples a second, more than twice the highest harmonic (2,640 Hz). Throws RangeError below that.
 */
export function tone(rate: number, seconds: number): Float32Array {
  if (!(rate > 2 * PITCH_HZ * HARMONICS)) throw new RangeError(`${rate} samples a second are too few for the tone.`);
  const note = new Float64Array(Math.floor(rate * seconds));
  let peak = 0;
  for (let i = 0; i < note.length; i++) {
    const time = i / rate;
    let value = 0;
    for (let k = 1; k <= HARMONICS; k++) {
      value += (Math.sin(2 * Math.PI * k * PITCH_HZ * time) * Math.exp(-DECAY * k * time)) / k;
    }
    note[i] = value;
    peak = Math.max(peak, Math.abs(value));
  }
  return Float32Array.from(note, (value) => (peak > 0 ? value / peak : 0));
}

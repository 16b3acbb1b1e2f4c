/** The peak of what is heard, of the loudest there is. */
const LOUDNESS = 0.22;
const FADE_S = 0.02;
const SHORTEST_S = 1.5;

interface Sound {
  readonly values: Float32Array;
  /** Samples a second. */
  readonly rate: number;
  /** From the lowest to the highest value, in the unit of the values. */
  readonly span: number;
}

/** Plays values as sound, one at a time. What never changes is not heard, so any offset is taken away. */
export class Player {
  #context: AudioContext | null = null;
  #source: AudioBufferSourceNode | null = null;

  /** To be called in the press of a button: before one, browsers let no page make a sound. */
  wake(): void {
    this.#context ??= new AudioContext();
    void this.#context.resume();
  }

  /** Plays from the first value; a short sound is repeated for a while. `onEnded` is not called when it is stopped. */
  play({ values, rate, span }: Sound, onEnded: () => void): void {
    const context = this.#context;
    if (!context || values.length === 0) return;
    this.stop();
    const buffer = context.createBuffer(1, values.length, rate);
    buffer.copyToChannel(values as Float32Array<ArrayBuffer>, 0);
    const source = new AudioBufferSourceNode(context, { buffer, loop: buffer.duration < SHORTEST_S });
    const offset = new BiquadFilterNode(context, { type: "highpass", frequency: 20 });
    const volume = new GainNode(context, { gain: 0 });
    source.connect(offset).connect(volume).connect(context.destination);
    const now = context.currentTime;
    const end = now + Math.max(buffer.duration, SHORTEST_S);
    const gain = LOUDNESS / (span / 2 || 1);
    volume.gain.setValueAtTime(0, now);
    volume.gain.linearRampToValueAtTime(gain, now + FADE_S);
    volume.gain.setValueAtTime(gain, end - FADE_S);
    volume.gain.linearRampToValueAtTime(0, end);
    source.start(now);
    source.stop(end);
    source.onended = () => {
      if (this.#source !== source) return;
      this.#source = null;
      onEnded();
    };
    this.#source = source;
  }

  stop(): void {
    const source = this.#source;
    this.#source = null;
    source?.stop();
  }

  /** Gives the sound device back. */
  close(): void {
    this.stop();
    void this.#context?.close();
    this.#context = null;
  }
}

import { useEffect, useRef, useState } from "react";
import { decibel } from "../../engine/values/units.ts";
import { Player } from "./player.ts";
import { quantized, type Signal } from "./useSignal.ts";

const DEPTHS = ["float", 16, 8, 4, 2] as const;
type Depth = (typeof DEPTHS)[number];

/** The signal as sound, in float and at a few bit depths; nothing plays before a press. */
export function Listen({
  signal,
  onDepth,
}: {
  readonly signal: Signal | null;
  readonly onDepth: (bits: number) => void;
}) {
  const [playing, setPlaying] = useState<Depth | null>(null);
  const [heard, setHeard] = useState(RULE);
  const player = useRef<Player | null>(null);
  const wanted = useRef(0);
  const stop = () => {
    wanted.current++;
    player.current?.stop();
    setPlaying(null);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: another signal ends the sound of the one before
  useEffect(() => {
    setHeard(RULE);
    return () => {
      wanted.current++;
      player.current?.close();
      player.current = null;
      setPlaying(null);
    };
  }, [signal]);

  const play = async (depth: Depth) => {
    if (!signal) return;
    stop();
    const request = wanted.current;
    player.current ??= new Player();
    player.current.wake();
    setPlaying(depth);
    try {
      const answer = await quantized(signal, depth === "float" ? 16 : depth);
      if (request !== wanted.current) return;
      const values = depth === "float" ? signal.values : answer.quantized;
      const span = answer.scale * (answer.levels - 1);
      player.current?.play({ values, rate: signal.rate, span }, () => setPlaying(null));
      setHeard(depth === "float" ? "float: the values as they are." : heardAt(depth, answer.sqnr));
      if (depth !== "float") onDepth(depth);
    } catch (error) {
      if (request !== wanted.current) return;
      setPlaying(null);
      setHeard(`It could not be played: ${(error as Error).message}`);
    }
  };
  return (
    <section className="listen" aria-label="Listen">
      <div className="bit-row">
        <span className="field-label">Play</span>
        {DEPTHS.map((depth) => (
          <button
            key={depth}
            type="button"
            className="button"
            aria-pressed={playing === depth}
            aria-label={depth === "float" ? "Play float" : `Play ${depth} bits`}
            disabled={!signal}
            onClick={() => play(depth)}
            data-testid={`play-${depth}`}
          >
            {depth === "float" ? depth : `${depth} bits`}
          </button>
        ))}
        <button type="button" className="button quiet" disabled={playing === null} onClick={stop} data-testid="stop">
          Stop
        </button>
      </div>
      <p className="muted small listen-heard" role="status" data-testid="heard">
        {heard}
      </p>
    </section>
  );
}

const RULE = "The error is the noise you hear: with each bit less it grows by about 6 dB.";

function heardAt(bits: number, sqnr: number): string {
  if (!Number.isFinite(sqnr)) return `${bits} bits: nothing is lost.`;
  const noise =
    sqnr > 70
      ? "too quiet to hear"
      : sqnr > 38
        ? "a faint hiss"
        : sqnr > 18
          ? "clear noise; what is quiet breaks up"
          : "a rough buzz; what is quiet falls silent";
  return `${bits} bits: the error lies ${decibel(sqnr)} below the values, ${noise}. The rule is 6 dB a bit.`;
}

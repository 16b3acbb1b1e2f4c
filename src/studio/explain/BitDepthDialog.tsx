import { Dialog, ToggleGroup } from "radix-ui";
import { type ReactNode, useState } from "react";
import type { BitDepth } from "../../engine/model/bitDepth.ts";
import { count, significant } from "../../engine/values/figures.ts";
import { byteSize, decibel } from "../../engine/values/units.ts";
import { Facts } from "../parts/Facts.tsx";
import { studio } from "../state/store.ts";
import { useStudio } from "../state/useStudio.ts";
import { WORDS } from "../words.ts";
import { BitDepthChart } from "./BitDepthChart.tsx";
import { useBitDepthDoor } from "./door.ts";
import { Listen } from "./Listen.tsx";
import { type Signal, type Source, sizeOf, tensorToTry, useBitDepth, useSignal } from "./useSignal.ts";
import "./BitDepthDialog.css";

const FEWEST = 2;
const MOST = 16;
const STOPS = [16, 8, 4, 2];

/** Bit depth tried on a slider and heard, on a tone or on the selected tensor. */
export default function BitDepthDialog() {
  const setOpen = useBitDepthDoor((door) => door.setOpen);
  const tensor = useStudio(tensorToTry);
  const [source, setSource] = useState<Source>("tone");
  const [bits, setBits] = useState(4);
  const { signal, failure } = useSignal(source);
  const answer = useBitDepth(signal, bits);
  return (
    <Dialog.Root open onOpenChange={setOpen}>
      <Dialog.Portal>
        <Dialog.Overlay className="dialog-veil" />
        <Dialog.Content className="dialog bit-depth" data-testid="bit-depth">
          <Dialog.Title>Bit depth</Dialog.Title>
          <div className="dialog-text">
            <Dialog.Description>{WORDS["bit depth"]}</Dialog.Description>
            <div className="bit-row">
              <ToggleGroup.Root
                type="single"
                className="toggle"
                aria-label="Signal"
                value={source}
                onValueChange={(value) => value && setSource(value as Source)}
              >
                <ToggleGroup.Item value="tone">A tone</ToggleGroup.Item>
                <ToggleGroup.Item value="tensor" disabled={tensor === null}>
                  The selected tensor
                </ToggleGroup.Item>
              </ToggleGroup.Root>
              <span className="muted small bit-of" data-testid="bit-source">
                {describe(source, tensor, signal)}
              </span>
            </div>
            <div className="bit-row">
              <label className="bit-slider">
                <span className="field-label">Bits</span>
                <input
                  type="range"
                  min={FEWEST}
                  max={MOST}
                  step={1}
                  value={bits}
                  aria-valuetext={`${bits} bits`}
                  onChange={(event) => setBits(event.target.valueAsNumber)}
                  data-testid="bits"
                />
                <output className="bit-now">{bits} bits</output>
              </label>
              {STOPS.map((stop) => (
                <button
                  key={stop}
                  type="button"
                  className="button"
                  aria-pressed={bits === stop}
                  aria-label={`Show ${stop} bits`}
                  onClick={() => setBits(stop)}
                >
                  {stop}
                </button>
              ))}
            </div>
            {failure ? (
              <p className="failure">{failure}</p>
            ) : answer ? (
              <BitDepthChart signal={answer.signal} bits={answer.bits} depth={answer.depth} />
            ) : (
              <div className="skeleton bit-waiting" />
            )}
            <Figures signal={signal} bits={answer?.bits ?? bits} depth={answer?.depth ?? null} />
            <Listen signal={signal} onDepth={setBits} />
          </div>
          <div className="dialog-ways">
            <Dialog.Close asChild>
              <button type="button" className="button">
                Close
              </button>
            </Dialog.Close>
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

interface FiguresProps {
  readonly signal: Signal | null;
  readonly bits: number;
  readonly depth: BitDepth | null;
}

function Figures({ signal, bits, depth }: FiguresProps) {
  const show = (text: (known: BitDepth) => ReactNode) => (depth ? text(depth) : "…");
  const elements = signal ? (sizeOf(studio.getState(), signal.of) ?? signal.values.length) : 0;
  return (
    <Facts
      wide
      facts={[
        { key: "levels", value: show(({ levels }) => count(levels)), testId: "bit-levels" },
        { key: "scale", value: show(({ scale }) => significant(scale)), testId: "bit-scale" },
        { key: "zero point", value: show(({ zeroPoint }) => count(zeroPoint)) },
        { key: "SQNR", label: "SQNR, measured", value: show(({ sqnr }) => decibel(sqnr)), testId: "bit-sqnr" },
        {
          key: "size",
          label: `size, float ${byteSize(elements * 4)}`,
          value: show(() => byteSize(Math.ceil((elements * bits) / 8))),
          testId: "bit-size",
        },
      ]}
    />
  );
}

function describe(source: Source, tensor: string | null, signal: Signal | null): string {
  if (source === "tone") {
    const note = "A plucked note of 440 Hz, as it fades.";
    return tensor === null ? `${note} With samples at hand, a selected tensor can be tried too.` : note;
  }
  if (!signal) return `Running the float model on the first sample for ${tensor}…`;
  const all = sizeOf(studio.getState(), signal.of) ?? signal.values.length;
  const part = all > signal.values.length ? `the first ${count(signal.values.length)} of ` : "";
  return `${signal.of}: ${part}${count(all)} values of the first sample, over their own range.`;
}

import { type PointerEvent, useRef, useState } from "react";
import type { TensorAnalysis } from "../../engine/model/analysis.ts";
import type { Range } from "../../engine/model/range.ts";
import { count, significantTo } from "../../engine/values/figures.ts";
import { binsOf, type Plot, pan, type Scale } from "./scale.ts";

const DIGITS = 5;

/** Counts are shared out where a bin is narrower than those that were counted in. */
const values = (size: number) => (size > 0 && size < 1 ? "less than 1 value" : `${count(size)} values`);

interface Props {
  readonly histogram: TensorAnalysis["histogram"];
  readonly scale: Scale;
  readonly plot: Plot;
  /** The widest window there is. */
  readonly bounds: Range;
  readonly onZoom: (window: Range) => void;
}

/** What lies under the pointer, in words; a drag moves the window. */
export function Surface({ histogram, scale, plot, bounds, onZoom }: Props) {
  const [bin, setBin] = useState<number | null>(null);
  const grip = useRef<{ readonly value: number; readonly scale: Scale; readonly window: Range } | null>(null);
  const { window } = histogram;
  const bins = binsOf(histogram);
  const isPart = window.low > bounds.low || window.high < bounds.high;
  const pixelOf = (event: PointerEvent<SVGRectElement>) =>
    event.clientX - (event.currentTarget.ownerSVGElement?.getBoundingClientRect().left ?? 0);
  const onPointerDown = (event: PointerEvent<SVGRectElement>) => {
    if (event.button !== 0 || !isPart) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    grip.current = { value: scale.toValue(pixelOf(event)), scale, window };
  };
  const onPointerMove = (event: PointerEvent<SVGRectElement>) => {
    const x = pixelOf(event);
    if (grip.current)
      return onZoom(pan(grip.current.window, grip.current.value - grip.current.scale.toValue(x), bounds));
    const share = (scale.toValue(x) - window.low) / (window.high - window.low);
    setBin(Math.floor(share * bins.length));
  };
  const letGo = () => {
    grip.current = null;
  };
  const at = bin === null ? undefined : bins[bin];
  return (
    <>
      <rect
        className={isPart ? "surface movable" : "surface"}
        x={plot.left}
        y={plot.top}
        width={plot.right - plot.left}
        height={plot.bottom - plot.top}
        data-testid="surface"
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onPointerUp={letGo}
        onPointerCancel={letGo}
        onPointerLeave={() => setBin(null)}
      />
      {at ? (
        <g className="reading">
          <rect
            x={scale.toPixel(at.low)}
            y={plot.top}
            width={scale.toPixel(at.high) - scale.toPixel(at.low)}
            height={plot.bottom - plot.top}
          />
          <text x={plot.left + 6} y={plot.top + 13} data-testid="reading">
            {significantTo(at.low, DIGITS)} to {significantTo(at.high, DIGITS)}: {values(at.count)}
          </text>
        </g>
      ) : null}
    </>
  );
}

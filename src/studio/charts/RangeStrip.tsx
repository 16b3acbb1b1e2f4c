import type { Range } from "../../engine/model/range.ts";
import { interval } from "../../engine/values/figures.ts";
import { linear } from "./scale.ts";

interface Props {
  /** What the float tensor takes, zero included. */
  readonly float: Range;
  readonly quantized: Range;
  /** What the chart above shows. */
  readonly window: Range;
}

const VIEW = 1000;
const HEIGHT = 10;

/** The three ranges that are easily mistaken for one another, on one scale: float, quantized, and the one in view. */
export function RangeStrip({ float, quantized, window }: Props) {
  const whole = { low: Math.min(float.low, quantized.low), high: Math.max(float.high, quantized.high) };
  const scale = linear(whole, 1, VIEW - 1);
  const bar = ({ low, high }: Range) => {
    const x = Math.max(0, scale.toPixel(low));
    return { x, width: Math.max(2, Math.min(VIEW, scale.toPixel(high)) - x) };
  };
  return (
    <div className="range-strip" data-testid="ranges">
      <svg viewBox={`0 0 ${VIEW} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        <rect className="strip-float" {...bar(float)} y={1} height={3} />
        <rect className="strip-quantized" {...bar(quantized)} y={6} height={3} />
        <rect className="strip-window" {...bar(window)} y={0.5} height={HEIGHT - 1} />
      </svg>
      <p>
        <span className="strip-key strip-float">float</span> {interval(float)}{" "}
        <span className="strip-key strip-quantized">quantized</span> {interval(quantized)}{" "}
        <span className="strip-key strip-window">shown</span> {interval(window)}
      </p>
    </div>
  );
}

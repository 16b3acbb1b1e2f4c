import { type KeyboardEvent, memo, type PointerEvent, useRef } from "react";
import type { Range } from "../../engine/model/range.ts";
import { clamp } from "../../engine/values/clamp.ts";
import { significant } from "../../engine/values/figures.ts";
import { percent } from "../../engine/values/shares.ts";
import { type Handle, type Limits, moveHandle } from "../state/handles.ts";
import { levels, type Plot, type Scale, ticks } from "./scale.ts";

interface Props {
  readonly range: Range;
  readonly window: Range;
  readonly scale: Scale;
  readonly plot: Plot;
  /** Integer steps from the low end to the high end: 255 for uint8, 254 for symmetric int8. */
  readonly steps: number;
  readonly limits: Limits;
  /** Share of the values outside, as far as it is known for this range. */
  readonly clipped: number | null;
  readonly readOnly: boolean;
  readonly onDraft: (range: Range) => void;
  readonly onCommit: (range: Range) => void;
  /** A handle is to move by small steps from where it is by then. */
  readonly onNudge: (handle: Handle, steps: number) => void;
}

const CLOSEST_LEVELS = 3;
const SHARE_WIDTH = 130;
const PAGE_STEPS = 10;

/** What follows the pointer over the histogram: shaded ends, the grid of levels, the two handles, the axis. */
export function ClipOverlay(props: Props) {
  const { range, window, scale, plot, steps, clipped, readOnly } = props;
  const within = (pixel: number) => clamp(pixel, plot.left, plot.right);
  const low = within(scale.toPixel(range.low));
  const high = within(scale.toPixel(range.high));
  const height = plot.bottom - plot.top;
  const roomy = plot.right - high > SHARE_WIDTH;
  const grid = levels(range, steps, scale, plot, CLOSEST_LEVELS);
  return (
    <>
      <path className="levels" d={grid.map((x) => `M${x.toFixed(1)} ${plot.top}V${plot.bottom}`).join("")} />
      <rect className="clipped" x={plot.left} y={plot.top} width={Math.max(0, low - plot.left)} height={height} />
      <rect className="clipped" x={high} y={plot.top} width={Math.max(0, plot.right - high)} height={height} />
      <Axis window={window} scale={scale} plot={plot} />
      <HandleMark {...props} handle="low" x={scale.toPixel(range.low)} />
      <HandleMark {...props} handle="high" x={scale.toPixel(range.high)} />
      {clipped === null ? null : (
        <text
          className="clipped-share"
          x={roomy ? (high + plot.right) / 2 : high - 14}
          y={plot.top + 14}
          textAnchor={roomy ? "middle" : "end"}
        >
          {percent(clipped)} clipped
        </text>
      )}
      {readOnly ? null : <title>Drag a handle to set the clip range by hand</title>}
    </>
  );
}

const Axis = memo(function Axis({ window, scale, plot }: Pick<Props, "window" | "scale" | "plot">) {
  return (
    <>
      <line className="axis" x1={plot.left} x2={plot.right} y1={plot.bottom} y2={plot.bottom} />
      {ticks(window, 8).map((value) => (
        <g key={value} className="tick">
          <line x1={scale.toPixel(value)} x2={scale.toPixel(value)} y1={plot.bottom} y2={plot.bottom + 4} />
          <text x={scale.toPixel(value)} y={plot.bottom + 15} textAnchor="middle">
            {significant(Number(value.toPrecision(6)))}
          </text>
        </g>
      ))}
    </>
  );
});

interface HandleProps extends Props {
  readonly handle: Handle;
  /** Where it is; outside the plot where the window leaves it out. */
  readonly x: number;
}

function HandleMark({ handle, x: place, range, window, scale, plot, limits, readOnly, ...on }: HandleProps) {
  const x = clamp(place, plot.left, plot.right);
  const outside = place < plot.left - 0.5 ? "left" : place > plot.right + 0.5 ? "right" : null;
  const grip = useRef<{ readonly offset: number; range: Range | null } | null>(null);
  const pixelOf = (event: PointerEvent<SVGGElement>) => {
    const box = event.currentTarget.ownerSVGElement?.getBoundingClientRect();
    return event.clientX - (box?.left ?? 0);
  };
  const onPointerDown = (event: PointerEvent<SVGGElement>) => {
    if (readOnly || event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    grip.current = { offset: place - pixelOf(event), range: null };
  };
  const onPointerMove = (event: PointerEvent<SVGGElement>) => {
    if (!grip.current) return;
    const value = scale.toValue(pixelOf(event) + grip.current.offset);
    grip.current.range = moveHandle(range, handle, value, limits);
    on.onDraft(grip.current.range);
  };
  const onRelease = () => {
    if (grip.current?.range) on.onCommit(grip.current.range);
    grip.current = null;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (readOnly) return;
    const direction = {
      ArrowLeft: -1,
      ArrowDown: -1,
      ArrowRight: 1,
      ArrowUp: 1,
      PageDown: -PAGE_STEPS,
      PageUp: PAGE_STEPS,
    };
    const amount = direction[event.key as keyof typeof direction];
    if (amount === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    on.onNudge(handle, amount);
  };
  return (
    <g
      className={`handle${readOnly ? " fixed" : ""}${outside ? " outside" : ""}`}
      role="slider"
      tabIndex={0}
      aria-label={handle === "low" ? "Low end of the clip range" : "High end of the clip range"}
      aria-orientation="horizontal"
      aria-valuemin={handle === "low" ? Math.min(window.low, range.low) : 0}
      aria-valuemax={handle === "low" ? 0 : Math.max(window.high, range.high)}
      aria-valuenow={range[handle]}
      aria-valuetext={significant(range[handle]) + (outside ? ", outside of what is shown" : "")}
      aria-readonly={readOnly}
      data-testid={`handle-${handle}`}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={onRelease}
      onPointerCancel={onRelease}
      onKeyDown={onKeyDown}
    >
      <rect className="handle-grip" x={x - 9} y={plot.top} width={18} height={plot.bottom - plot.top} />
      <line x1={x} x2={x} y1={plot.top} y2={plot.bottom} />
      {outside ? (
        <>
          <path d={arrow(outside, x, (plot.top + plot.bottom) / 2)} />
          <text
            className="outside-value"
            x={outside === "left" ? x + 6 : x - 6}
            y={(plot.top + plot.bottom) / 2 + 18}
            textAnchor={outside === "left" ? "start" : "end"}
            data-testid={`outside-${handle}`}
          >
            {handle} end at {significant(range[handle])}
          </text>
        </>
      ) : (
        <path d={handle === "low" ? `M${x} ${plot.bottom}h-9v-14l9 -6z` : `M${x} ${plot.bottom}h9v-14l-9 -6z`} />
      )}
    </g>
  );
}

/** Points at what lies beyond an edge of the plot. */
function arrow(side: "left" | "right", x: number, y: number): string {
  return side === "left" ? `M${x} ${y}l10 -7v14z` : `M${x} ${y}l-10 -7v14z`;
}

import { memo } from "react";
import type { Method } from "../../engine/model/range.ts";
import { METHOD_LETTERS, METHOD_NAMES, methodColour } from "./methods.ts";
import { type Plot, spread } from "./scale.ts";

export interface PlacedMark {
  readonly method: Method;
  /** Pixels from the left; several for a range with two ends away from zero. */
  readonly x: readonly number[];
}

interface Props {
  readonly marks: readonly PlacedMark[];
  readonly plot: Plot;
  readonly onAdopt: ((method: Method) => void) | null;
}

const LETTER_WIDTH = 16;
const LANE = 4;
const LETTER_HEIGHT = 14;

/**
 * A letter above the plot for each method, and a line from it to where the method puts the range; a click adopts it.
 * The buttons below do the same by keyboard.
 */
export const MethodMarks = memo(function MethodMarks({ marks, plot, onAdopt }: Props) {
  const placed = marks
    .flatMap(({ method, x }) => x.map((position, end) => ({ method, end, x: position })))
    .filter(({ x }) => x >= plot.left - 0.5 && x <= plot.right + 0.5);
  const letters = spread(
    placed.map(({ x }) => x),
    LETTER_WIDTH,
    plot.left - LETTER_WIDTH / 2,
    plot.right + LETTER_WIDTH / 2,
  );
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: nothing in it takes the focus
    <g aria-hidden="true">
      {placed.map(({ method, end, x }, index) => {
        const letter = letters[index] ?? x;
        return (
          // biome-ignore lint/a11y/noStaticElementInteractions: the buttons below the charts do the same
          <g
            key={`${method} ${end}`}
            className={onAdopt ? "mark adoptable" : "mark"}
            style={{ color: methodColour(method) }}
            onClick={onAdopt ? () => onAdopt(method) : undefined}
          >
            <title>{`${METHOD_NAMES[method]}${onAdopt ? ": click to adopt" : ""}`}</title>
            <path d={`M${letter} ${LANE + LETTER_HEIGHT}L${x} ${plot.top}V${plot.bottom}`} />
            <rect x={letter - 7} y={LANE} width={14} height={LETTER_HEIGHT} rx={2} />
            <text x={letter} y={LANE + 11} textAnchor="middle">
              {METHOD_LETTERS[method]}
            </text>
          </g>
        );
      })}
    </g>
  );
});

import { memo } from "react";
import type { TensorAnalysis } from "../../../../engine/model/analysis.ts";
import type { Method } from "../../../../engine/model/range.ts";
import { interval } from "../../../../engine/values/figures.ts";
import { decibel } from "../../../../engine/values/units.ts";
import { METHOD_LETTERS, METHOD_NAMES, METHOD_WORDS, methodColour } from "../../../charts/methods.ts";
import { Hint } from "../../../parts/Term.tsx";
import { WORDS } from "../../../words.ts";

interface Props {
  readonly analysis: TensorAnalysis;
  readonly byHand: boolean;
  readonly onAdopt: (method: Method) => void;
}

/** Every method with its range and SQNR; a press adopts it for the group. */
export const MethodButtons = memo(function MethodButtons({ analysis, byHand, onAdopt }: Props) {
  const { source } = analysis.chosen;
  return (
    <ul className="methods" aria-label="Methods" data-testid="methods">
      {analysis.marks.map(({ method, figures }) => (
        <li key={method}>
          <Hint text={WORDS[METHOD_WORDS[method]]}>
            <button
              type="button"
              className="method"
              aria-pressed={!byHand && source === method}
              data-testid={`method-${method}`}
              onClick={() => onAdopt(method)}
            >
              <span className="method-letter" style={{ borderColor: methodColour(method) }} aria-hidden="true">
                {METHOD_LETTERS[method]}
              </span>
              <span className="method-name">{METHOD_NAMES[method]}</span>
              <span className="method-range">{interval(figures.range)}</span>
              <span className="method-sqnr">{decibel(figures.sqnr)}</span>
            </button>
          </Hint>
        </li>
      ))}
    </ul>
  );
});

import { useMemo, useRef } from "react";
import type { FineTuning } from "../../../../engine/model/finetuning.ts";
import { count } from "../../../../engine/values/figures.ts";
import { decibel, duration } from "../../../../engine/values/units.ts";
import { decibelsOf } from "../../../charts/loss.ts";
import { Hint } from "../../../parts/Term.tsx";
import { useLabels } from "../../../parts/useLabels.ts";
import { blockName } from "../../../state/finetuning.ts";
import { useLayerNames } from "../useLayerNames.ts";

/** Of the table, what names take at most. */
const NAMES = 0.35;

interface Props {
  readonly finetuning: FineTuning;
  readonly selected: string | null;
  readonly onSelect: (block: string) => void;
}

/** Every block tuned, in the order it was; a press shows its curve. */
export function FineTuningTable({ finetuning, selected, onSelect }: Props) {
  const table = useRef<HTMLTableElement>(null);
  const names = useLayerNames();
  const shown = useMemo(
    () => finetuning.blocks.map(({ layers }) => blockName(layers.map((layer) => names.get(layer) ?? layer))),
    [finetuning, names],
  );
  const labelOf = useLabels(table, shown, NAMES);
  return (
    <table ref={table} className="table rounding-table" data-testid="finetuning-table">
      <caption>
        Error of each block’s output, measured on samples held out of tuning, with every block before it tuned
      </caption>
      <thead>
        <tr>
          <th scope="col">Block</th>
          <th scope="col" className="number">
            Layers
          </th>
          <th scope="col" className="number">
            Before
          </th>
          <th scope="col" className="number">
            After
          </th>
          <th scope="col">
            <Hint text="A block keeps what was tuned only where that gains on samples held out; else it stays as it was before.">
              <span className="term">Kept</span>
            </Hint>
          </th>
          <th scope="col" className="number">
            Time
          </th>
        </tr>
      </thead>
      <tbody>
        {finetuning.blocks.map(({ layers, before, after, kept, seconds }, at) => {
          const name = blockName(layers);
          return (
            <tr key={name} className={name === selected ? "selected" : undefined} data-testid="finetuning-row">
              <th scope="row">
                <button
                  type="button"
                  className="link"
                  title={layers.join(", ")}
                  aria-pressed={name === selected}
                  onClick={() => onSelect(name)}
                >
                  {labelOf(shown[at]!)}
                </button>
              </th>
              <td className="number">{count(layers.length)}</td>
              <td className="number">{decibel(decibelsOf(before))}</td>
              <td className="number">{decibel(decibelsOf(after))}</td>
              <td>{kept ? "tuned" : "as before"}</td>
              <td className="number">{duration(seconds * 1000)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

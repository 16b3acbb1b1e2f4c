import { memo, useMemo, useRef, useState } from "react";
import type { Culprit, Culprits } from "../../../../engine/model/culprit.ts";
import { count } from "../../../../engine/values/figures.ts";
import { decibel } from "../../../../engine/values/units.ts";
import { useLabels } from "../../../parts/useLabels.ts";
import { actions } from "../../../state/store.ts";
import { useView } from "../../../state/useStudio.ts";
import { useLayerNames } from "../useLayerNames.ts";
import { ApplyButton } from "./ApplyButton.tsx";

const SHOWN = 8;
/** Of the list, what names take at most. */
const NAMES = 0.7;

const EVIDENCE = [
  ["alone", "alone", "SQNR of the outputs with this layer alone quantized, measured: what ranks the list."],
  ["regained", "regained", "SQNR that the outputs regain with this layer alone in float, measured."],
  ["entering", "enters", "SQNR lost between what the layer reads and makes in the exported model, measured."],
  ["weights", "weights", "SQNR of its weight with every channel counting the same, measured on its codes."],
  ["activations", "values", "SQNR of what it makes, estimated from its statistics."],
] as const satisfies readonly (readonly [keyof Culprit, string, string])[];

/** Layers worst first, each with its evidence, its cause and one remedy. */
export function CulpritList({ culprits: { list } }: { readonly culprits: Culprits }) {
  return list.length === 0 ? <p data-testid="no-culprits">No layer stands out.</p> : <Ranked list={list} />;
}

function Ranked({ list }: Pick<Culprits, "list">) {
  const [all, setAll] = useState(false);
  const selected = useView((view) => view.layer);
  const names = useLayerNames();
  const element = useRef<HTMLOListElement>(null);
  const ids = useMemo(() => list.map(({ layer }) => names.get(layer) ?? layer), [list, names]);
  const labelOf = useLabels(element, ids, NAMES);
  const shown = all ? list : list.slice(0, SHOWN);
  return (
    <>
      <ol ref={element} className="culprits" aria-label="Culprits, worst first" data-testid="culprit-list">
        {shown.map((culprit, at) => (
          <CulpritRow
            key={culprit.layer}
            culprit={culprit}
            place={at + 1}
            name={labelOf(names.get(culprit.layer) ?? culprit.layer)}
            selected={culprit.layer === selected}
          />
        ))}
      </ol>
      {shown.length < list.length ? (
        <button type="button" className="button quiet" onClick={() => setAll(true)}>
          Show {count(list.length - shown.length)} more
        </button>
      ) : null}
    </>
  );
}

interface RowProps {
  readonly culprit: Culprit;
  readonly place: number;
  readonly name: string;
  readonly selected: boolean;
}

const CulpritRow = memo(function CulpritRow({ culprit, place, name, selected }: RowProps) {
  const { layer, sentence, figure, remedy, cause } = culprit;
  return (
    <li
      className={selected ? "culprit selected" : "culprit"}
      data-testid="culprit"
      data-layer={layer}
      data-cause={cause ?? ""}
    >
      <span className="culprit-place">{place}</span>
      <div className="culprit-text">
        <p className="culprit-evidence">
          <button type="button" className="link" title={layer} onClick={() => actions.layerPointedAt(layer)}>
            {name}
          </button>
          {EVIDENCE.map(([key, word, hint]) => {
            const value = culprit[key];
            return value === null ? null : (
              <span key={key} title={hint}>
                <span className="muted">{word}</span> {decibel(value)}
              </span>
            );
          })}
        </p>
        <p title={figure}>{sentence}</p>
        <p className="muted small">{remedy ? remedy.sentence : "Nothing is known to help."}</p>
      </div>
      {remedy ? <ApplyButton suggestion={remedy} layer={layer} /> : null}
    </li>
  );
});

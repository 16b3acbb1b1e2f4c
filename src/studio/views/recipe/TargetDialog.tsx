import { useEffect, useState } from "react";
import { DEFAULT_TARGET, type TargetName } from "../../../engine/model/target.ts";
import { FATES, type Fate, type TargetFit } from "../../../engine/model/targetFit.ts";
import { TextDialog } from "../../parts/TextDialog.tsx";
import { targetFits } from "../../state/targetFits.ts";
import "./TargetDialog.css";

const WORDS: Readonly<Record<Fate, string>> = {
  integer: "integer",
  float: "float",
  "falls back": "falls back",
  "not accepted": "not accepted",
};

/** The model's operators by targets, and for one of these each layer that is not in integers, and why. */
export function TargetDialog({ onClose }: { readonly onClose: () => void }) {
  const [fits, setFits] = useState<readonly TargetFit[] | null>(null);
  const [shown, setShown] = useState<TargetName>(DEFAULT_TARGET);
  useEffect(() => {
    let isOpen = true;
    void targetFits().then((found) => {
      if (isOpen) setFits(found);
    });
    return () => {
      isOpen = false;
    };
  }, []);
  return (
    <TextDialog title="This model on every target" kind="targets" testId="targets" screen="targets" onClose={onClose}>
      {fits === null ? (
        <p className="muted">Working it out...</p>
      ) : (
        <>
          <Matrix fits={fits} shown={shown} onShow={setShown} />
          <Layers fit={fits.find(({ target }) => target === shown)} />
        </>
      )}
    </TextDialog>
  );
}

interface MatrixProps {
  readonly fits: readonly TargetFit[];
  readonly shown: TargetName;
  readonly onShow: (target: TargetName) => void;
}

function Matrix({ fits, shown, onShow }: MatrixProps) {
  const operators = fits[0]?.operators.map(({ operator }) => operator) ?? [];
  return (
    <div className="target-matrix">
      <table className="table">
        <caption>Worked out from plans with what choosing each target sets; nothing was run.</caption>
        <thead>
          <tr>
            <th scope="col">Operator</th>
            {fits.map(({ target }) => (
              <th scope="col" key={target}>
                <button type="button" className="link" aria-pressed={target === shown} onClick={() => onShow(target)}>
                  {target}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {operators.map((operator) => (
            <tr key={operator}>
              <th scope="row">{operator}</th>
              {fits.map((fit) => (
                <Cell key={fit.target} fates={fit.operators.find((each) => each.operator === operator)?.fates ?? {}} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cell({ fates }: { readonly fates: TargetFit["operators"][number]["fates"] }) {
  const having = FATES.filter((fate) => fates[fate]);
  const worst = having.at(-1) ?? "integer";
  const text = having.length === 1 ? WORDS[worst] : having.map((fate) => `${fates[fate]} ${WORDS[fate]}`).join(", ");
  return <td data-fate={worst}>{text}</td>;
}

function Layers({ fit }: { readonly fit: TargetFit | undefined }) {
  const others = fit?.layers.filter(({ fate }) => fate !== "integer") ?? [];
  if (!fit) return null;
  return (
    <div data-testid="target-layers">
      <h3>{fit.target}</h3>
      {others.length === 0 ? <p className="muted">Every layer runs in integers.</p> : null}
      <ul className="rules">
        {others.map(({ layer, operator, fate, why }) => (
          <li key={layer}>
            <code>{layer}</code> ({operator}) {WORDS[fate]}: {why}
          </li>
        ))}
      </ul>
    </div>
  );
}

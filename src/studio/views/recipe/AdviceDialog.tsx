import { useEffect, useState } from "react";
import { type Advice, type AdviceOption, KIND_WORDS } from "../../../engine/model/advice.ts";
import type { Recipe } from "../../../engine/model/recipe.ts";
import { taskOf, taskText } from "../../../engine/model/task.ts";
import { sameRecipe } from "../../../engine/recipe/basis.ts";
import { withAdvice } from "../../../engine/recipe/edits.ts";
import { targetOf } from "../../../engine/targets/index.ts";
import { plural, significant } from "../../../engine/values/figures.ts";
import { byteSize, decibel } from "../../../engine/values/units.ts";
import { TextDialog } from "../../parts/TextDialog.tsx";
import { adviceByGraph, measureAdvice, measuredAdvice, takeAdvice } from "../../state/advice.ts";
import { useProject, useStudio, useWork } from "../../state/useStudio.ts";
import { JobLine } from "../frame/JobLine.tsx";
import "./AdviceDialog.css";

interface Props {
  readonly recipe: Recipe;
  readonly onClose: () => void;
}

/** What the model is, which recipe is right for it on the target, why, and what else was considered: one press takes it. */
export function AdviceDialog({ recipe, onClose }: Props) {
  const target = targetOf(recipe).id;
  const measured = useStudio(measuredAdvice);
  const samples = useProject(({ data }) => data?.summary.samples ?? 0);
  const busy = useWork(({ job }) => job !== null);
  const [byGraph, setByGraph] = useState<Advice | null>(null);
  const [chosen, setChosen] = useState<number | null>(null);
  useEffect(() => {
    let isOpen = true;
    void adviceByGraph(target).then((advice) => {
      if (isOpen) setByGraph(advice);
    });
    return () => {
      isOpen = false;
    };
  }, [target]);
  const advice = measured ?? byGraph;
  const at = chosen ?? advice?.advised ?? 0;
  const option = advice?.options[at];
  const isTaken = option ? sameRecipe(withAdvice(recipe, target, option.settings), recipe) : false;
  return (
    <TextDialog
      title={`Advice for ${recipe.model.name} on ${target}`}
      label="Advice"
      kind="advice"
      testId="advice"
      screen="advice"
      onClose={onClose}
      foot={busy ? <JobLine /> : null}
      ways={
        <>
          <button
            type="button"
            className="button"
            disabled={busy || samples < 2}
            title={samples < 2 ? "It takes two samples or more: drop some in at the Data step" : undefined}
            onClick={() => {
              setChosen(null);
              void measureAdvice(target);
            }}
            data-testid="advice-measure"
          >
            {measured ? "Measure again" : "Measure on my samples"}
          </button>
          <button
            type="button"
            className="button primary"
            disabled={busy || !option || isTaken}
            onClick={() => {
              if (option) takeAdvice(target, option);
              onClose();
            }}
            data-testid="advice-take"
          >
            {isTaken ? "The recipe is this one" : `Take: ${option?.name ?? ""}`}
          </button>
        </>
      }
    >
      {advice && option ? (
        <>
          <Kinds advice={advice} />
          <p data-testid="advised">
            Advised: <strong>{advice.options[advice.advised]?.name}</strong>. {advice.why}
          </p>
          <Options advice={advice} shown={at} onShow={setChosen} />
          <Choices option={option} />
        </>
      ) : (
        <p className="muted">Looking at the model...</p>
      )}
    </TextDialog>
  );
}

function Kinds({ advice }: { readonly advice: Advice }) {
  return (
    <dl className="advice-kinds">
      {advice.kinds.map(({ kind, evidence }) => (
        <div key={kind}>
          <dt>{KIND_WORDS[kind]}</dt>
          <dd className="muted">{evidence}</dd>
        </div>
      ))}
    </dl>
  );
}

interface OptionsProps {
  readonly advice: Advice;
  readonly shown: number;
  readonly onShow: (at: number) => void;
}

/** Every recipe that was considered, with what was measured of it; one of them is looked at. */
function Options({ advice, shown, onShow }: OptionsProps) {
  const { options, measured, size, advised } = advice;
  return (
    <table className="table">
      <caption>
        {measured
          ? `Measured on ${plural(measured.judged, "sample")} that ${plural(measured.taught, "other")} taught; ${measured.runtime}, ${measured.machine}. Float: ${byteSize(size.float)}.`
          : `Advised: ${byteSize(size.advised)} of ${byteSize(size.float)}. ${size.basis} Fidelity and time are unknown before they are measured.`}
      </caption>
      <thead>
        <tr>
          <th scope="col">Recipe</th>
          {measured ? (
            <>
              <th scope="col" className="number">
                Size
              </th>
              <th scope="col" className="number">
                SQNR
              </th>
              <th scope="col">Task: float, this</th>
              <th scope="col" className="number">
                Of float's time
              </th>
            </>
          ) : null}
        </tr>
      </thead>
      <tbody>
        {options.map((option, at) => (
          <tr key={option.name}>
            <th scope="row">
              <label className="check">
                <input type="radio" name="advice-option" checked={at === shown} onChange={() => onShow(at)} />
                {option.name}
                {at === advised ? <span className="badge">advised</span> : null}
              </label>
            </th>
            {measured ? <Figures option={option} /> : null}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Figures({ option: { figures, failed } }: { readonly option: AdviceOption }) {
  if (!figures) return <td colSpan={4}>Not made: {failed}</td>;
  const task = taskOf(figures);
  return (
    <>
      <td className="number">{byteSize(figures.bytes)}</td>
      <td className="number">{figures.sqnr === null ? "–" : decibel(figures.sqnr)}</td>
      <td>{task ? taskText(task) : "–"}</td>
      <td className="number">{figures.time === null ? "–" : significant(figures.time)}</td>
    </>
  );
}

function Choices({ option }: { readonly option: AdviceOption }) {
  return (
    <dl className="advice-choices" data-testid="advice-choices">
      {option.choices.map(({ setting, value, why, basis }) => (
        <div key={setting}>
          <dt>{setting}</dt>
          <dd>
            <strong>{value}</strong>
            <p>
              {why} <span className="muted">{basis}</span>
            </p>
          </dd>
        </div>
      ))}
    </dl>
  );
}

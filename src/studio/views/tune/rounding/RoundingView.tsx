import { useState } from "react";
import type { Rounding } from "../../../../engine/model/rounding.ts";
import { count, plural } from "../../../../engine/values/figures.ts";
import { duration } from "../../../../engine/values/units.ts";
import { LossChart } from "../../../charts/LossChart.tsx";
import { Empty } from "../../../parts/Empty.tsx";
import { Term } from "../../../parts/Term.tsx";
import { Adoption, NeedsData } from "../../../parts/WaitingFor.tsx";
import { adoptRounding, isAdopted, isComplete, LEARNING, roundingIsStale } from "../../../state/rounding.ts";
import { useProject, useResults, useStudio, useView, useWork } from "../../../state/useStudio.ts";
import { Curve } from "./Curve.tsx";
import { FineTuningPart } from "./FineTuningPart.tsx";
import { RoundingForm } from "./RoundingForm.tsx";
import { RoundingTable } from "./RoundingTable.tsx";
import "./RoundingView.css";

/** Learns for each weight whether it rounds up or down, layer by layer, and shows what that came to. */
export default function RoundingView() {
  const rounding = useResults((results) => results.rounding?.result ?? null);
  const running = useWork((work) => work.job?.task === LEARNING);
  const hasData = useProject((project) => project.data !== null);
  const weights = useProject(
    (project) =>
      project.model?.plan.layers.filter(({ weight, precision }) => weight && precision !== "float32").length ?? 0,
  );
  if (weights === 0) return <Empty title="No weight is quantized under this recipe, so there is nothing to round." />;
  if (!rounding && !hasData) {
    return <NeedsData title="Rounding is learned on samples, so it needs some." />;
  }
  return (
    <>
      <p className="muted">
        <Term word="learned rounding">AdaRound</Term> chooses for each weight whether it rounds up or down, layer by
        layer, so that the layer’s output on samples stays closest to the float model’s. It pays most where levels are
        few: int4.
      </p>
      <RoundingForm />
      {running || rounding ? <Learned rounding={rounding} running={running} /> : null}
      <FineTuningPart />
    </>
  );
}

interface LearnedProps {
  readonly rounding: Rounding | null;
  readonly running: boolean;
}

function Learned({ rounding, running }: LearnedProps) {
  const [chosen, setChosen] = useState<string | null>(null);
  const stale = useStudio((state) => !running && roundingIsStale(state));
  const learning = useWork((work) => (running ? work.learning : null));
  const iterations = useView((view) => view.roundingSettings.iterations);
  const done = rounding?.layers.find(({ layer }) => layer === chosen) ?? null;
  const last = running ? null : (rounding?.layers.at(-1) ?? null);
  const shown = done ?? (learning ? null : last);
  return (
    <div className={stale ? "rounding stale" : "rounding"} data-testid="rounding-learned">
      {stale ? (
        <p className="hint">
          Stale: the weights, how biases are corrected, what stays in float, or the samples are not those it was learned
          with.
        </p>
      ) : null}
      {rounding ? <Standing rounding={rounding} running={running} stale={stale} /> : null}
      {shown ? (
        <Curve of={shown.layer} unit="iteration">
          <LossChart
            layer={shown.layer}
            curve={shown.curve}
            iterations={rounding?.iterations ?? iterations}
            nearest={shown.nearest}
          />
        </Curve>
      ) : learning ? (
        <Curve of={learning.layer} unit="iteration" live>
          <LossChart layer={learning.layer} curve={learning.curve} iterations={iterations} nearest={null} />
        </Curve>
      ) : running ? (
        <div className="skeleton loss-waiting" />
      ) : null}
      {rounding && rounding.layers.length > 0 ? (
        <RoundingTable rounding={rounding} selected={shown?.layer ?? null} onSelect={setChosen} />
      ) : null}
      {running && chosen !== null ? (
        <p>
          <button type="button" className="button" onClick={() => setChosen(null)}>
            Show the layer under way
          </button>
        </p>
      ) : null}
    </div>
  );
}

interface StandingProps extends LearnedProps {
  readonly rounding: Rounding;
  readonly stale: boolean;
}

function Standing({ rounding, running, stale }: StandingProps) {
  const adopted = useStudio(isAdopted);
  const { layers, wanted, samples, iterations, seconds, learner } = rounding;
  const whole = isComplete(rounding);
  return (
    <p className="rounding-standing" data-testid="rounding-standing">
      <strong>
        {whole
          ? `${plural(wanted, "layer")} learned.`
          : `${count(layers.length)} of ${plural(wanted, "layer")} learned.`}
      </strong>{" "}
      <span className="muted">
        {plural(samples, "sample")}, {plural(iterations, "iteration")} each; {duration(seconds * 1000)}, {learner}.
      </span>
      {running || stale || layers.length === 0 ? null : (
        <Adoption
          isAdopted={adopted}
          isWhole={whole}
          partly="what is learned"
          onAdopt={adoptRounding}
          testId="rounding"
        />
      )}
    </p>
  );
}

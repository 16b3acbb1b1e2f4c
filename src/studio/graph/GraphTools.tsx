import type { ReactNode } from "react";
import type { Part } from "../../../workers/protocol.ts";
import { Choice } from "../parts/Choice.tsx";
import { timeLayers, untimed } from "../state/latency.ts";
import { secondGraph } from "../state/nodes.ts";
import { unwalked, walkBeside } from "../state/quantized.ts";
import type { GraphColour } from "../state/slices/view.ts";
import { actions } from "../state/store.ts";
import { useProject, useStudio, useView } from "../state/useStudio.ts";
import { allBlocks } from "./shown.ts";

const COLOURS: readonly { readonly value: GraphColour; readonly text: string }[] = [
  { value: "sensitivity", text: "Sensitivity" },
  { value: "error", text: "Error" },
  { value: "precision", text: "Precision" },
  { value: "latency", text: "Latency" },
];

/** What the colours tell, which blocks are open, and whether the quantized model is beside. */
export function GraphTools({ parts, open }: { readonly parts: readonly Part[]; readonly open: ReadonlySet<string> }) {
  const colour = useView((view) => view.graphColour);
  const beside = useView((view) => view.graphsBeside);
  const file = useProject((project) => project.besideFile);
  const second = useStudio(secondGraph);
  const blocks = allBlocks(parts);
  return (
    <>
      <Choice
        label="Colour"
        value={colour}
        options={COLOURS}
        onChoose={actions.graphColourChosen}
        testId="graph-colour"
      />
      {colour === "latency" ? <TimeLayers /> : null}
      {blocks.length > 0 ? (
        <div className="graph-blocks">
          <button
            type="button"
            className="button"
            disabled={blocks.every(({ id }) => open.has(id))}
            onClick={() => actions.blocksOpened(new Set(blocks.map(({ id }) => id)))}
          >
            Open all blocks
          </button>
          <button
            type="button"
            className="button"
            disabled={blocks.every(({ id }) => !open.has(id))}
            onClick={() => actions.blocksOpened(new Set())}
          >
            Close all
          </button>
        </div>
      ) : null}
      <label className="check">
        <input
          type="checkbox"
          checked={beside}
          data-testid="graphs-beside"
          onChange={(event) => actions.graphsPutBeside(event.target.checked)}
        />
        Quantized beside float
      </label>
      {beside && file && second === "beside" && colour === "error" ? <WalkFile name={file.name} /> : null}
      {beside && file ? (
        <Choice<"written" | "beside">
          label="Quantized"
          value={second}
          options={[
            { value: "beside", text: file.name },
            { value: "written", text: "as exported" },
          ]}
          onChoose={actions.graphBesideChosen}
          testId="graph-second"
        />
      ) : null}
    </>
  );
}

function WalkFile({ name }: { readonly name: string }) {
  return (
    <Measure reason={useStudio(unwalked)} testId="walk-file" onPress={() => void walkBeside()}>
      Walk through {name}
    </Measure>
  );
}

function TimeLayers() {
  return (
    <Measure reason={useStudio(untimed)} testId="time-layers" onPress={timeLayers}>
      Time the layers
    </Measure>
  );
}

interface MeasureProps {
  /** Why it cannot be measured now; null where it can. */
  readonly reason: string | null;
  readonly testId: string;
  readonly onPress: () => void;
  readonly children: ReactNode;
}

function Measure({ reason, testId, onPress, children }: MeasureProps) {
  return (
    <>
      <button type="button" className="button" disabled={reason !== null} data-testid={testId} onClick={onPress}>
        {children}
      </button>
      {reason ? <span className="muted">{reason}</span> : null}
    </>
  );
}

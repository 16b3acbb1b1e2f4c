import { type RefObject, useMemo } from "react";
import { Group, Panel, Separator } from "react-resizable-panels";
import type { WrittenGraph } from "../../engine/model/modelGraph.ts";
import type { ModelSummary } from "../../engine/model/summary.ts";
import { Docs } from "../parts/Docs.tsx";
import { secondGraph } from "../state/nodes.ts";
import { allRows } from "../state/selection.ts";
import { actions } from "../state/store.ts";
import { useProject, useStudio, useView } from "../state/useStudio.ts";
import { LayersToggle } from "../views/frame/LayersToggle.tsx";
import { useNarrow } from "../views/frame/useNarrow.ts";
import { GraphPane } from "./GraphPane.tsx";
import { GraphSearch } from "./GraphSearch.tsx";
import { GraphTools } from "./GraphTools.tsx";
import { Legend } from "./Legend.tsx";
import { NodePanel } from "./NodePanel.tsx";
import { rowsOfNodes } from "./rows.ts";
import { useBesideGraph } from "./useBesideGraph.ts";
import { useColours, useFileColours, useFloatGraph } from "./useFloatGraph.ts";
import { type Focusing, useFocus } from "./useFocus.ts";
import { useWritten } from "./useWritten.ts";
import { writtenParts, writtenTopology } from "./written.ts";
import "./Graph.css";
import "./GraphScreen.css";

/** The graph over the whole width: search, colours, blocks, what a node is, and the exported model beside the float one. */
export default function GraphScreen({ filterRef }: { readonly filterRef: RefObject<HTMLInputElement | null> }) {
  const plan = useProject((project) => project.model?.plan ?? null);
  return plan ? <Screen plan={plan} filterRef={filterRef} /> : null;
}

const LEAST = { horizontal: "240px", vertical: "90px" } as const;

function Screen({
  plan,
  filterRef,
}: {
  readonly plan: ModelSummary;
  readonly filterRef: RefObject<HTMLInputElement | null>;
}) {
  const graph = useFloatGraph(plan);
  const { parts, failure } = graph;
  const focusing = useFocus();
  const beside = useView((view) => view.graphsBeside);
  const { scale } = useColours();
  const file = useFileLegend(beside);
  const narrow = useNarrow();
  const orientation = narrow ? "vertical" : "horizontal";
  return (
    <section className="graph-screen" aria-label="Graph" data-testid="graph-screen">
      <div className="graph-bar">
        <LayersToggle />
        <GraphSearch inputRef={filterRef} topology={graph.topology} parts={parts ?? []} open={graph.open} />
        <GraphTools parts={parts ?? []} open={graph.open} />
        <Docs screen="graph" />
      </div>
      <Group key={orientation} orientation={orientation} className="graph-body">
        <Panel id="graph-float" minSize={LEAST[orientation]}>
          {parts ? (
            <GraphPane of="float" label="Float model" {...graph} parts={parts} focusing={focusing} />
          ) : failure ? (
            <p className="failure">The blocks of the graph could not be found: {failure}.</p>
          ) : (
            <div className="skeleton fill" />
          )}
        </Panel>
        {beside && parts ? (
          <>
            <Separator className="separator" aria-label="Size of the float graph" />
            <Panel id="graph-written" minSize={LEAST[orientation]}>
              <Second graph={{ ...graph, parts }} focusing={focusing} />
            </Panel>
          </>
        ) : null}
        <Separator className="separator" aria-label="Size of the node’s details" />
        <Panel id="graph-node" defaultSize={narrow ? "30%" : "300px"} minSize={narrow ? "60px" : "220px"} maxSize="45%">
          <NodePanel {...graph} parts={parts ?? []} focusing={focusing} />
        </Panel>
      </Group>
      <Legend scale={scale} second={file} />
    </section>
  );
}

/** Whose colours are told beside those of the project; null where the quantized file is not drawn, or coloured as the rest is. */
function useFileLegend(beside: boolean) {
  const scale = useFileColours();
  const second = useStudio(secondGraph);
  const file = useProject((project) => project.besideFile);
  return beside && scale && file && second === "beside" ? { name: file.name, scale } : null;
}

type FloatGraph = ReturnType<typeof useFloatGraph>;

interface SecondProps {
  readonly graph: FloatGraph & { readonly parts: NonNullable<FloatGraph["parts"]> };
  readonly focusing: Focusing;
}

/** The quantized file that was read beside the model, or what would be exported. */
function Second(props: SecondProps) {
  return useStudio(secondGraph) === "beside" ? <BesideFile {...props} /> : <Written {...props} />;
}

function BesideFile({ graph, focusing }: SecondProps) {
  const { graph: written, failure, file } = useBesideGraph();
  const ownScale = useFileColours();
  const second = useSecond(written, graph);
  const own = second?.rows;
  const rows = useMemo(() => own?.map((row) => row && { ...row, reason: null, fusedWith: null }), [own]);
  if (failure) return <p className="failure graph-waiting">{failure}</p>;
  if (!second || !rows || !written) return <div className="skeleton fill" />;
  return (
    <GraphPane
      of="beside"
      label={`Quantized file ${file?.name ?? ""}`}
      open={graph.open}
      precisions={written.precisions}
      ownScale={ownScale}
      {...{ ...second, rows, focusing }}
    />
  );
}

/** A quantized model in the blocks of the float one; null before it is there. */
function useSecond(written: WrittenGraph | null, { topology: float, parts: floatParts }: SecondProps["graph"]) {
  const all = useStudio(allRows);
  const topology = useMemo(() => written && writtenTopology(written), [written]);
  const parts = useMemo(
    () => written && topology && writtenParts(written, topology, float, floatParts),
    [written, topology, float, floatParts],
  );
  const rows = useMemo(() => topology && rowsOfNodes(topology, all, written), [topology, all, written]);
  return topology && parts && rows ? { topology, parts, rows } : null;
}

/** The model that would be exported. */
function Written({ graph, focusing }: SecondProps) {
  const { written, waiting, failure } = useWritten();
  const second = useSecond(written, graph);
  if (failure) return <p className="failure graph-waiting">{failure}</p>;
  if (!second) {
    return (
      <div className="graph-waiting">
        <p className="muted">{waiting}</p>
        {waiting.includes("calibrated") ? (
          <button type="button" className="button" onClick={() => actions.stepChosen("calibrate")}>
            Go to Calibrate
          </button>
        ) : null}
      </div>
    );
  }
  return <GraphPane of="written" label="Quantized model" open={graph.open} {...{ ...second, focusing }} />;
}

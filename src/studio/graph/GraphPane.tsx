import { useMemo } from "react";
import type { Block, Part } from "../../../workers/protocol.ts";
import type { BesideGraph } from "../../engine/model/modelGraph.ts";
import { plural } from "../../engine/values/figures.ts";
import type { Row } from "../state/layers.ts";
import type { NodeOf } from "../state/nodes.ts";
import { actions } from "../state/store.ts";
import { useView } from "../state/useStudio.ts";
import { GraphCanvas } from "./GraphCanvas.tsx";
import type { HeatScale } from "./heat.ts";
import { allBlocks, blocksAround, shownOf } from "./shown.ts";
import type { Topology } from "./topology.ts";
import { useColours, useFound } from "./useFloatGraph.ts";
import type { Focusing } from "./useFocus.ts";
import { useLayout } from "./useLayout.ts";

interface Props {
  readonly of: NodeOf;
  readonly topology: Topology;
  readonly parts: readonly Part[];
  readonly open: ReadonlySet<string>;
  readonly rows: readonly (Row | null)[];
  readonly focusing: Focusing;
  readonly label: string;
  /** By layer, of a quantized file; null of models that the rows tell of. */
  readonly precisions?: BesideGraph["precisions"] | null;
  /** What its colours tell, where that is not what those of the project's models do. */
  readonly ownScale?: HeatScale | null;
}

/** One graph with its blocks, laid out and drawn; the layer that is selected in it is the one of the list. */
export function GraphPane({
  of,
  topology,
  parts,
  open,
  rows,
  label,
  precisions = null,
  ownScale = null,
  ...given
}: Props) {
  const { focus, setFocus } = given.focusing;
  const shown = useMemo(() => shownOf(topology, parts, open), [topology, parts, open]);
  const { laid, current, failure, retry } = useLayout(shown);
  const colours = useColours();
  const { byPrecision } = colours;
  const scale = ownScale ?? colours.scale;
  const found = useFound(rows);
  const layer = useView((view) => view.layer);
  const own = focus?.of === of ? focus.id : null;
  const block = useMemo(() => allBlocks(parts).find(({ id }) => id === own) ?? null, [parts, own]);
  const layerNode = useMemo(() => (layer === null ? null : nodeOf(layer, rows)), [layer, rows]);
  const node = useMemo(() => {
    if (block) return block.nodes[0]!;
    if (own !== null) return topology.indexOf.get(own) ?? null;
    return layerNode;
  }, [block, own, topology, layerNode]);

  const openBlock = (block: Block) => {
    const [first] = block.parts;
    actions.blocksOpened(new Set([...open, block.id]));
    if (layerNode !== null && block.nodes.includes(layerNode)) return setFocus(null);
    const id = typeof first === "number" ? topology.nodes[first]?.id : first?.id;
    if (id !== undefined) setFocus({ of, id });
  };
  const closeAround = () => {
    const around = node === null ? [] : blocksAround(parts, node).filter(({ id }) => open.has(id));
    const innermost = around.at(-1);
    if (!innermost) return;
    actions.blocksOpened(new Set([...open].filter((id) => id !== innermost.id)));
    setFocus({ of, id: innermost.id });
  };
  const select = (drawn: number) => {
    const id = laid?.shown.topology.nodes[drawn]?.id;
    if (id === undefined) return;
    const row = rows[topology.indexOf.get(id) ?? -1] ?? null;
    if (!row) return setFocus({ of, id });
    setFocus(of === "float" ? null : { of, id }, row.id);
    actions.layerSelected(row.id);
  };

  const selected = laid && node !== null ? (laid.shown.drawnAs[node] ?? null) : null;
  const selectedBlock = selected === null ? null : laid?.shown.blocks[selected];
  const holds = layerNode !== null && selectedBlock?.nodes.includes(layerNode) ? layer : null;
  return (
    <div className="graph-pane" data-testid={of === "float" ? "graph" : "graph-written"} data-current={current}>
      {laid ? (
        <GraphCanvas
          {...{ laid, rows, scale, byPrecision, precisions, found, selected, holds, label }}
          held={node}
          name={of === "float" ? "graph" : "written"}
          onSelect={select}
          onOpen={(drawn) => {
            const opened = laid.shown.blocks[drawn];
            if (opened) openBlock(opened);
          }}
          onClose={closeAround}
        />
      ) : failure ? null : (
        <div className="skeleton fill" />
      )}
      {failure ? (
        <div className="graph-note" role="alert">
          <p>The graph could not be laid out: {failure}.</p>
          <button type="button" className="button" onClick={retry}>
            Try again
          </button>
        </div>
      ) : current ? null : (
        <p className="graph-note" role="status">
          Laying out {plural(shown.topology.nodes.length, "node")}…
        </p>
      )}
    </div>
  );
}

/** The node that stands for a layer, or for one that is fused with it and has it in itself; null where there is none. */
function nodeOf(layer: string, rows: readonly (Row | null)[]): number | null {
  const own = rows.findIndex((row) => row?.id === layer);
  const index = own < 0 ? rows.findIndex((row) => row?.fusedWith === layer) : own;
  return index < 0 ? null : index;
}

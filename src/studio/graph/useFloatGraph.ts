import { useMemo } from "react";
import type { ModelSummary } from "../../engine/model/summary.ts";
import { fileWalkNow, layerTimesAreStale, sensitivityIsStale, walkIsStale } from "../state/figures.ts";
import { allRows, shownRows } from "../state/selection.ts";
import { studio } from "../state/store.ts";
import { useProject, useResults, useStudio, useView } from "../state/useStudio.ts";
import { foundAmong } from "./found.ts";
import { fileScale, heatScale } from "./heat.ts";
import { rowsOfNodes } from "./rows.ts";
import { firstOpen } from "./shown.ts";
import { topologyOf } from "./topology.ts";
import { useBlocks } from "./useBlocks.ts";

/** The open model as a graph: who feeds whom, the blocks there are, which are open, and what the colours tell. */
export function useFloatGraph(plan: ModelSummary) {
  const topology = useMemo(() => topologyOf(plan), [plan]);
  const { parts, failure } = useBlocks(topology);
  const chosen = useView((view) => view.openBlocks);
  const first = useMemo(() => firstOpen(parts ?? [], topology.nodes.length), [parts, topology]);
  const open = chosen ?? first;
  const all = useStudio(allRows);
  const rows = useMemo(() => rowsOfNodes(topology, all, null), [topology, all]);
  return { topology, parts, failure, open, rows };
}

/** What the colours of graphs tell, and whether they are those of precisions. */
export function useColours() {
  const rows = useStudio(allRows);
  const overview = useResults((results) => results.overview);
  const sensitivity = useResults((results) => results.sensitivity);
  const walk = useResults((results) => results.walk);
  const layerTimes = useResults((results) => results.layerTimes);
  const metric = useView((view) => view.metric);
  const colour = useView((view) => view.graphColour);
  const staleness = useStudio(
    (state) => `${sensitivityIsStale(state)} ${walkIsStale(state)} ${layerTimesAreStale(state)}`,
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: what the scale reads of the state
  const scale = useMemo(
    () => heatScale(studio.getState()),
    [overview, sensitivity, walk, layerTimes, metric, colour, staleness, rows],
  );
  return { scale, byPrecision: colour === "precision" };
}

/** What the colours of the quantized file beside the model tell; null where they are those of precisions. */
export function useFileColours() {
  const rows = useStudio(allRows);
  const fileWalk = useResults((results) => results.fileWalk);
  const file = useProject((project) => project.besideFile);
  const colour = useView((view) => view.graphColour);
  const stale = useStudio((state) => fileWalkNow(state)?.stale ?? false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what the scale reads of the state
  return useMemo(() => fileScale(studio.getState()), [fileWalk, file, colour, stale, rows]);
}

/** The nodes that the filter of the list lets through; null without one. */
export function useFound(rows: Parameters<typeof foundAmong>[0]) {
  const shown = useStudio(shownRows);
  const filter = useView((view) => view.filter);
  return useMemo(() => foundAmong(rows, shown, filter), [rows, shown, filter]);
}

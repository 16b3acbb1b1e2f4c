import { type KeyboardEvent, type PointerEvent, useCallback, useEffect, useMemo, useRef } from "react";
import { sensitivityIsStale } from "../state/figures.ts";
import { allRows } from "../state/selection.ts";
import { actions, studio } from "../state/store.ts";
import { useResults, useStudio, useView } from "../state/useStudio.ts";
import { describe } from "./describe.ts";
import { heatScale } from "./heat.ts";
import { Legend } from "./Legend.tsx";
import { paint, sightOf } from "./paint.ts";
import { edgesOf, nodesOf, type Scene } from "./scene.ts";
import { useInk } from "./useInk.ts";
import type { Laid } from "./useLayout.ts";
import { usePanZoom } from "./usePanZoom.ts";
import { type Direction, step } from "./walk.ts";

const ARROWS: Readonly<Record<string, Direction>> = {
  ArrowUp: "up",
  ArrowDown: "down",
  ArrowLeft: "left",
  ArrowRight: "right",
};

/** A layout on a canvas: what is in sight is drawn, in one frame after each change. */
export function GraphCanvas({ laid }: { readonly laid: Laid }) {
  const { topology, layout } = laid;
  const rows = useStudio(allRows);
  const overview = useResults((results) => results.overview);
  const sensitivity = useResults((results) => results.sensitivity);
  const metric = useView((view) => view.metric);
  const stale = useStudio(sensitivityIsStale);
  const layer = useView((view) => view.layer);
  const holder = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const ink = useInk(holder);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what the scale reads of the state
  const scale = useMemo(() => heatScale(studio.getState()), [overview, sensitivity, metric, stale, rows]);
  const edges = useMemo(() => edgesOf(laid), [laid]);
  const nodes = useMemo(() => nodesOf(laid, rows, scale.of), [laid, rows, scale]);
  const scene: Scene = useMemo(() => ({ nodes, edges }), [nodes, edges]);
  const selected = layer === null ? null : (topology.indexOf.get(layer) ?? null);

  const draw = useRef(() => {});
  const frame = useRef(0);
  const redraw = useCallback(() => {
    cancelAnimationFrame(frame.current);
    frame.current = requestAnimationFrame(() => draw.current());
  }, []);
  const panZoom = usePanZoom(canvas, layout, redraw);
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    draw.current = () => {
      if (context && ink) paint(context, scene, panZoom.view(), ink, selected);
    };
    redraw();
  }, [panZoom, ink, redraw, scene, selected]);
  useEffect(() => () => cancelAnimationFrame(frame.current), []);

  useEffect(() => {
    const element = canvas.current!;
    const observer = new ResizeObserver(() => {
      const { width, height, density } = panZoom.view();
      element.width = width * density;
      element.height = height * density;
      panZoom.limit();
      draw.current();
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [panZoom]);

  const selectedLeft = selected === null ? null : layout.centres[selected]!;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another colour of the same node moves nothing
  useEffect(() => {
    if (selected !== null) panZoom.reveal(nodes[selected]!);
  }, [panZoom, selectedLeft]);

  useEffect(() => {
    if (document.activeElement === document.body) holder.current?.focus({ preventScroll: true });
  }, []);

  const choose = (node: number | null) => {
    const row = node === null ? null : nodes[node]!.row;
    if (row) actions.layerSelected(row.id);
  };
  const zoomToSelected = () => {
    if (selected !== null) panZoom.zoomTo(nodes[selected]!);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const direction = ARROWS[event.key];
    if (direction) {
      const first = nodes.findIndex(({ row }) => row !== null);
      choose(
        selected === null ? first : step(topology, layout, selected, direction, (node) => nodes[node]!.row !== null),
      );
    } else if (event.key === "+" || event.key === "=") panZoom.zoomIn();
    else if (event.key === "-") panZoom.zoomOut();
    else if (event.key === "0") panZoom.fit();
    else if (event.key === "Enter") zoomToSelected();
    else return;
    event.preventDefault();
  };
  const nodeAt = ({ nativeEvent: { offsetX, offsetY } }: { readonly nativeEvent: MouseEvent }): number | null => {
    const { left, top } = sightOf(panZoom.view());
    const { k } = panZoom.view();
    const [x, y] = [left + offsetX / k, top + offsetY / k];
    const index = nodes.findIndex((node) => x >= node.left && x <= node.right && y >= node.top && y <= node.bottom);
    return index < 0 ? null : index;
  };
  const onPointerMove = (event: PointerEvent) => {
    const element = canvas.current!;
    if (event.buttons !== 0) return;
    const node = nodeAt(event);
    const title = node === null ? "" : describe(topology, nodes, node, scale.title).short;
    if (element.title !== title) element.title = title;
    element.style.cursor = node !== null && nodes[node]!.row ? "pointer" : "grab";
  };

  return (
    <>
      <div
        ref={holder}
        className="graph-holder"
        role="application"
        aria-roledescription="graph"
        aria-label="Layers as a graph, inputs at the top. Arrow keys walk to producers, consumers and siblings; plus, minus and 0 zoom."
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the graph is walked by keyboard
        tabIndex={0}
        data-testid="graph-holder"
        onKeyDown={onKeyDown}
      >
        <canvas
          ref={canvas}
          className="graph-canvas"
          onClick={(event) => choose(nodeAt(event))}
          onPointerMove={onPointerMove}
        />
      </div>
      <p className="visually-hidden" role="status" data-testid="graph-selected">
        {selected === null ? "No layer is selected." : describe(topology, nodes, selected, scale.title).long}
      </p>
      <div className="graph-tools">
        <button type="button" className="button" aria-keyshortcuts="0" onClick={panZoom.fit}>
          Fit
        </button>
        <button
          type="button"
          className="button"
          aria-keyshortcuts="Enter"
          disabled={selected === null}
          onClick={zoomToSelected}
        >
          Zoom to selected
        </button>
        <button type="button" className="button" aria-label="Zoom out" aria-keyshortcuts="-" onClick={panZoom.zoomOut}>
          −
        </button>
        <button type="button" className="button" aria-label="Zoom in" aria-keyshortcuts="+" onClick={panZoom.zoomIn}>
          +
        </button>
      </div>
      <Legend scale={scale} />
    </>
  );
}

import { type KeyboardEvent, type PointerEvent, useCallback, useEffect, useMemo, useRef } from "react";
import type { Row } from "../state/layers.ts";
import { describe } from "./describe.ts";
import type { HeatScale } from "./heat.ts";
import { paint, sightOf } from "./paint.ts";
import { edgesOf, type Looks, nodesOf, type Scene } from "./scene.ts";
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

interface Props {
  readonly laid: Laid;
  /** The row of the list that each node of the whole graph stands for. */
  readonly rows: readonly (Row | null)[];
  readonly scale: HeatScale;
  readonly byPrecision: boolean;
  /** By layer, where they are not those of the rows. */
  readonly precisions: Looks["precisions"];
  /** Nodes of the whole graph that a search found; null where nothing is searched for. */
  readonly found: ReadonlySet<number> | null;
  /** The selected node of what is drawn. */
  readonly selected: number | null;
  /** What of the whole graph stays in its place when blocks are opened or closed. */
  readonly held: number | null;
  /** The selected layer, where it is in the selected block. */
  readonly holds: string | null;
  readonly label: string;
  readonly name: string;
  readonly onSelect: (drawn: number) => void;
  readonly onOpen: (drawn: number) => void;
  readonly onClose: () => void;
}

/** A layout on a canvas: what is in sight is drawn, in one frame after each change. */
export function GraphCanvas({ laid, rows, scale, selected, held, holds, label, name, ...given }: Props) {
  const { shown, layout } = laid;
  const { topology } = shown;
  const { byPrecision, precisions, found: foundNodes, onSelect, onOpen, onClose } = given;
  const holder = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const ink = useInk(holder);
  const edges = useMemo(() => edgesOf(laid), [laid]);
  const nodes = useMemo(() => nodesOf(laid, rows, { heatOf: scale.of, precisions }), [laid, rows, scale, precisions]);
  const found = useMemo(
    () => foundNodes && new Set([...foundNodes].map((node) => shown.drawnAs[node]!)),
    [foundNodes, shown],
  );
  const scene: Scene = useMemo(() => ({ nodes, edges, byPrecision, found }), [nodes, edges, byPrecision, found]);

  const draw = useRef(() => {});
  const frame = useRef(0);
  const redraw = useCallback(() => {
    cancelAnimationFrame(frame.current);
    frame.current = requestAnimationFrame(() => draw.current());
  }, []);
  const panZoom = usePanZoom(canvas, laid, held, redraw);
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
      panZoom.back();
      draw.current();
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [panZoom]);

  const selectedCentre = selected === null ? null : layout.centres[selected]!;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another colour of the same node moves nothing
  useEffect(() => {
    if (selected !== null) panZoom.reveal(nodes[selected]!);
  }, [panZoom, selectedCentre]);

  useEffect(() => {
    if (document.activeElement === document.body) holder.current?.focus({ preventScroll: true });
  }, []);

  const choose = (node: number | null) => {
    if (node !== null) onSelect(node);
  };
  const open = (node: number | null) => {
    if (node === null) return;
    if (shown.blocks[node]) onOpen(node);
    else panZoom.zoomTo(nodes[node]!);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const direction = ARROWS[event.key];
    if (direction) choose(selected === null ? 0 : step(topology, layout, selected, direction));
    else if (event.key === "+" || event.key === "=") panZoom.zoomIn();
    else if (event.key === "-") panZoom.zoomOut();
    else if (event.key === "0") panZoom.fit();
    else if (event.key === "Enter") open(selected);
    else if (event.key === "Backspace") onClose();
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
    const said = node === null ? "" : describe(topology, nodes, node, scale.title).short;
    const title = node !== null && shown.blocks[node] ? `${said}. A double click opens it.` : said;
    if (element.title !== title) element.title = title;
    element.style.cursor = node === null ? "grab" : "pointer";
  };

  return (
    <>
      <div
        ref={holder}
        className="graph-holder"
        role="application"
        aria-roledescription="graph"
        aria-label={`${label}, inputs at the top. Arrow keys walk to producers, consumers and siblings; Enter opens a block, Backspace closes the one around; plus, minus and 0 zoom.`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the graph is walked by keyboard
        tabIndex={0}
        data-testid={`${name}-holder`}
        onKeyDown={onKeyDown}
      >
        <canvas
          ref={canvas}
          className="graph-canvas"
          onClick={(event) => choose(nodeAt(event))}
          onDoubleClick={(event) => open(nodeAt(event))}
          onPointerMove={onPointerMove}
        />
      </div>
      <p className="visually-hidden" role="status" data-testid={`${name}-selected`}>
        {selected === null ? "No layer is selected." : describe(topology, nodes, selected, scale.title).long}
        {holds === null ? "" : ` It holds the selected layer, ${holds}.`}
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
          onClick={() => selected !== null && panZoom.zoomTo(nodes[selected]!)}
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
    </>
  );
}

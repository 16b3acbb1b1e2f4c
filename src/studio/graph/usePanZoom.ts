import { select } from "d3-selection";
import { type ZoomTransform, zoom, zoomIdentity } from "d3-zoom";
import { type RefObject, useEffect, useMemo, useRef } from "react";
import type { GraphLayout, Point } from "../../../workers/protocol.ts";
import { clamp } from "../../engine/values/clamp.ts";
import { anchorOf } from "./anchor.ts";
import { sightOf, type View } from "./paint.ts";
import { type Box, shiftInto } from "./scene.ts";
import type { Laid } from "./useLayout.ts";

const LARGEST = 2.5;
const SMALLEST = 0.4;
const STEP = 1.3;
/** Around a node that is brought into sight, and around the whole graph, in CSS pixels. */
const SPACE = 40;

/** What was in the middle of each layout and how large, so that a graph that comes back, or gets more room, looks as it did. */
const left = new WeakMap<GraphLayout, Point & { readonly k: number }>();

/**
 * Pan and zoom of a canvas over a layout by wheel, drag and pinch; `onMove` is called after every change. When blocks are opened or
 * closed, the node that is held by its index in the whole graph, else what is in the middle, stays where it is on the screen.
 */
export function usePanZoom(
  canvas: RefObject<HTMLCanvasElement | null>,
  laid: Laid,
  held: number | null,
  onMove: () => void,
) {
  const { layout } = laid;
  const before = useRef<Laid | null>(null);
  const holding = useRef(held);
  holding.current = held;
  const transform = useRef(zoomIdentity);
  const moved = useRef(onMove);
  moved.current = onMove;
  const behaviour = useMemo(() => zoom<HTMLCanvasElement, unknown>(), []);

  const actions = useMemo(() => {
    const target = () => select(canvas.current!);
    const view = (): View => {
      const { clientWidth: width, clientHeight: height } = canvas.current!;
      const { x, y, k } = transform.current;
      return { x, y, k, width, height, density: window.devicePixelRatio };
    };
    const whole = () => {
      const { width, height } = view();
      return Math.min(1, (width - 2 * SPACE) / layout.width, (height - 2 * SPACE) / layout.height);
    };
    const middle = (): Point => {
      const { x, y, k, width, height } = view();
      return { x: (width / 2 - x) / k, y: (height / 2 - y) / k };
    };
    const look = (x: number, y: number, k: number) => {
      const { width, height } = view();
      behaviour.transform(target(), zoomIdentity.translate(width / 2 - k * x, height / 2 - k * y).scale(k));
    };
    return {
      view,
      zoomIn: () => behaviour.scaleBy(target(), STEP),
      zoomOut: () => behaviour.scaleBy(target(), 1 / STEP),
      fit: () => look(layout.width / 2, layout.height / 2, whole()),
      /** Shows a box in the middle, as large as its text is meant to be read. */
      zoomTo: (box: Box) => look((box.left + box.right) / 2, (box.top + box.bottom) / 2, 1),
      /** Moves only as far as it takes to see a box; one that is far away comes to the middle. */
      reveal: (box: Box) => {
        const now = view();
        const { x, y } = shiftInto(box, sightOf(now), SPACE / now.k);
        const far = Math.abs(x) * now.k > now.width / 2 || Math.abs(y) * now.k > now.height / 2;
        if (far) look((box.left + box.right) / 2, (box.top + box.bottom) / 2, now.k);
        else if (x !== 0 || y !== 0) behaviour.translateBy(target(), -x, -y);
      },
      /** The beginning of the graph at full size. */
      start: () => look(layout.width / 2, view().height / 2 - SPACE, 1),
      limit: () => behaviour.scaleExtent([Math.min(SMALLEST, whole()), LARGEST]),
      middle,
      /** Puts what was in the middle there again; false where nothing was yet. */
      back: () => {
        const was = left.get(layout);
        if (was) look(was.x, was.y, was.k);
        return was !== undefined;
      },
    };
  }, [behaviour, canvas, layout]);

  useEffect(() => {
    const target = select(canvas.current!);
    behaviour
      .constrain((next, [[x0, y0], [x1, y1]]) => {
        const [x, y] = next.invert([(x0 + x1) / 2, (y0 + y1) / 2]);
        return next.translate(x - clamp(x, 0, layout.width), y - clamp(y, 0, layout.height));
      })
      .on("zoom", (event: { readonly transform: ZoomTransform }) => {
        transform.current = event.transform;
        left.set(layout, { ...actions.middle(), k: event.transform.k });
        moved.current();
      });
    actions.limit();
    target.call(behaviour).on("dblclick.zoom", null);
    const anchor =
      before.current && before.current !== laid
        ? anchorOf(before.current, laid, holding.current, actions.middle())
        : null;
    if (anchor) {
      const { from, to } = anchor;
      behaviour.transform(target, transform.current.translate(from.x - to.x, from.y - to.y));
    } else if (!actions.back()) actions.start();
    before.current = laid;
    return () => {
      target.on(".zoom", null);
    };
  }, [actions, behaviour, canvas, laid, layout]);

  return actions;
}

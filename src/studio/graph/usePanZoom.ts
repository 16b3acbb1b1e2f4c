import { select } from "d3-selection";
import { type ZoomTransform, zoom, zoomIdentity } from "d3-zoom";
import { type RefObject, useEffect, useMemo, useRef } from "react";
import type { GraphLayout } from "../../../workers/protocol.ts";
import { clamp } from "../../engine/values/clamp.ts";
import { sightOf, type View } from "./paint.ts";
import { type Box, shiftInto } from "./scene.ts";

const LARGEST = 2.5;
const SMALLEST = 0.4;
const STEP = 1.3;
/** Around a node that is brought into sight, and around the whole graph, in CSS pixels. */
const SPACE = 40;

/** Where each layout was left, so that a graph that comes back looks as it did. */
const left = new WeakMap<GraphLayout, ZoomTransform>();

/** Pan and zoom of a canvas over a layout by wheel, drag and pinch; `onMove` is called after every change. */
export function usePanZoom(canvas: RefObject<HTMLCanvasElement | null>, layout: GraphLayout, onMove: () => void) {
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
        left.set(layout, event.transform);
        moved.current();
      });
    actions.limit();
    target.call(behaviour).on("dblclick.zoom", null);
    const before = left.get(layout);
    if (before) behaviour.transform(target, before);
    else actions.start();
    return () => {
      target.on(".zoom", null);
    };
  }, [actions, behaviour, canvas, layout]);

  return actions;
}

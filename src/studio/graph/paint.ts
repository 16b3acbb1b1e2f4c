import { precisionLetter } from "../parts/Precision.tsx";
import type { Ink } from "./ink.ts";
import { type Box, meets, type Scene, type SceneEdge, type SceneNode } from "./scene.ts";

export interface View {
  /** Where the scene's origin lies on the canvas, in CSS pixels, and CSS pixels for each unit of the scene. */
  readonly x: number;
  readonly y: number;
  readonly k: number;
  /** The canvas, in CSS pixels, and device pixels for each. */
  readonly width: number;
  readonly height: number;
  readonly density: number;
}

/** From which zoom on a node shows its name and figure, and below it its operator alone. */
const FULL = 0.8;
const OPERATOR = 0.4;
const BAND = 8;
const MARK = 15;
const BEHIND = 4;
/** How much is left of a node that a search did not find. */
const DIMMED = 0.25;
const PAD = 6;

/** The part of the scene in sight. */
export function sightOf({ x, y, k, width, height }: View): Box {
  return { left: -x / k, top: -y / k, right: (width - x) / k, bottom: (height - y) / k };
}

/** Draws what is in sight of a scene, with the selected node and its edges marked. */
export function paint(
  context: CanvasRenderingContext2D,
  scene: Scene,
  view: View,
  ink: Ink,
  selected: number | null,
): void {
  const { x, y, k, density } = view;
  const sight = sightOf(view);
  context.setTransform(density, 0, 0, density, 0, 0);
  context.clearRect(0, 0, view.width, view.height);
  context.setTransform(density * k, 0, 0, density * k, density * x, density * y);
  const usual = ink.token[k < OPERATOR ? "line" : "line-strong"];
  const own: SceneEdge[] = [];
  for (const edge of scene.edges) {
    if (!meets(edge, sight)) continue;
    if (edge.from === selected || edge.to === selected) own.push(edge);
    else strokeEdge(context, edge, isFused(scene, edge), k, usual);
  }
  for (const edge of own) strokeEdge(context, edge, isFused(scene, edge), k, ink.token.accent);
  scene.nodes.forEach((node, index) => {
    if (!meets(node, sight)) return;
    context.globalAlpha = scene.found?.has(index) === false && index !== selected ? DIMMED : 1;
    drawNode(context, node, k, ink, colourOf(node, scene, ink), index === selected);
  });
  context.globalAlpha = 1;
}

/** Whether the layer at its upper end is fused with the one at its lower. */
function isFused({ nodes }: Scene, { from, to }: SceneEdge): boolean {
  const below = nodes[to]!.row;
  return below !== null && nodes[from]!.row?.fusedWith === below.id;
}

function strokeEdge(
  context: CanvasRenderingContext2D,
  { path }: SceneEdge,
  fused: boolean,
  k: number,
  colour: string,
): void {
  context.strokeStyle = colour;
  context.lineWidth = fused ? Math.max(7, 2 / k) : Math.max(1.2, 0.8 / k);
  context.stroke(path);
}

function colourOf({ precision, heat }: SceneNode, { byPrecision }: Scene, ink: Ink): string | null {
  if (byPrecision) return precision && ink.precision[precision];
  return heat && ink.ramp(heat.share);
}

function drawNode(
  context: CanvasRenderingContext2D,
  node: SceneNode,
  k: number,
  ink: Ink,
  colour: string | null,
  selected: boolean,
): void {
  const { left, top, right, bottom } = node;
  const { token } = ink;
  const isRound = node.kind === "input" || node.kind === "output";
  const shape = () => {
    context.beginPath();
    context.roundRect(left, top, right - left, bottom - top, isRound ? (bottom - top) / 2 : 4);
  };
  if (node.kind === "block" && k >= OPERATOR) drawBehind(context, node, ink);
  shape();
  if (k < OPERATOR) {
    context.fillStyle = colour ?? token["line-strong"];
    context.fill();
  } else {
    context.fillStyle = node.row && node.precision !== "float32" ? token.panel : token.raised;
    context.fill();
    if (colour) drawBand(context, node, colour, k < FULL ? 0.3 : 0.16, shape);
    shape();
    context.strokeStyle = token["line-strong"];
    context.lineWidth = 1;
    context.stroke();
    if (k < FULL) drawOperator(context, node, k, ink);
    else drawText(context, node, ink);
  }
  if (selected) {
    shape();
    context.strokeStyle = token.accent;
    context.lineWidth = Math.max(2.5, 2.5 / k);
    context.stroke();
  }
}

/** The edge of a sheet behind a block, which says that there are layers in it. */
function drawBehind(context: CanvasRenderingContext2D, { left, top, right, bottom }: SceneNode, { token }: Ink): void {
  context.beginPath();
  context.roundRect(left + BEHIND, top + BEHIND, right - left, bottom - top, 4);
  context.fillStyle = token.raised;
  context.fill();
  context.strokeStyle = token["line-strong"];
  context.lineWidth = 1;
  context.stroke();
}

/** A band of the colour on the left and a tint of it on the rest, which leaves the contrast of the text. */
function drawBand(
  context: CanvasRenderingContext2D,
  node: SceneNode,
  colour: string,
  tint: number,
  shape: () => void,
): void {
  context.save();
  shape();
  context.clip();
  context.fillStyle = colour;
  context.fillRect(node.left, node.top, BAND, node.bottom - node.top);
  context.globalAlpha *= tint;
  context.fillRect(node.left, node.top, node.right - node.left, node.bottom - node.top);
  context.restore();
}

/** The operator alone, as large on the screen as the node allows. */
function drawOperator(context: CanvasRenderingContext2D, node: SceneNode, k: number, { token, font }: Ink): void {
  const size = Math.min(11 / k, 24);
  context.font = `${size}px ${font}`;
  context.fillStyle = token.ink;
  context.textAlign = "center";
  context.textBaseline = "middle";
  const middle = (node.left + BAND + node.right) / 2;
  const room = node.right - node.left - BAND - 2 * PAD;
  context.fillText(
    fitted(context, node.kind === "block" ? node.name : node.operator, room),
    middle,
    (node.top + node.bottom) / 2,
  );
}

function drawText(context: CanvasRenderingContext2D, node: SceneNode, ink: Ink): void {
  const { token, font } = ink;
  const round = node.kind === "input" || node.kind === "output" ? PAD : 0;
  const left = node.left + BAND + PAD + round;
  const right = node.right - PAD - round;
  const [upper, lower] = [node.top + 12, node.bottom - 10.5];
  context.textBaseline = "middle";
  let end = right;
  if (node.precision) {
    context.fillStyle = ink.precision[node.precision];
    context.beginPath();
    context.roundRect(right - MARK, upper - MARK / 2, MARK, MARK, 3);
    context.fill();
    context.fillStyle = token.panel;
    context.font = `700 10px ${font}`;
    context.textAlign = "center";
    context.fillText(precisionLetter(node.precision), right - MARK / 2, upper + 0.5);
    end -= MARK + 4;
  }
  context.font = `12px ${font}`;
  context.fillStyle = token.ink;
  context.textAlign = "left";
  context.fillText(fitted(context, node.name, end - left), left, upper);
  context.font = `11px ${font}`;
  context.fillStyle = token.muted;
  const figure = node.heat ? (node.heat.own ? node.heat.text : "fused") : "";
  const taken = figure ? context.measureText(figure).width + 8 : 0;
  context.fillText(fitted(context, node.operator, right - left - taken), left, lower);
  context.textAlign = "right";
  context.fillText(figure, right, lower);
}

const cuts = new Map<string, string>();
const MOST_CUTS = 20_000;

/** A text cut in its middle to the room it has, since names differ at their ends. */
function fitted(context: CanvasRenderingContext2D, text: string, room: number): string {
  const key = `${context.font} ${room} ${text}`;
  const known = cuts.get(key);
  if (known !== undefined) return known;
  let cut = text;
  for (let kept = text.length - 1; kept > 1 && context.measureText(cut).width > room; kept--) {
    const tail = Math.ceil(kept * 0.6);
    cut = `${text.slice(0, kept - tail)}…${text.slice(text.length - tail)}`;
  }
  if (cuts.size > MOST_CUTS) cuts.clear();
  cuts.set(key, cut);
  return cut;
}

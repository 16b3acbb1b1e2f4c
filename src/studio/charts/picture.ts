const SVG = "http://www.w3.org/2000/svg";
const SHARPNESS = 2;

/** What style sheets say of a drawing, which outside of the page has none: what a part has from the one around it. */
const INHERITED = [
  "fill",
  "fill-opacity",
  "font-family",
  "font-size",
  "font-weight",
  "paint-order",
  "shape-rendering",
  "stroke",
  "stroke-dasharray",
  "stroke-opacity",
  "stroke-width",
  "text-anchor",
  "visibility",
];
/** And what it has not, with the values that need no word. */
const OWN: Readonly<Record<string, readonly string[]>> = {
  display: ["inline", "block"],
  opacity: ["1"],
  "vector-effect": ["none"],
};

/** A chart as one drawing that needs no style sheet: all that is drawn in `frame`, as it looks at this moment. */
export function drawingOf(frame: HTMLElement): SVGSVGElement {
  const box = frame.getBoundingClientRect();
  const drawing = document.createElementNS(SVG, "svg");
  const size = { width: String(Math.ceil(box.width)), height: String(Math.ceil(box.height)) };
  setAll(drawing, { xmlns: SVG, ...size, viewBox: `0 0 ${size.width} ${size.height}` });
  const paper = document.createElementNS(SVG, "rect");
  setAll(paper, { ...size, fill: paperOf(frame) });
  drawing.append(paper);
  for (const svg of frame.querySelectorAll("svg")) {
    if (svg.closest("button") || svg.parentElement?.closest("svg")) continue;
    const place = svg.getBoundingClientRect();
    const copy = styled(svg);
    setAll(copy, {
      x: String(place.left - box.left),
      y: String(place.top - box.top),
      width: String(place.width),
      height: String(place.height),
    });
    drawing.append(copy);
  }
  return drawing;
}

export function svgOf(drawing: SVGSVGElement): Blob {
  return new Blob([new XMLSerializer().serializeToString(drawing)], { type: "image/svg+xml" });
}

/** The drawing in pixels, two for each of the screen's. Rejects where the browser cannot draw it. */
export async function pngOf(drawing: SVGSVGElement): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(await svgOf(drawing).text())}`;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width * SHARPNESS, image.height * SHARPNESS);
  canvas.getContext("2d")!.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob({ type: "image/png" });
}

function styled(element: Element, around?: CSSStyleDeclaration): SVGElement {
  const style = getComputedStyle(element);
  const copy = element.cloneNode(false) as SVGElement;
  for (const name of ["class", "style", "tabindex", ...INHERITED]) copy.removeAttribute(name);
  for (const name of INHERITED) {
    const value = style.getPropertyValue(name);
    if (value !== around?.getPropertyValue(name)) copy.style.setProperty(name, value);
  }
  for (const [name, silent] of Object.entries(OWN)) {
    const value = style.getPropertyValue(name);
    if (!silent.includes(value)) copy.style.setProperty(name, value);
  }
  for (const child of element.childNodes) {
    copy.append(child instanceof Element ? styled(child, style) : child.cloneNode());
  }
  return copy;
}

function paperOf(element: Element | null): string {
  if (!element) return "white";
  const colour = getComputedStyle(element).backgroundColor;
  return /^rgba\(.*, 0\)$|^transparent$/.test(colour) ? paperOf(element.parentElement) : colour;
}

function setAll(element: SVGElement, attributes: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
}

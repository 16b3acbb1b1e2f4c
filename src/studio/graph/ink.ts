import { rampColor } from "../charts/ramp.ts";
import type { Precision } from "../parts/Precision.tsx";

const TOKENS = ["panel", "raised", "ink", "muted", "line", "line-strong", "accent"] as const;
type Token = (typeof TOKENS)[number];

const RAMP_STEPS = 24;

/** The studio's colours as a canvas takes them, under the theme of the moment. */
export interface Ink {
  readonly token: Readonly<Record<Token, string>>;
  readonly precision: Readonly<Record<Precision, string>>;
  /** The colour at a share of the ramp, 0..1. */
  readonly ramp: (share: number) => string;
  readonly font: string;
}

/** Reads the colours that the style sheets give to `element`. */
export function inkOf(element: HTMLElement): Ink {
  const probe = document.createElement("span");
  element.append(probe);
  const resolve = (colour: string) => {
    probe.style.color = colour;
    return getComputedStyle(probe).color;
  };
  const ramp = Array.from({ length: RAMP_STEPS + 1 }, (_, step) => resolve(rampColor(step / RAMP_STEPS)));
  const ink: Ink = {
    token: Object.fromEntries(TOKENS.map((token) => [token, resolve(`var(--${token})`)])) as Record<Token, string>,
    precision: {
      int8: resolve("var(--precision-int8)"),
      uint8: resolve("var(--precision-int8)"),
      int4: resolve("var(--precision-int4)"),
      uint4: resolve("var(--precision-int4)"),
      int2: resolve("var(--precision-int4)"),
      uint2: resolve("var(--precision-int4)"),
      int16: resolve("var(--precision-int8)"),
      float8: resolve("var(--precision-float16)"),
      float16: resolve("var(--precision-float16)"),
      bfloat16: resolve("var(--precision-float16)"),
      codebook16: resolve("var(--precision-int4)"),
      codebook256: resolve("var(--precision-int8)"),
      nf4: resolve("var(--precision-int4)"),
      float32: resolve("var(--precision-float32)"),
    },
    ramp: (share) => ramp[Math.round(share * RAMP_STEPS)]!,
    font: getComputedStyle(element).fontFamily,
  };
  probe.remove();
  return ink;
}

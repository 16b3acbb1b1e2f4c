import { InputError } from "../model/job.ts";
import type { Preprocess } from "../model/preprocess.ts";
import { checkCrop } from "./preprocess.ts";

const MAX_SIDE = 16384;
const FIELDS = ["resize", "crop", "layout", "color", "scale", "mean", "std"] as const;

type Json = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSide(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_SIDE;
}

function isSize(value: unknown): value is number | readonly [number, number] {
  return isSide(value) || (Array.isArray(value) && value.length === 2 && value.every(isSide));
}

/**
 * Checks a preprocessing read from JSON; every field must be there. Throws InputError naming `source` (a file, or
 * the recipe it is in), the field, and what the field may be; and for a crop beyond what resizing gives.
 */
export function parsePreprocess(json: unknown, source: string): Preprocess {
  if (!isObject(json)) throw new InputError(`${source} holds no preprocessing; it must be an object of ${FIELDS}.`);
  const check = (holds: boolean, field: string, rule: string) => {
    if (holds) return;
    const state = field in json ? `is ${JSON.stringify(json[field])}` : "is missing";
    throw new InputError(`${source}: "${field}" ${state}; it must be ${rule}.`);
  };
  const unknown = Object.keys(json).find((key) => !(FIELDS as readonly string[]).includes(key));
  if (unknown !== undefined) {
    throw new InputError(`${source}: "${unknown}" is no field of a preprocessing; these are: ${FIELDS.join(", ")}.`);
  }

  const { resize, crop, layout, color, scale, mean, std } = json;
  const sideRule = `a whole number of pixels, 1 to ${MAX_SIDE}`;
  const isResize =
    isObject(resize) &&
    (resize.mode === "shorter" ? isSide(resize.size) : ["exact", "letterbox"].includes(resize.mode as string)) &&
    isSize(resize.size) &&
    Object.keys(resize).length === 2;
  check(
    resize === null || isResize,
    "resize",
    `null, or {"mode": "shorter", "size": side}, or mode "exact" or "letterbox" with a side or [height, width]`,
  );
  check(crop === null || isSize(crop), "crop", `null, ${sideRule}, or [height, width]`);
  check(layout === "NCHW" || layout === "NHWC", "layout", `"NCHW" or "NHWC"`);
  check(color === "RGB" || color === "BGR" || color === "GRAY", "color", `"RGB", "BGR" or "GRAY"`);
  check(Number.isFinite(scale) && scale !== 0, "scale", "a number other than 0");
  const channels = color === "GRAY" ? 1 : 3;
  const isList = (value: unknown) =>
    Array.isArray(value) && (value.length === 1 || value.length === channels) && value.every(Number.isFinite);
  const listRule = channels === 1 ? "a list of one number" : "a list of one number, or three in the order of color";
  check(isList(mean), "mean", listRule);
  check(isList(std) && (std as number[]).every((value) => value !== 0), "std", `${listRule}, none of them 0`);
  const preprocess = { resize, crop, layout, color, scale, mean, std } as Preprocess;
  checkCrop(preprocess, source);
  return preprocess;
}

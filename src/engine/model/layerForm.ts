import type { StoredType } from "../values/codes.ts";

/**
 * What a single layer may be where it is not to be as the recipe has all: computed in float with its weights in float32, float16, int8, or
 * int4 in blocks of 32, or with activations in 16 bits where those of all have 8.
 */
export const LAYER_FORMS = ["f32", "f16", "w8", "w4", "a16"] as const;
export type LayerForm = (typeof LAYER_FORMS)[number];

/** Each in words, to go on after "the layer is". */
export const LAYER_FORM_WORDS: Readonly<Record<LayerForm, string>> = {
  f32: "in float",
  f16: "in float, weights in float16",
  w8: "in float, weights in int8",
  w4: "in float, weights in int4 blocks",
  a16: "in 16 bits",
};

/** What weights of a layer in float are kept in. */
export const STORED_AS: Readonly<Record<Exclude<LayerForm, "f32" | "a16">, StoredType>> = {
  f16: "float16",
  w8: "int8",
  w4: "int4",
};

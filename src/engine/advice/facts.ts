import type { FoundKind } from "../model/advice.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Target } from "../targets/target.ts";
import type { FrontEnd } from "./spectrogram.ts";

/** What weights keep, by the layer that loses most, with a scale a channel and with one a tensor; dB. */
export interface WeightLoss {
  readonly channel: number;
  readonly tensor: number;
}

/** What advice goes by. */
export interface AdviceFacts {
  readonly kinds: readonly FoundKind[];
  readonly frontEnd: FrontEnd | null;
  readonly target: Target;
  /** The recipe as choosing the target makes it. */
  readonly base: Recipe;
  /** The layers with weights that it has in integers, by id. */
  readonly weighted: readonly string[];
  /** Null where it was not worked out. */
  readonly loss: WeightLoss | null;
}

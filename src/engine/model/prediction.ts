/** A class by its place in the model's output, and its name where the data says one. */
export interface NamedClass {
  readonly index: number;
  readonly name: string | null;
}

/** What a model answers to a sample. */
export interface Prediction {
  /** The output whose scores these are. */
  readonly output: string;
  readonly classes: number;
  /** Null where every class has the same score, or one is not finite. */
  readonly top: NamedClass | null;
  /** Of the likeliest class, as the output has it; null without one. */
  readonly score: number | null;
  /** Its probability: the score itself, or by softmax of the scores. */
  readonly share: number | null;
  readonly isProbability: boolean;
  /** Null where the sample has no label. */
  readonly label: NamedClass | null;
}

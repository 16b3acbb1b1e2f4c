import type { NamedClass, Prediction } from "../engine/model/prediction.ts";
import { count, significant } from "../engine/values/figures.ts";
import { percent } from "../engine/values/shares.ts";

/** What a person reads of a class. */
export function classText({ index, name }: NamedClass): string {
  return name === null ? `class ${index}` : `${name} (class ${index})`;
}

/** How sure the model is, and where nothing else says that there are classes, of how many it is. */
export function scoreText({ score, share, isProbability, classes }: Prediction): string {
  const sure = isProbability ? percent(share!) : `score ${significant(score!)}, ${percent(share!)} by softmax`;
  return `${sure}, of ${count(classes)}`;
}

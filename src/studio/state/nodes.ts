import type { NodeDetail, WrittenGraph } from "../../engine/model/modelGraph.ts";
import { resolveRecipe } from "./recipe.ts";
import { planPart } from "./recipeParts.ts";
import { studio } from "./store.ts";
import { engine } from "./workers.ts";

/** Which model a node is of: the float one as it is prepared, or the one that would be exported. */
export type NodeOf = "float" | "written";

/** A node with its attributes and constants; null for one inside another's graph. */
export async function nodeDetail(id: string, of: NodeOf): Promise<NodeDetail | null> {
  const recipe = studio.getState().project.recipe?.present;
  return recipe ? engine.ask((api) => api.node(id, of, planPart(recipe))) : null;
}

/** The graph of the model that would be exported now; null where nothing is calibrated, or the recipe could not be settled. */
export async function writtenGraphNow(): Promise<WrittenGraph | null> {
  const { calibration } = studio.getState().project;
  const recipe = calibration && (await resolveRecipe(calibration));
  return recipe ? engine.ask((api) => api.writtenGraph(recipe)) : null;
}

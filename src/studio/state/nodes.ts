import type { BesideGraph, NodeDetail, WrittenGraph } from "../../engine/model/modelGraph.ts";
import { resolveRecipe } from "./recipe.ts";
import { planPart } from "./recipeParts.ts";
import type { StudioState } from "./slices/studio.ts";
import { studio } from "./store.ts";
import { engine } from "./workers.ts";

/** Which model a node is of: the float one as it is prepared, the one that would be exported, or the quantized file beside it. */
export type NodeOf = "float" | "written" | "beside";

/** Which quantized model stands beside the float one in the graph: the file that was read beside it, where one was. */
export function secondGraph({ project, view }: StudioState): "written" | "beside" {
  return project.besideFile !== null && !view.exportInGraph ? "beside" : "written";
}

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

/** The graph of the quantized file that was read beside the open model. */
export function besideGraphNow(): Promise<BesideGraph> {
  return engine.ask((api) => api.besideGraph());
}

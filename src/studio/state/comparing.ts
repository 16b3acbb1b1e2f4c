import { type Door, proxy } from "../../../workers/client.ts";
import type { EngineApi, OnProgress } from "../../../workers/protocol.ts";
import type { Progress } from "../../engine/model/job.ts";
import { afterRest } from "./afterRest.ts";
import { isComparable, preprocessTried, triedNow } from "./preprocess.ts";
import { samplesPart } from "./recipeParts.ts";
import type { Project } from "./slices/project.ts";
import { actions, studio } from "./store.ts";
import { engine } from "./workers.ts";

/** Rests between a change and the comparison, so that a run of changes costs one. */
const REST_MS = 600;

const compareSoon = afterRest(compareNow, REST_MS);
let newest = 0;

/**
 * Compares the preprocessing of the moment with others in the background, once nothing else runs, and again where it or the
 * data changes. Returns how to stop it.
 */
export function startComparing(): () => void {
  compareSoon();
  return studio.subscribe(({ project, work }, before) => {
    const changed =
      project.data !== before.project.data ||
      project.recipe?.present.preprocess !== before.project.recipe?.present.preprocess;
    const awaited = before.work.job !== null && work.job === null;
    if (changed || awaited) compareSoon();
  });
}

async function compareNow(): Promise<void> {
  const state = studio.getState();
  const { project, work } = state;
  if (work.job || !isComparable(project) || triedNow(state)) return;
  const id = ++newest;
  let ended = false;
  const show = (progress: Progress) => {
    if (id === newest && !ended) actions.comparingProgressed(progress);
  };
  const end = () => {
    ended = true;
    if (id === newest) actions.comparingEnded();
  };
  actions.comparingProgressed(null);
  try {
    await engine.ask((api) => compare(api, project, true, proxy(show)));
  } catch (error) {
    const { name, message } = error as Error;
    if (id === newest && name !== "AbortError") preprocessTried({ ...about(project), finding: null, failure: message });
  } finally {
    end();
  }
}

/** Compares, as part of a job, where labels can tell and that was not done yet: no verdict comes before. */
export async function compareFirst(api: Door<EngineApi>, project: Project, report: OnProgress): Promise<void> {
  const { results } = studio.getState();
  if (isComparable(project) && project.data!.summary.labelled > 0 && !triedNow({ project, results })) {
    await compare(api, project, false, report);
  }
}

async function compare(api: Door<EngineApi>, project: Project, beside: boolean, report: OnProgress): Promise<void> {
  const { data, recipe } = project;
  const finding = await api.findPreprocess(samplesPart(recipe!.present), data!.summary.samples, beside, report);
  preprocessTried({ ...about(project), finding, failure: null });
}

function about({ data, recipe }: Project) {
  return { preprocess: recipe!.present.preprocess, data: data!.fingerprint };
}

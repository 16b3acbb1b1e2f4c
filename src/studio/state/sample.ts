import type { PathFile } from "../../../workers/protocol.ts";
import type { JobContext } from "../../engine/model/job.ts";
import type { Preprocess } from "../../engine/model/preprocess.ts";
import { offerTour } from "../tour/state.ts";
import { openData } from "./data.ts";
import { contentsOf } from "./fetching.ts";
import { runHere } from "./jobs.ts";
import { openModel } from "./model.ts";
import { actions, studio } from "./store.ts";
import { inTurn } from "./turns.ts";

interface Project {
  readonly model: string;
  readonly preprocess: Preprocess;
  readonly calibration: { readonly images: string; readonly labels: string };
  readonly evaluation: { readonly images: string; readonly labels: string };
}

const FOLDER = "sample/";
const CALIBRATION_SAMPLES = 300;

/** Opens the project that comes with the studio: a model, samples to calibrate on and, after them by name, samples to evaluate on. */
export function openSample(): Promise<void> {
  return inTurn(open);
}

async function open(): Promise<void> {
  const sample = await runHere({ task: "Fetching", on: "the sample project", run: fetched });
  if (!sample) return;
  const { project, files } = sample;
  const [model, ...data] = files;
  if (!model || !(await openModel(model.file))) return;
  const samples = studio.getState().project.samples || CALIBRATION_SAMPLES;
  if (!(await openData(data, { preprocess: project.preprocess, samples, seed: null }))) return;
  actions.stepChosen("calibrate");
  offerTour();
}

async function fetched(context: JobContext): Promise<{ readonly project: Project; readonly files: PathFile[] }> {
  const project: Project = await (await answer("project.json", context)).json();
  const { calibration, evaluation } = project;
  const paths = [project.model, calibration.images, calibration.labels, evaluation.images, evaluation.labels];
  const contents = await contentsOf(await Promise.all(paths.map((path) => answer(path, context))), context);
  const files = paths.map((path, i) => ({ path, file: new File([contents[i]!], path.split("/").at(-1)!) }));
  return { project, files };
}

async function answer(path: string, { signal }: JobContext): Promise<Response> {
  const response = await fetch(FOLDER + path, { signal });
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response;
}

import type { PathFile } from "../../../workers/protocol.ts";
import type { Preprocess } from "../../engine/model/preprocess.ts";
import { offerTour } from "../tour/state.ts";
import { openData } from "./data.ts";
import { alarmFor } from "./log.ts";
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
  try {
    const project: Project = await (await fetched("project.json")).json();
    const { calibration, evaluation } = project;
    const [model, ...data] = await Promise.all(
      [project.model, calibration.images, calibration.labels, evaluation.images, evaluation.labels].map(fileOf),
    );
    if (!model || !(await openModel(model.file))) return;
    const samples = studio.getState().project.samples || CALIBRATION_SAMPLES;
    if (!(await openData(data, { preprocess: project.preprocess, samples, seed: null }))) return;
    actions.stepChosen("calibrate");
    offerTour();
  } catch (error) {
    alarmFor(error, "Opening the sample project");
  }
}

async function fileOf(path: string): Promise<PathFile> {
  const blob = await (await fetched(path)).blob();
  return { path, file: new File([blob], path.split("/").at(-1)!) };
}

async function fetched(path: string): Promise<Response> {
  const response = await fetch(FOLDER + path);
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response;
}

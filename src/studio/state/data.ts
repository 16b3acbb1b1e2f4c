import type { PathFile } from "../../../workers/protocol.ts";
import type { DataSummary } from "../../engine/model/dataset.ts";
import { isForPeople, type Notice } from "../../engine/model/job.ts";
import type { Preprocess } from "../../engine/model/preprocess.ts";
import { sameValue } from "../../engine/recipe/text.ts";
import { mergeFiles } from "../files.ts";
import { lackText } from "../inputs.ts";
import { fingerprint, samplesFingerprint } from "./fingerprint.ts";
import { runJob } from "./jobs.ts";
import { elsewhereText } from "./large.ts";
import { alarm, alarmFor, say, sayNotices } from "./log.ts";
import { keepFiles } from "./persistence.ts";
import type { Project } from "./slices/project.ts";
import { isStandIn } from "./standIn.ts";
import { actions, studio } from "./store.ts";
import { settled } from "./turns.ts";

const MOST_BY_DEFAULT = 500;
const NONE: readonly Notice[] = [];

interface Wishes {
  readonly preprocess?: Preprocess;
  readonly samples?: number;
  /** Of the order in which samples are taken; null for that of their paths. */
  readonly seed?: number | null;
  /** Files that were given before and wait for others. */
  readonly beside?: readonly PathFile[];
}

/**
 * Takes samples and labels in place of those open, with those that wait for them where they go together, or keeps them for others
 * to come where an input is left without values; false when they were refused and nothing changed.
 */
export async function openData(given: readonly PathFile[], wishes: Wishes = {}): Promise<boolean> {
  const before = studio.getState();
  const { model } = before.project;
  if (model?.large) {
    alarm(
      `${model.file.name} is larger than what a tab holds, so no samples are run here. ${elsewhereText(model.file.name)}`,
    );
    return false;
  }
  await settled();
  const together = wishes.beside ? mergeFiles(wishes.beside, given) : given;
  let files = together;
  const { preprocess = null, seed = null } = { ...before.project.recipe?.present, ...wishes };
  const taken = await runJob({
    task: "Reading data",
    on: given.length === 1 ? given[0]!.path : `${given.length} files`,
    run: async (api, report) => {
      try {
        files = together;
        return await api.setData(files, { preprocess, seed }, report);
      } catch (error) {
        if (together === given || !isForPeople(error as Error)) throw error;
        files = given;
        return api.setData(files, { preprocess, seed }, report);
      }
    },
  });
  if (!taken) return false;
  const { summary, sources } = taken;
  if (!summary) {
    actions.dataOffered({ files, sources });
    say("warning", `${lackText(sources)}: see the Data step.`);
    return true;
  }
  const prints = await Promise.all([fingerprint(files), samplesFingerprint(files)]).catch((error) =>
    alarmFor(error, "Reading data"),
  );
  if (!prints) return false;
  const [print, samplesPrint] = prints;
  const {
    project: { calibration, keep },
    results: { evaluation },
  } = studio.getState();
  const half = Math.min(MOST_BY_DEFAULT, Math.ceil(summary.samples / 2));
  const known = calibration && !isStandIn(calibration) && calibration.wanted <= summary.samples;
  const chosen = before.project.data === null ? before.project.samples : 0;
  const isChosen = chosen > 0 && chosen <= summary.samples;
  const earlier = isChosen ? chosen : known ? calibration.wanted : half;
  actions.dataOpened(
    { files, summary, fingerprint: print, samplesFingerprint: samplesPrint },
    wishes.samples ?? earlier,
    seed,
  );
  sayNotices(summary.notices);
  if (evaluation && evaluation.basis.data !== print) {
    say("warning", "These are not the samples of the last evaluation: its results are shown as stale.");
  }
  if (keep) await keepFiles(true);
  return true;
}

const memo = new WeakMap<DataSummary, readonly Notice[]>();

/** What there is to know of the data; that a preprocessing was assumed only for as long as it is the one applied. */
export function dataNotices({ data, recipe }: Pick<Project, "data" | "recipe">): readonly Notice[] {
  if (!data) return NONE;
  const { notices, assumed, preprocess } = data.summary;
  if (!assumed || sameValue(recipe?.present.preprocess, preprocess)) return notices;
  const others = memo.get(data.summary) ?? notices.filter(({ message }) => message !== assumed.message);
  memo.set(data.summary, others);
  return others;
}

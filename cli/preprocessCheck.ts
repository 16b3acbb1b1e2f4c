import type { DataSummary } from "../src/engine/model/dataset.ts";
import type { Notice } from "../src/engine/model/job.ts";
import type { Project } from "../src/engine/project/index.ts";
import { preprocessNotices } from "./preprocessText.ts";
import type { Terminal } from "./terminal.ts";

/** Tries other preprocessings where labels can tell, or one was assumed, and says at once what that found; gives it too. */
export async function checkPreprocess(
  project: Project,
  data: DataSummary,
  samples: number,
  terminal: Terminal,
): Promise<readonly Notice[]> {
  if (data.labelled === 0 && !data.assumed) return [];
  const finding = await project.findPreprocess({ skip: 0, samples }, terminal.context);
  const notices = finding ? preprocessNotices(finding, data.assumed !== null) : [];
  terminal.notices(notices);
  return notices;
}

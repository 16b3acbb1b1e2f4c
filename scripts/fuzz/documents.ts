import { nodeEnvironment } from "../../cli/environment.ts";
import { memoryFile, npyBytes } from "../../src/engine/data/testing/files.ts";
import type { JobContext } from "../../src/engine/model/job.ts";
import type { Runtime } from "../../src/engine/model/runtime.ts";
import type { SensitivityShard } from "../../src/engine/model/sensitivityShard.ts";
import { noise } from "../../src/engine/onnx/testing/build.ts";
import {
  Project,
  partsOf,
  writeCalibration,
  writeRecipe,
  writeSensitivityShard,
  writeShard,
} from "../../src/engine/project/index.ts";
import { CONVOLUTIONAL } from "./models.ts";

export const context: JobContext = { signal: new AbortController().signal, report: () => undefined };

/** A project that is open, and the documents that its job wrote, each as text. */
export interface Documents {
  readonly project: Project;
  readonly recipe: string;
  readonly calibration: string;
  readonly report: string;
  readonly shard: string;
  readonly sensitivityShard: string;
}

const SAMPLES = 4;
const DATE = "2026-01-01T00:00:00.000Z";

function samples() {
  const { data, dims } = noise([SAMPLES, 3, 8, 8], 9);
  return [memoryFile("samples.npy", npyBytes("<f4", dims, data as Float32Array))];
}

/** Does a whole job on a small model. */
export async function writeDocuments(runtime: Runtime): Promise<Documents> {
  const source = { bytes: CONVOLUTIONAL, fileName: "small.onnx", readBeside: async () => null };
  const project = await Project.open(source, { shapes: {}, values: {} }, nodeEnvironment(runtime), context);
  await project.takeData(samples());
  await project.settle({ samples: SAMPLES }, context);
  const { files } = await project.export({ evaluation: null, date: DATE }, context);
  const report = files.find(({ name }) => name.endsWith(".report.json"))!;
  const execution = { provider: null, workers: 1, threads: 1, batch: 1 };
  const shard = await project.calibrateShard({ shard: { index: 1, of: 1 }, samples: SAMPLES, execution }, context);
  const part = { index: 1, of: 1 };
  const measured = await project.sensitivityOfPart({ samples: SAMPLES, part }, context);
  const all = [0, SAMPLES] as const;
  const sensitivityShard: SensitivityShard = {
    ...{ ...measured, shard: part, metric: "sqnr", recipe: project.recipe, walk: null, notices: [] },
    ...{ model: project.recipe.model, split: { calibration: all, measurement: all } },
  };
  return {
    project,
    recipe: writeRecipe(project.recipe),
    calibration: writeCalibration(project.calibration!, "octet fuzz"),
    report: await new Blob([...partsOf(report)] as BlobPart[]).text(),
    shard: writeShard(shard, "octet fuzz"),
    sensitivityShard: writeSensitivityShard(sensitivityShard, "octet fuzz"),
  };
}

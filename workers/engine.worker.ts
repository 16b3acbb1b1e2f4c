import { expose } from "comlink";
import type { Calibration } from "../src/engine/model/calibration.ts";
import { type DataFile, InputsMissing } from "../src/engine/model/dataset.ts";
import type { BlockLearner } from "../src/engine/model/finetuning.ts";
import { InputError, type JobContext } from "../src/engine/model/job.ts";
import {
  DEFAULT_SEED,
  type Environment,
  FAMILY_VARIANTS,
  familyAmong,
  isSealed,
  kindOf,
  makeFamily,
  openedName,
  type ProbeKind,
  Project,
  readDocument,
  readPublicKey,
  readQuantized,
  resultIn,
  sealedFile,
  speedNotice,
  Turns,
  unseal,
  verifyFiles,
  WrongPassphrase,
  writeRecipe,
  zipArtifacts,
} from "../src/engine/project/index.ts";
import { webgpuAccelerator } from "./accelerator.ts";
import { alone } from "./alone.ts";
import { bytesOf } from "./bytesOf.ts";
import { browserDecoders } from "./decoders.ts";
import { executorRuntime } from "./executor.ts";
import { openStored } from "./fileReader.ts";
import { withFitters } from "./fitters.ts";
import { Keeper } from "./keeper.ts";
import { withLearner, withWasmLearner } from "./learner.ts";
import { removeResults } from "./leftovers.ts";
import { holdLifeline } from "./lifeline.ts";
import { findModel, HELD_BYTES } from "./modelSource.ts";
import { OriginStaging } from "./originStaging.ts";
import type { EngineApi, OnProgress, PathFile, Underway } from "./protocol.ts";
import { writeParts } from "./writeParts.ts";

/** Of a file, what tells whether it is encrypted. */
const HEAD_BYTES = 64;

/** What a session may take beside a model that is larger than what the tab holds, in bytes. */
const BESIDE_LARGE = 2 ** 28;

const environment: Environment = {
  runtimes: { main: executorRuntime(), accelerator: navigator.gpu ? webgpuAccelerator : null, withFitters },
  decoders: browserDecoders,
  machine: `this browser (${navigator.hardwareConcurrency} cores)`,
};
/** For such a model. */
const frugal: Environment = {
  ...environment,
  runtimes: { main: executorRuntime(BESIDE_LARGE), accelerator: null, withFitters },
};
let project: Project | null = null;
const turns = new Turns();
let keeper: Keeper | null = null;

/** Runs one job: its progress goes to the page, and `cancel` ends it. */
function job<T>(onProgress: OnProgress, work: (context: JobContext) => Promise<T>): Promise<T> {
  return turns.job((signal) => work({ signal, report: (progress) => void onProgress(progress) }));
}

/** Runs beside jobs, to which it gives way. */
function probe<T>(kind: ProbeKind, onProgress: OnProgress, work: (context: JobContext) => Promise<T>): Promise<T> {
  return turns.probe(kind, (signal) => work({ signal, report: (progress) => void onProgress(progress) }));
}

/** Hands partial results to the page; the whole one comes when the last of them has arrived. */
async function delivering<T, P>(
  tell: (partial: P) => unknown,
  work: (deliver: (partial: P) => unknown) => Promise<T>,
): Promise<T> {
  let delivered: unknown;
  try {
    return await work((partial) => {
      delivered = tell(partial);
      return delivered;
    });
  } finally {
    await delivered;
  }
}

/** Lets `work` learn; where it is begun once more, on another device, it goes on from what it delivered last. */
function learningFrom<R>(
  begun: R | null,
  deliver: (partial: R) => unknown,
  { signal }: JobContext,
  work: (learner: BlockLearner, resume: R | null, keep: (partial: R) => void) => Promise<R>,
): Promise<R> {
  let last = begun;
  const keep = (partial: R) => {
    last = partial;
    deliver(partial);
  };
  return withLearner(signal, (learner) => work(learner, last, keep));
}

function opened(): Project {
  if (!project) throw new InputError("No model is open; open one first.");
  return project;
}

/** Files as the engine reads data. */
function dataOf(files: readonly PathFile[]): readonly DataFile[] {
  return files.map(({ path, file, input }) => ({
    path,
    size: file.size,
    ...(input !== undefined && { input }),
    read: (start = 0, end = file.size) => bytesOf(file.slice(start, end), path),
  }));
}

const api: EngineApi = {
  open: (file, fileName, beside, inputs, onProgress, onLarge) =>
    job(onProgress, async (context) => {
      const { source, left } = await findModel(file, fileName, beside, openStored);
      if (left !== null) await onLarge(left, HELD_BYTES);
      project = await Project.open(source, inputs, left === null ? environment : frugal, context);
      return project.summary;
    }),
  defaultRecipe: async () => opened().defaultRecipe,
  plan: async (choices) => opened().plan(choices),
  targets: async () => opened().targets,
  advise: async (target) => opened().advise(target),
  adviseOn: (recipe, target, onProgress) =>
    job(onProgress, (context) => opened().adopt(recipe).adviseOn(target, context)),
  sources: async () => opened().sources,
  setData: (files, { preprocess, seed }, onProgress) =>
    job(onProgress, async (context) => {
      try {
        const summary = await opened().edit({ preprocess, seed }).takeData(dataOf(files), null, null, context);
        return { summary, sources: summary.inputs };
      } catch (error) {
        if (error instanceof InputsMissing) return { summary: null, sources: error.sources };
        throw error;
      }
    }),
  preset: async (preset) => opened().preset(preset),
  findPreprocess: (choices, samples, beside, onProgress) => {
    const find = (context: JobContext) => opened().findPreprocess({ skip: 0, samples }, context, choices);
    return beside ? probe("preprocessing", onProgress, find) : job(onProgress, find);
  },
  preview: (index, choices) => opened().preview(index, choices),
  predict: (index, choices) => turns.probe("prediction", (signal) => opened().predict(index, { signal }, choices)),
  calibrate: (choices, samples, resume, execution, keeping, onProgress, onCheckpoint) => {
    const keeps = new Keeper(keeping, resume);
    keeper = keeps;
    return job(keeps.watching(onProgress), (context) =>
      delivering(onCheckpoint, async (tell) => {
        const checkpoint = (calibration: Calibration) => keeps.keep(calibration, tell);
        const request = { samples, resume, execution, checkpoint, isLeaving: () => keeps.isLeaving };
        const calibration = await opened().calibrate(request, context, choices);
        await keeps.end(calibration);
        return calibration;
      }),
    );
  },
  settle: (recipe, samples, calibration, resume, execution, keeping, onProgress, onCheckpoint) => {
    const keeps = new Keeper(keeping, resume?.calibration ?? null);
    keeper = keeps;
    return job(keeps.watching(onProgress), (context) =>
      delivering(onCheckpoint, (tell) => {
        const checkpoint = (underway: Underway) => {
          const told = () => tell(underway);
          return underway.calibration ? keeps.keep(underway.calibration, told, underway.recipe) : told();
        };
        const request = { samples, resume, execution, checkpoint, isLeaving: () => keeps.isLeaving };
        return opened().adopt(recipe).takeCalibration(calibration).settle(request, context);
      }),
    );
  },
  resolve: (recipe, calibration, onProgress) =>
    job(onProgress, async () => opened().adopt(recipe).takeCalibration(calibration).resolve().recipe),
  chooseFastest: (recipe, calibration, onProgress) =>
    job(onProgress, async (context) => {
      const held = opened().adopt(recipe).takeCalibration(calibration);
      const trial = await held.chooseFastest(context);
      const { runtimes, machine } = environment;
      const on = `${runtimes.main.label}, one thread, ${machine}`;
      return { recipe: held.recipe, trial, on, notice: speedNotice(trial, held.model.name) };
    }),
  writtenGraph: async (recipe) => opened().adopt(recipe).writtenGraph(),
  node: async (id, of, choices) => opened().node(id, of, choices),
  weights: async (name, choices) => opened().weight(name, choices),
  refinement: (recipe, onProgress) => job(onProgress, (context) => opened().adopt(recipe).refinement(context)),
  values: async (tensor, sample, count, choices) => opened().values(tensor, sample, count, choices),
  diagnose: async (recipe, calibration, measured) => project?.adopt(recipe).diagnose(calibration, measured) ?? null,
  evaluate: (recipe, range, limit, onProgress) =>
    job(onProgress, (context) =>
      opened()
        .adopt(recipe)
        .evaluate({ ...range, speeds: true }, limit, context),
    ),
  probe: (recipe, range, onProgress) =>
    probe("change", onProgress, (context) => opened().adopt(recipe).probe(range, context)),
  sensitivity: (recipe, samples, untilSettled, onProgress, onResult) =>
    job(onProgress, (context) =>
      delivering(onResult, (deliver) =>
        opened().adopt(recipe).sensitivity({ samples, untilSettled }, context, deliver),
      ),
    ),
  layerTimes: (recipe, onProgress) => job(onProgress, (context) => opened().adopt(recipe).layerTimes(context)),
  drift: (recipe, calibration, files, onProgress) =>
    job(onProgress, async (context) => {
      const held = opened().adopt(recipe).takeCalibration(calibration);
      const data = await held.openBeside(dataOf(files), null, calibration);
      const found = await held.drift({ skip: 0, samples: data.length }, context, data);
      return { ...found, notices: [...data.notices, ...found.notices] };
    }),
  walk: (recipe, samples, onProgress) => job(onProgress, (context) => opened().adopt(recipe).walk(samples, context)),
  tune: (recipe, request, onProgress, onPoint) =>
    job(onProgress, (context) =>
      delivering(onPoint, (deliver) => opened().adopt(recipe).tune(request, context, deliver)),
    ),
  learnRounding: (recipe, request, onProgress, onPoint, onLayer) =>
    job(onProgress, (context) =>
      delivering(onLayer, (deliver) =>
        learningFrom(request.resume, deliver, context, (learner, resume, onLayer) =>
          opened()
            .adopt(recipe)
            .learnRounding({ ...request, resume }, learner, { context, onPoint, onLayer }),
        ),
      ),
    ),
  fineTune: (recipe, request, onProgress, onPoint, onBlock) =>
    job(onProgress, (context) =>
      delivering(onBlock, (deliver) =>
        learningFrom(request.resume, deliver, context, (learner, resume, onBlock) =>
          opened()
            .adopt(recipe)
            .fineTune({ ...request, resume }, learner, { context, onPoint, onBlock }),
        ),
      ),
    ),
  findCodes: (recipe, request, onProgress, onFound) =>
    job(onProgress, (context) =>
      delivering(onFound, (deliver) =>
        withWasmLearner((learner) => opened().adopt(recipe).findCodes(request, learner, { context, onFound: deliver })),
      ),
    ),
  exportFiles: (recipe, calibration, evaluation, tuning, passphrase, onProgress, target = null) =>
    job(onProgress, async (context) => {
      const date = new Date().toISOString();
      const held = opened().adopt(recipe).takeCalibration(calibration);
      const left = held.leaveBiases();
      const { files, notices } = await held.export({ evaluation, tuning, date, passphrase }, context);
      context.report({ task: "Packing", done: 0, total: files.length, unit: "files" });
      const parts = zipArtifacts(files, date) as Uint8Array<ArrayBuffer>[];
      const zip = target ? await writeParts(target, parts, context) : new Blob(parts, { type: "application/zip" });
      const zipName = `${held.model.name}.octet.zip`;
      return {
        ...{ zip, zipName },
        files: alone(zip, parts, files),
        notices: [...left, ...notices],
      };
    }),
  writeFiles: (recipe, calibration, passphrase, onProgress) =>
    job(onProgress, async (context) => {
      await removeResults(self.name);
      const staging = new OriginStaging();
      try {
        const held = opened().adopt(recipe).takeCalibration(calibration);
        const left = held.leaveBiases();
        const date = new Date().toISOString();
        const request = { evaluation: null, date, passphrase, keep: staging.keep };
        const { files, notices } = await held.export(request, context);
        return { files: await staging.files(files, context), notices: [...left, ...notices] };
      } catch (error) {
        staging.close();
        await removeResults(self.name);
        throw error;
      }
    }),
  recipeFile: async (recipe, name, passphrase) => {
    const plain = { name, chunks: [new TextEncoder().encode(writeRecipe(recipe))] };
    const written = passphrase === null ? plain : await sealedFile(plain, passphrase);
    const file = new Blob(written.chunks as Uint8Array<ArrayBuffer>[]);
    return { name: written.name, size: file.size, file };
  },
  importJson: async (text, fileName) => readDocument(text, fileName),
  resultFiles: async (archive) => {
    const members = await resultIn(dataOf([archive])[0]!, HELD_BYTES);
    if (!members) return null;
    const unpacked: PathFile[] = [];
    for (const { path, read } of members) {
      const name = path.slice(path.lastIndexOf("/") + 1);
      unpacked.push({ path, file: new File([(await read()) as Uint8Array<ArrayBuffer>], name) });
    }
    return unpacked;
  },
  isSealed: async ({ path, file }) => isSealed(await bytesOf(file.slice(0, HEAD_BYTES), path)),
  unseal: async ({ path, file }, passphrase) => {
    try {
      const opened = await unseal(await bytesOf(file, path), passphrase, path);
      return new File([opened as Uint8Array<ArrayBuffer>], openedName(file.name));
    } catch (error) {
      if (error instanceof WrongPassphrase) return null;
      throw error;
    }
  },
  verify: (files, key, reports, onProgress) =>
    job(onProgress, async (context) => {
      const publicKey = key && (await readPublicKey(key.text, key.path));
      return verifyFiles(dataOf(files), publicKey, context, async (_, path) => {
        const report = reports.find((each) => each.path === path);
        if (!report)
          throw new InputError(
            `${path} is encrypted and was not opened, so nothing was held against it; drop it again and give its passphrase.`,
          );
        return bytesOf(report.file, path);
      });
    }),
  kindOf: async (file, fileName, beside) => kindOf((await findModel(file, fileName, beside, openStored)).source),
  readQuantized: async (file, fileName, beside) => {
    const { source } = await findModel(file, fileName, beside, openStored);
    return (await readQuantized(source)).file;
  },
  readBeside: (file, fileName, beside, onProgress) =>
    job(onProgress, async () => {
      const { source } = await findModel(file, fileName, beside, openStored);
      return opened().readBeside(source);
    }),
  besideGraph: async () => opened().besideGraph(),
  evaluateBeside: (recipe, range, limit, onProgress) =>
    job(onProgress, (context) => opened().adopt(recipe).evaluateBeside(range, limit, context)),
  walkBeside: (recipe, samples, onProgress) =>
    job(onProgress, (context) => opened().adopt(recipe).walkBeside(samples, context)),
  familyOf: async (files) => {
    const { parts, notices } = await familyAmong(dataOf(files), null);
    return { parts: parts.map(({ name }) => name), dtypes: FAMILY_VARIANTS.map(({ dtype }) => dtype), notices };
  },
  makeFamily: (files, data, { parts, dtypes }, onProgress) =>
    job(onProgress, async (context) => {
      const found = await familyAmong(dataOf(files), data && dataOf(data));
      const request = {
        family: "transformers.js",
        parts: found.parts.filter(({ name }) => parts.includes(name)),
        dtypes,
        beside: found.beside,
        inputs: { shapes: {}, values: {} },
        preprocess: null,
        seed: DEFAULT_SEED,
        samples: null,
      } as const;
      const { files: made, ...summary } = await makeFamily(request, environment, context);
      const zip = zipArtifacts(made, new Date().toISOString()) as Uint8Array<ArrayBuffer>[];
      return {
        summary,
        zip: new Blob(zip, { type: "application/zip" }),
        zipName: `${found.beside.where.replace(/^the folder$/, "model")}.${request.family}.zip`,
      };
    }),
  cancel: async () => turns.cancel(),
  leave: async (leaving) => keeper?.leave(leaving),
};

holdLifeline();
expose(api);

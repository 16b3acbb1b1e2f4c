export { zipArtifacts } from "../job/archive.ts";
export type { Artifact } from "../job/artifact.ts";
export { compareReports, readReport } from "../job/compare.ts";
export { openData } from "../job/data.ts";
export { evaluateModels, isTokenInput } from "../job/evaluate.ts";
export type { Exported } from "../job/export.ts";
export {
  besideWebgpu,
  FAMILY_VARIANTS,
  type FamilyVariant,
  floatArtifact,
  isVariantName,
  noiseOf,
  worstOutput,
} from "../job/family.ts";
export { assertTimeable, speedNotice } from "../job/fastest.ts";
export type { CodeSearch } from "../job/findOnSamples.ts";
export { findPreprocess } from "../job/findPreprocess.ts";
export { settleInputs } from "../job/inputs.ts";
export { inspectModel } from "../job/inspect.ts";
export { DEFAULT_SEED } from "../job/open.ts";
export { unseenNotices } from "../job/overlap.ts";
export { totalBytes } from "../job/quantize.ts";
export { recordOf } from "../job/report.ts";
export type { Settled, Want } from "../job/settle.ts";
export { floatFileOf, type ModelSource, modelFileOf, type RunnableModel } from "../job/source.ts";
export { FloatRunner } from "../job/stateRunner.ts";
export { type ProbeKind, Turns } from "../job/turns.ts";
export { withLayerType } from "../recipe/edits.ts";
export { withInputs } from "../recipe/inputs.ts";
export { readCalibration, readDocument, readRecipe, writeRecipe } from "./documents.ts";
export type { Environment } from "./environment.ts";
export { Project, type SampleRange } from "./project.ts";

export { zipArtifacts } from "../job/archive.ts";
export { type Artifact, artifactBytes, fileOf, partsOf } from "../job/artifact.ts";
export { compareReports, readReport } from "../job/compare.ts";
export { openData } from "../job/data.ts";
export { evaluateModels, isTokenInput } from "../job/evaluate.ts";
export type { Exported } from "../job/export.ts";
export { FAMILY_VARIANTS } from "../job/family.ts";
export { dataOfPart, isCarried, loneName, modelsAmong, partsAmong } from "../job/familyFiles.ts";
export { assertTimeable, speedNotice } from "../job/fastest.ts";
export { findPreprocess } from "../job/findPreprocess.ts";
export { gate } from "../job/gate.ts";
export { settleInputs } from "../job/inputs.ts";
export { inspectModel } from "../job/inspect.ts";
export type { Keep } from "../job/keepWorked.ts";
export { DEFAULT_SEED } from "../job/open.ts";
export { unseenNotices } from "../job/overlap.ts";
export { totalBytes } from "../job/quantize.ts";
export { kindOf, readQuantized } from "../job/readQuantized.ts";
export { recordOf } from "../job/report.ts";
export { resultIn } from "../job/resultArchive.ts";
export { isSealed, sealedFile, unseal, WrongPassphrase } from "../job/sealedFiles.ts";
export { isSealable, openedName, sealedName } from "../job/sealedName.ts";
export { SensitivityMerge } from "../job/sensitivityShards.ts";
export type { Settled, Want } from "../job/settle.ts";
export { ShardMerge } from "../job/shards.ts";
export { isReport, signatureName, signatures } from "../job/signedReports.ts";
export { keyName, makeKeys, readPrivateKey, readPublicKey, type SigningKey } from "../job/signing.ts";
export type { SmoothedInput, SmoothingSearch } from "../job/smooth.ts";
export { floatFileOf, type ModelSource, modelFileOf, type RunnableModel, weightFiles } from "../job/source.ts";
export { FloatRunner } from "../job/stateRunner.ts";
export { clippingOfFiles } from "../job/storedClipping.ts";
export { storedFile } from "../job/storedFile.ts";
export { type Step, stepsTo } from "../job/tune.ts";
export { type ProbeKind, Turns } from "../job/turns.ts";
export type { Verified } from "../job/verifiedExport.ts";
export { type Opener, verifyFiles } from "../job/verifyFiles.ts";
export { withLayerType } from "../recipe/edits.ts";
export { withInputs } from "../recipe/inputs.ts";
export { withLayerForm } from "../recipe/layerForms.ts";
export {
  gateJUnit,
  gateMarkdown,
  readAnyShard,
  readCalibration,
  readDocument,
  readEvaluation,
  readRecipe,
  readRules,
  writeCalibration,
  writeRecipe,
  writeSensitivityShard,
  writeShard,
} from "./documents.ts";
export type { Environment } from "./environment.ts";
export { type Family, type FamilyPart, type FamilyRequest, makeFamily } from "./family.ts";
export { type FamilyFolder, familyAmong } from "./familyFolder.ts";
export { Project, type SampleRange } from "./project.ts";

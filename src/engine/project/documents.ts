export {
  gateJUnit,
  gateMarkdown,
  parsePreprocess,
  readCalibration,
  readDocument,
  readEvaluation,
  readRecipe,
  readRules,
  writeJson,
  writeRecipe,
} from "../job/documents.ts";

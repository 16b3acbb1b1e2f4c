export {
  parsePreprocess,
  readCalibration,
  readDocument,
  readRecipe,
  writeJson,
  writeRecipe,
} from "../job/documents.ts";

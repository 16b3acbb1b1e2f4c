import type { Report } from "../model/report.ts";
import { heading } from "./document.ts";
import { writeJson } from "./json.ts";

/** The report for programs. Its shape is Report; NaN and infinities are strings. */
export function writeReport(report: Report): string {
  return writeJson({ ...heading("report"), ...report });
}

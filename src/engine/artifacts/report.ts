import { PAST_REPORTS } from "../model/past/report.ts";
import { REPORT, type Report } from "../model/report.ts";
import { fields, into, type Schema } from "../schema/define.ts";
import { type Document, heading, headingSchema, readDocument } from "./document.ts";
import { writeJson } from "./json.ts";

/** docs/schemas/report.schema.json is made from this. */
export const REPORT_FILE = fields({ ...headingSchema("report"), ...REPORT.entries });

const DOCUMENT = {
  kind: "report",
  schema: into(REPORT_FILE, ({ kind, version, ...report }) => report),
  past: PAST_REPORTS,
} as const satisfies Document<Schema>;

/** The report for programs. Its shape is Report; NaN and infinities are strings. */
export function writeReport(report: Report): string {
  return writeJson({ ...heading("report"), ...report });
}

/** Reads what writeReport wrote, losing nothing. Throws InputError as readDocument does. */
export function readReport(text: string, fileName: string): Report {
  return readDocument(DOCUMENT, text, fileName);
}

import { writeReportPage } from "../artifacts/html.ts";
import { writeReport } from "../artifacts/report.ts";
import type { Report } from "../model/report.ts";
import type { Artifact } from "./artifact.ts";
import { reportedFile } from "./report.ts";

/** A file of text. */
export function textFile(name: string, text: string): Artifact {
  return { name, chunks: [new TextEncoder().encode(text)] };
}

/** The report as a page, which names the same files. */
export function reportPage(report: Report): Artifact {
  return textFile(`${report.model.name}.report.html`, writeReportPage(report));
}

/** The report for programs, which names its page, as that is written, too. */
export function reportFile(report: Report, page: Artifact): Artifact {
  const whole = { ...report, files: [...report.files, reportedFile(page)] };
  return textFile(`${report.model.name}.report.json`, writeReport(whole));
}

import { type Notice, namesSubject } from "../../engine/model/job.ts";

/** What a person should know but that stops nothing: warnings first, since a long list scrolls. */
export function Notices({ notices, label }: { readonly notices: readonly Notice[]; readonly label: string }) {
  if (notices.length === 0) return null;
  const warnings = notices.filter(({ kind }) => kind === "warning");
  const notes = notices.filter(({ kind }) => kind !== "warning");
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a long list scrolls by keyboard
    <ul className="notices" aria-label={label} tabIndex={0}>
      {[...warnings, ...notes].map((notice) => (
        <li key={`${notice.subject} ${notice.message}`} className={notice.kind}>
          <span className="notice-kind">{notice.kind === "warning" ? "Warning" : "Note"}</span>{" "}
          {namesSubject(notice) ? null : <strong>{notice.subject} </strong>}
          {notice.message}
        </li>
      ))}
    </ul>
  );
}

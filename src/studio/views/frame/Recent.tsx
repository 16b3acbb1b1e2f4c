import { useMemo, useRef } from "react";
import { byteSize } from "../../../engine/values/units.ts";
import { FileButton } from "../../parts/FileButton.tsx";
import { useLabels } from "../../parts/useLabels.ts";
import { resumeSession } from "../../state/model.ts";
import type { StoredSession } from "../../state/slices/work.ts";
import { DeleteEverything } from "./DeleteEverything.tsx";

/** Of the list, what names take at most. */
const NAMES = 0.5;

interface RecentProps {
  readonly sessions: readonly StoredSession[];
  readonly busy: boolean;
}

/** What was open last, to go on with. */
export function Recent({ sessions, busy }: RecentProps) {
  const list = useRef<HTMLUListElement>(null);
  const names = useMemo(() => sessions.map(({ name }) => name), [sessions]);
  const labelOf = useLabels(list, names, NAMES);
  return (
    <section className="start-last" aria-labelledby="last-heading">
      <h2 id="last-heading">Recent projects</h2>
      <ul ref={list}>
        {sessions.map((session) => (
          <LastSession key={session.sha256} session={session} label={labelOf(session.name)} busy={busy} />
        ))}
      </ul>
      <DeleteEverything />
    </section>
  );
}

interface LastProps {
  readonly session: StoredSession;
  readonly label: string;
  readonly busy: boolean;
}

function LastSession({ session, label, busy }: LastProps) {
  return (
    <li data-testid="last-session">
      <div>
        <span className="last-name" title={session.name}>
          {label}
        </span>
        <span className="last-facts">
          {byteSize(session.bytes)}, opset {session.opset}, {new Date(session.savedAt).toLocaleString()}
        </span>
        {session.kept ? null : (
          <span className="last-facts">Recipe and results are kept; the model file is asked for again.</span>
        )}
      </div>
      {session.kept ? (
        <button type="button" className="button" disabled={busy} onClick={() => resumeSession(session, [])}>
          Go on
        </button>
      ) : (
        <FileButton multiple disabled={busy} onFiles={(files) => resumeSession(session, files)} testId="resume-input">
          Choose its file
        </FileButton>
      )}
    </li>
  );
}

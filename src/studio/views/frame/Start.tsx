import { lazy, Suspense, useMemo, useRef } from "react";
import { byteSize } from "../../../engine/values/units.ts";
import { Docs } from "../../parts/Docs.tsx";
import { FileButton } from "../../parts/FileButton.tsx";
import { useLabels } from "../../parts/useLabels.ts";
import { takeFiles } from "../../state/intake.ts";
import { resumeSession } from "../../state/model.ts";
import { openSample } from "../../state/sample.ts";
import type { StoredSession } from "../../state/slices/work.ts";
import { actions } from "../../state/store.ts";
import { useWork } from "../../state/useStudio.ts";
import { HostLine } from "./HostLine.tsx";
import { JobLine } from "./JobLine.tsx";
import { StartPicture } from "./StartPicture.tsx";
import "./Start.css";

/** Its dialog is no part of what is waited for before the first paint. */
const DeleteEverything = lazy(() =>
  import("./DeleteEverything.tsx").then((part) => ({ default: part.DeleteEverything })),
);

/** Of the list, what names take at most. */
const NAMES = 0.5;

/** The first screen: open a model, or go on with what was open last. */
export function Start() {
  const sessions = useWork((work) => work.sessions);
  const busy = useWork((work) => work.job !== null);
  return (
    <main className="start" data-testid="start">
      <div className="start-head">
        <h1>Octet</h1>
        <p className="start-what">
          Quantize an ONNX model to int8 or int4, on your own samples, and see what it costs, layer by layer. What it
          loses is measured on the very file that you download. Your model stays in this tab: nothing is uploaded, and
          the page talks to no other server.
        </p>
      </div>
      <div className="start-drop">
        <p>
          Drop an .onnx file, with samples and labels if you like, anywhere on this page, or a folder of several models
          to have every file made that transformers.js asks for
        </p>
        <div className="start-ways">
          <FileButton primary multiple onFiles={takeFiles} disabled={busy} testId="open-model-input">
            Open model
          </FileButton>
          <button type="button" className="button" onClick={openSample} disabled={busy}>
            Open the sample project
          </button>
          <FileButton folder onFiles={actions.familyChosen} disabled={busy} testId="family-input">
            Make a family of a folder
          </FileButton>
        </div>
        <JobLine />
        <p className="muted">
          The sample is a small network that tells clothes apart, with 800 pictures; it comes with the page.
        </p>
      </div>
      <p>
        <Docs screen="start" text="Tutorial: quantize your own image model in ten minutes" />
      </p>
      {sessions.length > 0 ? <Recent sessions={sessions} busy={busy} /> : null}
      <StartPicture />
      <div className="start-host">
        <HostLine />
      </div>
    </main>
  );
}

interface RecentProps {
  readonly sessions: readonly StoredSession[];
  readonly busy: boolean;
}

function Recent({ sessions, busy }: RecentProps) {
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
      <Suspense fallback={null}>
        <DeleteEverything />
      </Suspense>
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

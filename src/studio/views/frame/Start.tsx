import { lazy, Suspense } from "react";
import { Docs } from "../../parts/Docs.tsx";
import { FileButton } from "../../parts/FileButton.tsx";
import { takeFiles } from "../../state/intake.ts";
import { openSample } from "../../state/sample.ts";
import { actions } from "../../state/store.ts";
import { useWork } from "../../state/useStudio.ts";
import { HostLine } from "./HostLine.tsx";
import { JobLine } from "./JobLine.tsx";
import { StartPicture } from "./StartPicture.tsx";
import "./Start.css";

/** No part of what is waited for before the first paint. */
const Recent = lazy(() => import("./Recent.tsx").then((part) => ({ default: part.Recent })));

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
      {sessions.length > 0 ? (
        <Suspense fallback={null}>
          <Recent sessions={sessions} busy={busy} />
        </Suspense>
      ) : null}
      <StartPicture />
      <div className="start-host">
        <HostLine />
      </div>
    </main>
  );
}

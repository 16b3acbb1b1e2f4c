import { significant } from "../../../engine/values/figures.ts";
import { percent } from "../../../engine/values/shares.ts";
import { byteSize } from "../../../engine/values/units.ts";
import { Hint } from "../../parts/Term.tsx";
import { closeModel } from "../../state/model.ts";
import { closenessText } from "../../state/outputs.ts";
import { evaluationIsStale } from "../../state/steps.ts";
import { useFacts } from "../../state/useFacts.ts";
import { useProject, useWork } from "../../state/useStudio.ts";
import { type Theme, useTheme } from "../../theme.ts";
import { Stepper } from "./Stepper.tsx";
import "./Header.css";

export function Header({ onHelp }: { readonly onHelp: () => void }) {
  const model = useProject((project) => project.model);
  const busy = useWork((work) => work.job !== null);
  if (!model) return null;
  return (
    <header className="header">
      <div className="header-model">
        <h1 className="header-name" data-testid="model-name" title={model.file.name}>
          {model.file.name}
        </h1>
        <span className="header-facts" title={`${byteSize(model.summary.bytes)}, opset ${model.summary.opset}`}>
          {byteSize(model.summary.bytes)}, opset {model.summary.opset}
        </span>
      </div>
      <Stepper />
      <div className="header-end">
        <NotKept />
        <Results />
        <ThemeChoice />
        <Hint text="Close the model and go back to the start; its session stays stored.">
          <button type="button" className="button quiet" onClick={closeModel} disabled={busy}>
            Close
          </button>
        </Hint>
        <button
          type="button"
          className="button quiet"
          aria-label="Keys and words"
          aria-keyshortcuts="?"
          onClick={onHelp}
        >
          ?
        </button>
      </div>
    </header>
  );
}

/** The word for a session that this browser does not keep. */
function NotKept() {
  const notKept = useWork((work) => work.notKept);
  if (!notKept) return null;
  return (
    <span className="badge stale" data-testid="not-kept" title={notKept}>
      not kept
    </span>
  );
}

function Results() {
  const facts = useFacts();
  const result = facts.evaluation?.result;
  if (!result) return null;
  const text = result.top1
    ? `top-1 ${significant(result.top1.float * 100)} → ${percent(result.top1.quantized)}`
    : result.perplexity
      ? `perplexity ${significant(result.perplexity.float)} → ${significant(result.perplexity.quantized)}`
      : (closenessText(result.outputs, facts.model?.summary.outputs ?? []) ?? "evaluated");
  const verdict = result.verdict ? (result.verdict.passed ? "pass" : "fail") : null;
  const stale = evaluationIsStale(facts);
  return (
    <span className={stale ? "badge stale" : "badge"} data-testid="results" title={text}>
      {text}
      {stale ? " stale" : verdict ? <strong className={`verdict ${verdict}`}> {verdict}</strong> : null}
    </span>
  );
}

const THEMES: Readonly<Record<Theme, { readonly text: string; readonly next: Theme }>> = {
  system: { text: "Auto", next: "light" },
  light: { text: "Light", next: "dark" },
  dark: { text: "Dark", next: "system" },
};

function ThemeChoice() {
  const { theme, choose } = useTheme();
  const { text, next } = THEMES[theme];
  return (
    <button
      type="button"
      className="button quiet"
      aria-label={`Theme: ${text}`}
      title={`Theme: ${text}; press for ${THEMES[next].text}`}
      onClick={() => choose(next)}
    >
      <span aria-hidden="true">◐</span> <span className="theme-name">{text}</span>
    </button>
  );
}

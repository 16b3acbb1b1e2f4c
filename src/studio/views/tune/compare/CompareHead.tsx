import { DropdownMenu } from "radix-ui";
import { useRef, useState } from "react";
import { sameRecipe } from "../../../../engine/recipe/basis.ts";
import { plural } from "../../../../engine/values/figures.ts";
import { renameResult } from "../../../state/keptResults.ts";
import { adoptRecovered } from "../../../state/quantized.ts";
import { exportRecipe, exportResult, reopenResult } from "../../../state/resultActions.ts";
import type { Unlike } from "../../../state/resultTable.ts";
import { isOwn, type OwnResult, type StoredResult } from "../../../state/stored.ts";
import { useProject, useWork } from "../../../state/useStudio.ts";

const DATE = new Intl.DateTimeFormat("en", {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});

interface Props {
  readonly result: StoredResult;
  readonly unlike: Unlike;
  readonly onDelete: () => void;
}

/** The head of a result's column: its name, whether it can be compared, and what can be done with it. */
export function CompareHead({ result, unlike, onDelete }: Props) {
  const current = useProject(
    ({ recipe }) => recipe !== null && isOwn(result) && sameRecipe(recipe.present, result.recipe),
  );
  const apart = [unlike.samples ? "other samples" : [], unlike.machine ? "other machine or threads" : []].flat();
  return (
    <div className="compare-head">
      <span className="compare-title">
        <Name result={result} />
        <button
          type="button"
          className="button quiet"
          aria-label={`Delete ${result.name}`}
          title="Delete"
          onClick={onDelete}
        >
          ✕
        </button>
      </span>
      <span className="muted small">{DATE.format(result.date)}</span>
      {current ? <span className="badge">current recipe</span> : null}
      {apart.length > 0 ? <span className="hint small">{apart.join(", ")}</span> : null}
      {isOwn(result) ? <Ways result={result} /> : <FileWays result={result} />}
    </div>
  );
}

function Ways({ result }: { readonly result: OwnResult }) {
  const busy = useWork((work) => work.job !== null);
  return (
    <span className="compare-ways">
      <button
        type="button"
        className="button"
        disabled={busy}
        title="Make its recipe the recipe of the moment; Undo takes it back"
        onClick={() => reopenResult(result)}
      >
        Reopen
      </button>
      <DropdownMenu.Root>
        <DropdownMenu.Trigger asChild>
          <button type="button" className="button" disabled={busy}>
            Export <span aria-hidden="true">▾</span>
          </button>
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content className="menu" align="start" sideOffset={2}>
            <DropdownMenu.Item className="menu-item" onSelect={() => void exportResult(result)}>
              All files (zip)
            </DropdownMenu.Item>
            <DropdownMenu.Item className="menu-item" onSelect={() => void exportRecipe(result)}>
              Recipe (JSON)
            </DropdownMenu.Item>
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
    </span>
  );
}

/** A file is there already: what can be done with it is to go on from its recipe. */
function FileWays({ result: { file, recipe, name } }: { readonly result: StoredResult }) {
  const busy = useWork((work) => work.job !== null);
  const differences = file?.differences ?? 0;
  const settings = !recipe
    ? "no recipe was recovered"
    : `settings as recovered from it${differences > 0 ? `, with ${plural(differences, "difference")}` : ""}`;
  return (
    <>
      <span className="muted small">
        a file of {file?.producer || "an unnamed tool"}; {settings}
      </span>
      {recipe ? (
        <span className="compare-ways">
          <button
            type="button"
            className="button"
            disabled={busy}
            title="Make the recovered recipe the recipe of the moment; Undo takes it back"
            onClick={() => adoptRecovered(recipe, name)}
          >
            Go on from its recipe
          </button>
        </span>
      ) : null}
    </>
  );
}

function Name({ result }: { readonly result: StoredResult }) {
  const [text, setText] = useState<string | null>(null);
  const button = useRef<HTMLButtonElement>(null);
  const leave = (commit: boolean) => {
    if (text !== null && commit) void renameResult(result.id, text);
    setText(null);
  };
  if (text === null) {
    return (
      <button
        ref={button}
        type="button"
        className="compare-name"
        title="Rename"
        aria-label={`${result.name}, rename`}
        onClick={() => setText(result.name)}
      >
        {result.name} <span aria-hidden="true">✎</span>
      </button>
    );
  }
  return (
    <input
      className="input"
      aria-label={`Name of ${result.name}`}
      value={text}
      // biome-ignore lint/a11y/noAutofocus: the button pressed turned into this field
      autoFocus
      onFocus={(event) => event.target.select()}
      onChange={(event) => setText(event.target.value)}
      onBlur={() => leave(true)}
      onKeyDown={(event) => {
        if (event.key !== "Enter" && event.key !== "Escape") return;
        event.preventDefault();
        leave(event.key === "Enter");
        requestAnimationFrame(() => button.current?.focus());
      }}
    />
  );
}

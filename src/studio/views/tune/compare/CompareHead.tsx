import { DropdownMenu } from "radix-ui";
import { useRef, useState } from "react";
import { sameRecipe } from "../../../../engine/recipe/basis.ts";
import { renameResult } from "../../../state/keptResults.ts";
import { exportRecipe, exportResult, reopenResult } from "../../../state/resultActions.ts";
import type { Unlike } from "../../../state/resultTable.ts";
import type { StoredResult } from "../../../state/stored.ts";
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
  const busy = useWork((work) => work.job !== null);
  const current = useProject(({ recipe }) => recipe !== null && sameRecipe(recipe.present, result.recipe));
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
    </div>
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

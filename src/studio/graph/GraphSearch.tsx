import { type RefObject, useEffect, useRef, useState } from "react";
import type { Part } from "../../../workers/protocol.ts";
import { plural } from "../../engine/values/figures.ts";
import { allRows, shownRows } from "../state/selection.ts";
import { actions } from "../state/store.ts";
import { useStudio, useView } from "../state/useStudio.ts";
import { blocksAround } from "./shown.ts";
import type { Topology } from "./topology.ts";

const MOST = 50;

interface Props {
  readonly inputRef: RefObject<HTMLInputElement | null>;
  readonly topology: Topology;
  readonly parts: readonly Part[];
  readonly open: ReadonlySet<string>;
}

/** The filter of the list over the graph: what it lets through stays bright, and is listed to go to. */
export function GraphSearch({ inputRef, topology, parts, open }: Props) {
  const filter = useView((view) => view.filter);
  const layer = useView((view) => view.layer);
  const rows = useStudio(shownRows);
  const total = useStudio((state) => allRows(state).length);
  const [listed, setListed] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const leave = (event: FocusEvent | PointerEvent) => {
      if (!box.current?.contains(event.target as Node)) setListed(false);
    };
    document.addEventListener("pointerdown", leave);
    document.addEventListener("focusin", leave);
    return () => {
      document.removeEventListener("pointerdown", leave);
      document.removeEventListener("focusin", leave);
    };
  }, []);

  const goTo = (id: string) => {
    const node = topology.indexOf.get(id);
    const around = node === undefined ? [] : blocksAround(parts, node).map((block) => block.id);
    if (around.some((id) => !open.has(id))) actions.blocksOpened(new Set([...open, ...around]));
    actions.layerSelected(id);
  };
  const goOn = (back: boolean) => {
    if (rows.length === 0) return;
    const at = rows.findIndex(({ id }) => id === layer);
    const next = at < 0 ? 0 : (at + (back ? -1 : 1) + rows.length) % rows.length;
    goTo(rows[next]!.id);
  };
  const isFiltered = filter.trim() !== "";
  return (
    <div ref={box} className="graph-search">
      <input
        ref={inputRef}
        className="input"
        type="search"
        placeholder="Search ( / ): conv, a name, sqnr<20"
        aria-label="Search the graph by name, operator or precision"
        title="Enter goes to the next that is found, Shift and Enter to the one before"
        value={filter}
        data-testid="graph-search"
        onFocus={() => setListed(true)}
        onChange={(event) => {
          actions.rowsFiltered(event.target.value);
          setListed(true);
        }}
        onKeyDown={(event) => {
          if (event.key === "Escape") event.currentTarget.blur();
          else if (event.key === "Enter") goOn(event.shiftKey);
          else return;
          event.preventDefault();
          setListed(event.key === "Enter");
        }}
      />
      <span className="muted graph-found" role="status" data-testid="graph-found">
        {isFiltered ? `${rows.length} of ${total}` : plural(total, "row")}
      </span>
      {listed && isFiltered ? (
        <ul className="graph-results" aria-label="Layers found" data-testid="graph-results">
          {rows.slice(0, MOST).map((row) => (
            <li key={row.id}>
              <button
                type="button"
                className={row.id === layer ? "button quiet selected" : "button quiet"}
                title={row.id}
                onClick={() => {
                  goTo(row.id);
                  setListed(false);
                }}
              >
                <span className="graph-result-name">{row.name}</span>
                <span className="muted">{row.operator}</span>
              </button>
            </li>
          ))}
          {rows.length > MOST ? <li className="muted">and {rows.length - MOST} more</li> : null}
          {rows.length === 0 ? <li className="muted">No layer fits “{filter}”.</li> : null}
        </ul>
      ) : null}
    </div>
  );
}

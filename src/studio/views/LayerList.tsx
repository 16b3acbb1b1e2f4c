import { useVirtualizer } from "@tanstack/react-virtual";
import { type RefObject, useEffect, useRef } from "react";
import { plural } from "../format.ts";
import { Term } from "../parts/Term.tsx";
import type { SortKey } from "../state/layers.ts";
import { allRows, shownRows } from "../state/selection.ts";
import { studio, useStudio } from "../state/store.ts";
import { LayerRow } from "./LayerRow.tsx";
import "./LayerList.css";

const ROW_HEIGHT = 26;

const COLUMNS: readonly { readonly key: SortKey; readonly text: string; readonly className: string }[] = [
  { key: "name", text: "Layer", className: "cell-name" },
  { key: "operator", text: "Op", className: "cell-operator" },
  { key: "precision", text: "P", className: "cell-precision" },
  { key: "sqnr", text: "SQNR", className: "cell-number" },
  { key: "clipped", text: "Clipped", className: "cell-number" },
];

/** Every layer in graph order or by a column; only the rows in sight exist. */
export function LayerList({ filterRef }: { readonly filterRef: RefObject<HTMLInputElement | null> }) {
  const rows = useStudio(shownRows);
  const total = useStudio((state) => allRows(state).length);
  const layer = useStudio((state) => state.layer);
  const filter = useStudio((state) => state.filter);
  const estimated = useStudio((state) => state.overview.size > 0);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 8,
  });
  const selectedIndex = rows.findIndex((row) => row.id === layer);
  useEffect(() => {
    if (selectedIndex >= 0) virtual.scrollToIndex(selectedIndex, { align: "auto" });
  }, [selectedIndex, virtual]);

  return (
    <div className="layers">
      <div className="layers-head">
        <input
          ref={filterRef}
          className="input"
          type="search"
          placeholder="Filter ( / )"
          aria-label="Filter the layers"
          value={filter}
          onChange={(event) => studio.setState({ filter: event.target.value })}
          onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
        />
        <span className="layers-count">
          {rows.length === total ? plural(total, "row") : `${rows.length} of ${total}`}
          {estimated ? ", estimated" : ""}
        </span>
      </div>
      <div className="layers-grid" role="grid" aria-label="Layers" aria-rowcount={rows.length + 1}>
        <div className="layer-row heads" role="row" aria-rowindex={1}>
          {COLUMNS.map((column) => (
            <Head key={column.key} column={column} />
          ))}
          <span role="columnheader" className="cell-spark">
            Values
          </span>
        </div>
        <div
          ref={scroller}
          className="layers-scroll"
          role="rowgroup"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: the list is scrolled and walked by keyboard
          tabIndex={0}
          aria-label="Rows"
        >
          <div role="presentation" style={{ height: virtual.getTotalSize(), position: "relative" }}>
            {virtual.getVirtualItems().map((item) => {
              const row = rows[item.index];
              return row ? (
                <LayerRow key={row.id} row={row} index={item.index} top={item.start} selected={row.id === layer} />
              ) : null;
            })}
          </div>
        </div>
      </div>
      {rows.length === 0 ? (
        <p className="layers-none">No layer has “{filter}” in its name, operator or precision.</p>
      ) : null}
    </div>
  );
}

function Head({ column }: { readonly column: (typeof COLUMNS)[number] }) {
  const { text, className } = column;
  const sort = useStudio((state) => state.sort);
  const active = sort.key === column.key;
  const toggle = () => {
    if (!active) studio.setState({ sort: { key: column.key, descending: false } });
    else if (!sort.descending) studio.setState({ sort: { key: column.key, descending: true } });
    else studio.setState({ sort: { key: "order", descending: false } });
  };
  return (
    <span
      role="columnheader"
      className={className}
      aria-sort={active ? (sort.descending ? "descending" : "ascending") : "none"}
    >
      <button type="button" className="head" onClick={toggle}>
        {text === "SQNR" ? <Term word="SQNR" /> : text === "Clipped" ? <Term word="clipped">Clipped</Term> : text}
        {active ? <span aria-hidden="true">{sort.descending ? " ↓" : " ↑"}</span> : null}
      </button>
    </span>
  );
}

import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactElement, type RefObject, useEffect, useMemo, useRef } from "react";
import { plural } from "../../../engine/values/figures.ts";
import { Explanation } from "../../explain/Explanation.tsx";
import { METRICS } from "../../metrics.ts";
import { Hint } from "../../parts/Term.tsx";
import { useLabels } from "../../parts/useLabels.ts";
import { sensitivityIsStale } from "../../state/figures.ts";
import { allRows, shownRows } from "../../state/selection.ts";
import type { SortKey } from "../../state/slices/view.ts";
import { actions } from "../../state/store.ts";
import { useResults, useStudio, useView } from "../../state/useStudio.ts";
import type { Word } from "../../words.ts";
import { LayerRow } from "./LayerRow.tsx";
import "./LayerList.css";

const ROW_HEIGHT = 26;

interface Column {
  readonly key: SortKey;
  readonly text: string;
  readonly className: string;
  /** Whether it is sorted with the highest first. */
  readonly worstFirst?: boolean;
}

const COLUMNS: readonly Column[] = [
  { key: "name", text: "Layer", className: "cell-name" },
  { key: "operator", text: "Op", className: "cell-operator" },
  { key: "precision", text: "P", className: "cell-precision" },
  { key: "sensitivity", text: "Sens.", className: "cell-sensitivity", worstFirst: true },
  { key: "sqnr", text: "SQNR", className: "cell-number" },
  { key: "clipped", text: "Clipped", className: "cell-number" },
];

const FILTER_HINT =
  "Words in name, operator or precision; figures as sqnr<20 (dB), clipped>1%, sens>0.5 (of a full bar). All must hold.";

/** Every layer in graph order or by a column; only the rows in sight exist. */
export function LayerList({ filterRef }: { readonly filterRef: RefObject<HTMLInputElement | null> }) {
  const rows = useStudio(shownRows);
  const total = useStudio((state) => allRows(state).length);
  const layer = useView((view) => view.layer);
  const filter = useView((view) => view.filter);
  const estimated = useResults((results) => results.overview.size > 0);
  const stale = useStudio(sensitivityIsStale);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 8,
  });
  const nameHead = useRef<HTMLSpanElement>(null);
  const names = useMemo(() => rows.map(({ name }) => name), [rows]);
  const labelOf = useLabels(nameHead, names, 1);
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
          title={FILTER_HINT}
          aria-label="Filter the layers"
          value={filter}
          onChange={(event) => actions.rowsFiltered(event.target.value)}
          onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
        />
        <span className="layers-count">
          {rows.length === total ? plural(total, "row") : `${rows.length} of ${total}`}
          {estimated ? ", estimated" : ""}
        </span>
      </div>
      <div
        className={stale ? "layers-grid stale" : "layers-grid"}
        role="grid"
        aria-label="Layers"
        aria-rowcount={rows.length + 1}
      >
        <div className="layer-row heads" role="row" aria-rowindex={1}>
          {COLUMNS.map((column) => (
            <Head key={column.key} column={column} cell={column.key === "name" ? nameHead : undefined} />
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
                <LayerRow
                  key={row.id}
                  row={row}
                  label={labelOf(row.name)}
                  index={item.index}
                  top={item.start}
                  selected={row.id === layer}
                />
              ) : null;
            })}
          </div>
        </div>
      </div>
      {rows.length === 0 ? <p className="layers-none">No layer fits “{filter}”.</p> : null}
    </div>
  );
}

interface HeadProps {
  readonly column: Column;
  readonly cell: RefObject<HTMLSpanElement | null> | undefined;
}

function Head({ column, cell }: HeadProps) {
  const { key, className, worstFirst = false } = column;
  const sort = useView((view) => view.sort);
  const active = sort.key === key;
  return (
    <span
      ref={cell}
      role="columnheader"
      className={className}
      aria-sort={active ? (sort.descending ? "descending" : "ascending") : "none"}
    >
      <HeadHint column={column}>
        <button type="button" className="head" onClick={() => actions.rowsSorted(key, worstFirst)}>
          <span className={key in EXPLAINED || key === "sensitivity" ? "term" : undefined}>{column.text}</span>
          {active ? <span aria-hidden="true">{sort.descending ? " ↓" : " ↑"}</span> : null}
        </button>
      </HeadHint>
    </span>
  );
}

const EXPLAINED: Partial<Record<SortKey, Word>> = { sqnr: "SQNR", clipped: "clipped" };

/** What a column shows, on hover and on focus of its head. */
function HeadHint({ column: { key }, children }: { readonly column: Column; readonly children: ReactElement }) {
  const metric = useView((view) => view.metric);
  const word = EXPLAINED[key];
  if (word) {
    const text = (
      <>
        <Explanation word={word} />
        {key === "sqnr" ? <p>The lower of what its values have, estimated, and its weight, measured.</p> : null}
      </>
    );
    return <Hint text={text}>{children}</Hint>;
  }
  if (key !== "sensitivity") return children;
  const { text: name, unit, bar } = METRICS[metric];
  return (
    <Hint
      text={`Sensitivity: ${name} of the model’s output${unit ? `, ${unit},` : ""} when this layer alone is quantized, measured; the bar is ${bar}.`}
    >
      {children}
    </Hint>
  );
}

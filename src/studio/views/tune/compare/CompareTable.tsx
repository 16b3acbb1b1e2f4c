import { Term } from "../../../parts/Term.tsx";
import { type Cell, figureRows, originRows, settingRows, type TableRow, unlike } from "../../../state/resultTable.ts";
import type { StoredResult } from "../../../state/stored.ts";
import { CompareHead } from "./CompareHead.tsx";

interface Props {
  /** Newest first; the first is what the others are held against. */
  readonly results: readonly StoredResult[];
  readonly onDelete: (result: StoredResult) => void;
}

/** One column a result: the settings that differ, then what was measured, then on what. */
export function CompareTable({ results, onDelete }: Props) {
  const settings = settingRows(results);
  const columns = results.length + 1;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table scrolls by keyboard
    <section className="compare-scroll" aria-label="Results side by side" tabIndex={0}>
      <table className="compare-table" data-testid="compare-table">
        <thead>
          <tr>
            <td />
            {results.map((result) => (
              <th key={result.id} scope="col" data-testid="compare-result">
                <CompareHead result={result} unlike={unlike(result, results[0]!)} onDelete={() => onDelete(result)} />
              </th>
            ))}
          </tr>
        </thead>
        {settings.length > 0 || results.length > 1 ? (
          <Rows
            title={settings.length > 0 ? "Settings that differ" : "No setting differs"}
            columns={columns}
            rows={settings}
          />
        ) : null}
        <Rows title="Measured, float → quantized" columns={columns} rows={figureRows(results)} />
        <Rows title="On what" columns={columns} rows={originRows(results)} />
      </table>
    </section>
  );
}

interface RowsProps {
  readonly title: string;
  readonly columns: number;
  readonly rows: readonly TableRow[];
}

function Rows({ title, columns, rows }: RowsProps) {
  return (
    <tbody>
      <tr className="compare-part">
        <th colSpan={columns} scope="rowgroup">
          <span>{title}</span>
        </th>
      </tr>
      {rows.map((row) => (
        <tr key={row.key} data-testid={`compare-${row.key}`}>
          <th scope="row">{row.word ? <Term word={row.word}>{row.label}</Term> : row.label}</th>
          {row.cells.map((cell, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: cells have no other name than their column
            <td key={i} className={classOf(cell)}>
              {cell.best ? (
                <span className="compare-best" role="img" aria-label="best:" title="Best of those that can be compared">
                  ★
                </span>
              ) : null}
              {cell.differs ? <span className="visually-hidden">differs: </span> : null}
              {cell.text}
              {cell.note ? <small>{cell.note}</small> : null}
            </td>
          ))}
        </tr>
      ))}
    </tbody>
  );
}

function classOf({ best, differs, unlike }: Cell): string | undefined {
  return [best && "best", differs && "differs", unlike && "unlike"].filter(Boolean).join(" ") || undefined;
}

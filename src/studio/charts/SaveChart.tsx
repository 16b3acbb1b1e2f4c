import { DropdownMenu } from "radix-ui";
import type { RefObject } from "react";
import { download } from "../state/export.ts";
import { alarmFor } from "../state/log.ts";
import { drawingOf, pngOf, svgOf } from "./picture.ts";
import "./SaveChart.css";

export type Table = readonly Readonly<Record<string, string | number | null>>[];

interface Props {
  readonly frame: RefObject<HTMLElement | null>;
  /** What the chart shows, in a few words: the name of its file. */
  readonly name: string;
  /** The figures behind the drawing, row by row. */
  readonly table: () => Table;
}

/** Lets a chart leave the page: as a drawing, as a picture, and as its figures. */
export function SaveChart({ frame, name, table }: Props) {
  const file = name.replace(/[^\p{L}\p{N}.-]+/gu, "-").replace(/^-+|-+$/g, "");
  const kinds = {
    svg: async (chart: HTMLElement) => svgOf(drawingOf(chart)),
    png: (chart: HTMLElement) => pngOf(drawingOf(chart)),
    csv: async () => {
      const { unparse } = await import("papaparse");
      return new Blob([unparse(table() as Record<string, unknown>[], { newline: "\n" }), "\n"], { type: "text/csv" });
    },
  };
  const save = async (kind: keyof typeof kinds) => {
    if (!frame.current) return;
    try {
      download(await kinds[kind](frame.current), `${file}.${kind}`);
    } catch (error) {
      alarmFor(error, `Saving ${file}.${kind}`);
    }
  };
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>
        <button
          type="button"
          className="chart-save"
          aria-label={`Save ${name}`}
          onClick={(event) => event.stopPropagation()}
        >
          Save
        </button>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="start">
          <DropdownMenu.Item className="menu-item" onSelect={() => save("svg")}>
            Drawing (SVG)
          </DropdownMenu.Item>
          <DropdownMenu.Item className="menu-item" onSelect={() => save("png")}>
            Picture (PNG)
          </DropdownMenu.Item>
          <DropdownMenu.Item className="menu-item" onSelect={() => save("csv")}>
            Figures (CSV)
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

/** Screen, light and dark, and print. */
export const STYLE = `
:root { color-scheme: light dark; --page: #fff; --ink: #1b2126; --quiet: #5a6670; --line: #d9dfe4; --faint: #f3f5f7;
  --bar: #8fa3b5; --low: #b54708; --accent: #0b62a4; --pass: #136c43; --fail: #a8201a; --i8: #0f6e66; --i4: #7038b5; --f16: #8a4b00; --f32: #5b6573; }
@media screen and (prefers-color-scheme: dark) {
  :root { --page: #14181c; --ink: #e3e8ec; --quiet: #9ba8b3; --line: #333c44; --faint: #1d2328;
    --bar: #5f7487; --low: #f0954f; --accent: #6db6ee; --pass: #62c795; --fail: #f28b82; --i8: #45c2b4; --i4: #c09bff; --f16: #f0b35a; --f32: #9aa5b3; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 32px 28px 64px; max-width: 1080px; background: var(--page); color: var(--ink);
  font: 14px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; font-variant-numeric: tabular-nums; }
header p { margin: 0; color: var(--quiet); }
h1 { margin: 2px 0 4px; font-size: 26px; line-height: 1.25; font-weight: 650; overflow-wrap: anywhere; }
h2 { margin: 40px 0 8px; padding-bottom: 4px; border-bottom: 1px solid var(--line); font-size: 18px; font-weight: 650; }
h3 { margin: 22px 0 6px; font-size: 14px; font-weight: 650; }
code { font: 12.5px/1.45 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; unicode-bidi: isolate; }
small { display: block; color: var(--quiet); font-size: 12px; font-weight: 400; }
.note, figcaption { max-width: 76ch; margin: 8px 0; color: var(--quiet); font-size: 13px; }
.verdict { margin: 20px 0; padding: 12px 16px; border: 1px solid var(--line); border-left: 4px solid var(--quiet); background: var(--faint); }
.verdict strong { margin-right: 6px; }
.verdict.pass { border-left-color: var(--pass); } .verdict.pass strong { color: var(--pass); }
.verdict.fail { border-left-color: var(--fail); } .verdict.fail strong { color: var(--fail); }
dl.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(220px, 1fr)); gap: 16px 28px; margin: 20px 0; }
.figures dd { margin-top: 2px; font-size: 18px; font-weight: 650; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(340px, 1fr)); gap: 0 40px; align-items: start; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 18px; margin: 8px 0; }
dt { color: var(--quiet); } dd { margin: 0; overflow-wrap: anywhere; }
table { width: 100%; margin: 10px 0; border-collapse: collapse; }
th, td { padding: 6px 14px 6px 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--quiet); font-size: 12px; font-weight: 600; white-space: nowrap; vertical-align: bottom; }
tbody th { font-weight: 400; }
.compare { max-width: 760px; } .compare td { white-space: nowrap; } .compare small { white-space: normal; }
.operators, .files { width: auto; justify-self: start; margin-top: 0; } .operators td, .files td { text-align: right; }
.operators th + th { text-align: right; }
.layers td:first-child { color: var(--quiet); text-align: right; }
.layers th[scope="row"] { min-width: 170px; } .layers td { white-space: nowrap; } .layers td.why { color: var(--quiet); white-space: normal; }
.precision { display: inline-block; min-width: 34px; padding: 0 5px; border: 1px solid currentColor; border-radius: 3px; font-size: 11px; font-weight: 650; text-align: center; }
.precision.i8, .precision.i16, .precision.c256, .precision.u8 { color: var(--i8); } .precision.i4, .precision.u4, .precision.i2, .precision.u2, .precision.c16, .precision.n4 { color: var(--i4); } .precision.bf16, .precision.f8, .precision.f16 { color: var(--f16); } .precision.f32 { color: var(--f32); }
figure { margin: 14px 0; } svg { display: block; } svg.bars { width: 100%; height: auto; }
svg text { fill: var(--quiet); font-size: 12px; }
.tick { text-anchor: end; dominant-baseline: middle; } .mark { text-anchor: middle; } .end { text-anchor: end; }
svg text.mark { fill: var(--low); font-weight: 650; }
.grid, .axis { fill: none; stroke: var(--line); } .axis { stroke: var(--quiet); }
.bar { fill: var(--bar); } .bar.low { fill: var(--low); }
.spark { width: 150px; height: 30px; } .bins { fill: var(--bar); } .outside { fill: var(--low); fill-opacity: .22; }
.clip { fill: none; stroke: var(--accent); stroke-width: 1.5; }
.lowest { margin: 4px 0; padding: 0; list-style: none; font-size: 13px; columns: 2; }
.lowest li { break-inside: avoid; } .number { display: inline-block; min-width: 24px; color: var(--low); font-weight: 650; text-align: right; margin-right: 4px; }
.notices { padding-left: 0; list-style: none; } .notices li { padding: 5px 0; border-bottom: 1px solid var(--line); }
.notices .warning strong { color: var(--low); } .notices .info strong { color: var(--quiet); }
footer { margin-top: 40px; color: var(--quiet); font-size: 13px; max-width: 76ch; }
@media screen and (max-width: 760px) { body { padding: 20px 16px 40px; } table { display: block; overflow-x: auto; } .lowest { columns: 1; } }
@page { margin: 14mm; }
@media print {
  body { max-width: none; padding: 0; font-size: 10.5px; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  code { font-size: 9.5px; } small, .note, figcaption, footer, .lowest, thead th { font-size: 9.5px; } h3 { font-size: 11.5px; margin-top: 14px; } dl { gap: 2px 12px; } h1 { font-size: 20px; } h2 { font-size: 14px; margin-top: 22px; }
  tr, figure, .verdict, dl { break-inside: avoid; } h2, h3, .note { break-after: avoid; } thead { display: table-header-group; }
  .summary { break-after: page; } dl.figures { grid-template-columns: 1fr 1fr; gap: 14px 24px; } .figures dd { font-size: 14px; }
  .columns { grid-template-columns: 1fr 1fr; } .layers th[scope="row"] { min-width: 120px; } .spark { width: 110px; height: 22px; }
  th, td { padding-right: 9px; }
}
`;

/** The style sheet of the HTML report: light and dark as the reader's system is, and for print. */
export const style = `
:root { color-scheme: light dark;
  --page: #f4f5f7; --card: #ffffff; --ink: #1b2230; --soft: #545e6e; --line: #dfe3e8; --track: #e8ebef; --link: #0b5cad;
  --compliant: #11806a; --violation: #c8321f; --exempt: #66789c; --unmatched: #a66a00; --undetermined: #7d4bc4;
  --tint-compliant: #e2f3ee; --tint-violation: #fce8e5; --tint-exempt: #e9edf5; --tint-unmatched: #fbf0da; --tint-undetermined: #f0e9fb;
  --on-compliant: #0a5445; --on-violation: #95200f; --on-exempt: #3f4e6d; --on-unmatched: #724900; --on-undetermined: #5a2f98; }
@media (prefers-color-scheme: dark) { :root {
  --page: #12161d; --card: #1a2029; --ink: #e7ebf1; --soft: #a3aebd; --line: #2d3643; --track: #2a323e; --link: #79b8ff;
  --compliant: #2fae92; --violation: #ee6a55; --exempt: #8496bb; --unmatched: #d59a2b; --undetermined: #a98be6;
  --tint-compliant: #12332c; --tint-violation: #43201b; --tint-exempt: #262f41; --tint-unmatched: #3a2c10; --tint-undetermined: #30254a;
  --on-compliant: #7fdcc6; --on-violation: #ffb4a7; --on-exempt: #c0cce6; --on-unmatched: #f3c877; --on-undetermined: #d0bcf8; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
main, header > div, footer { max-width: 1240px; margin: 0 auto; padding: 0 24px; }
h1 { margin: 2px 0 6px; font-size: 34px; line-height: 1.15; letter-spacing: -0.02em; }
h2 { margin: 0 0 14px; font-size: 18px; letter-spacing: -0.01em; }
p { margin: 0 0 8px; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip:focus { position: absolute; left: 8px; top: 8px; width: auto; height: auto; clip-path: none; background: var(--card); padding: 8px 12px; z-index: 1; }
header { border-top: 8px solid var(--accent); background: var(--card); border-bottom: 1px solid var(--line); padding: 26px 0 22px; margin-bottom: 24px; }
header.violation { --accent: var(--violation); } header.undetermined { --accent: var(--unmatched); } header.compliant { --accent: var(--compliant); }
header.violation h1 { color: var(--on-violation); } header.undetermined h1 { color: var(--on-unmatched); } header.compliant h1 { color: var(--on-compliant); }
.eyebrow { color: var(--soft); font-size: 13px; letter-spacing: 0.04em; text-transform: uppercase; margin: 0; }
.lead { font-size: 17px; max-width: 78ch; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(210px, 1fr)); gap: 12px 28px; margin: 18px 0 0; }
.facts dt { color: var(--soft); font-size: 12px; } .facts dd { margin: 0; overflow-wrap: anywhere; }
.top { display: grid; grid-template-columns: 230px 1fr; gap: 20px; margin-bottom: 20px; } .top section { margin: 0; } .top > section { display: grid; align-items: center; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 14px; margin: 0 0 16px; }
.tile { background: var(--card); border: 1px solid var(--line); border-left: 5px solid var(--accent, var(--line)); border-radius: 8px; padding: 14px 16px; display: flex; flex-direction: column-reverse; justify-content: flex-end; }
.tile dt { color: var(--soft); font-size: 13px; } .tile dd { margin: 0; font-size: 30px; font-weight: 650; line-height: 1.2; font-variant-numeric: tabular-nums; }
.tile.violation { --accent: var(--violation); } .tile.compliant { --accent: var(--compliant); } .tile.exempt { --accent: var(--exempt); } .tile.unmatched { --accent: var(--unmatched); } .tile.undetermined { --accent: var(--undetermined); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 20px 22px; margin-bottom: 20px; }
.plain { background: none; border: 0; padding: 0; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(440px, 1fr)); gap: 20px; } .pair > section { margin: 0; } .pair { margin-bottom: 20px; }
.alarm { border-left: 6px solid var(--unmatched); background: var(--tint-unmatched); color: var(--ink); }
.alarm li { margin-bottom: 4px; overflow-wrap: anywhere; }
.ring { width: 100%; max-width: 210px; height: auto; display: block; margin: 0 auto; }
.ring circle { fill: none; stroke-width: 4.2; } .ring text { fill: var(--ink); font-size: 5.6px; font-weight: 650; text-anchor: middle; } .ring .small { fill: var(--soft); font-size: 3px; font-weight: 400; }
.track { fill: var(--track); } .ring .track { stroke: var(--track); }
rect.compliant { fill: var(--compliant); } rect.violation { fill: var(--violation); } rect.exempt { fill: var(--exempt); } rect.unmatched { fill: var(--unmatched); } rect.undetermined { fill: var(--undetermined); }
.arc.compliant { stroke: var(--compliant); } .arc.violation { stroke: var(--violation); } .arc.exempt { stroke: var(--exempt); } .arc.unmatched { stroke: var(--unmatched); } .arc.undetermined { stroke: var(--undetermined); }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: 600; } thead th { color: var(--soft); font-size: 12px; font-weight: 500; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; } .of, .note { color: var(--soft); }
.chart th, .chart td { padding: 5px 8px 5px 0; } .chart tbody th { font-weight: 500; overflow-wrap: anywhere; width: 34%; }
.chart a { text-decoration: none; } .chart a:hover { text-decoration: underline; }
.bar { width: 36%; } .bar svg { display: block; width: 100%; height: 14px; border-radius: 4px; overflow: hidden; }
.missing { display: block; color: var(--on-unmatched); font-size: 12px; font-weight: 400; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 0 0 20px; padding: 0; list-style: none; color: var(--soft); font-size: 13px; } .legend svg { width: 12px; height: 12px; margin-right: 6px; vertical-align: -1px; border-radius: 3px; }
details { margin-top: 10px; } summary { cursor: pointer; color: var(--link); }
.rules td, .rules th { padding: 7px 12px 7px 0; border-top: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; } .rules thead th { border: 0; }
.controls { display: flex; flex-wrap: wrap; gap: 12px; align-items: end; margin-bottom: 14px; } .controls[hidden] { display: none; }
.controls label { font-size: 12px; color: var(--soft); display: grid; gap: 3px; } .controls .search { flex: 1 1 260px; }
input, select, .controls button, .pager button { font: inherit; font-size: 13px; color: var(--ink); background: var(--page); border: 1px solid var(--line); border-radius: 6px; padding: 7px 10px; max-width: 100%; } select { max-width: 220px; }
.controls button, .pager button { cursor: pointer; } .pager button:disabled { color: var(--soft); cursor: default; }
.pager { display: flex; gap: 12px; align-items: center; margin-top: 12px; } .pager[hidden] { display: none; }
.scroll { overflow-x: auto; }
.list { font-size: 13px; } .list th, .list td { padding: 7px 12px 7px 0; border-top: 1px solid var(--line); vertical-align: top; } .list thead th { border: 0; white-space: nowrap; }
.list tbody th { font-weight: 600; min-width: 160px; max-width: 320px; overflow-wrap: anywhere; } .id { display: block; font: 11px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; color: var(--soft); white-space: nowrap; }
.list td:nth-child(4), .list td:nth-child(5), .list td:nth-child(8) { white-space: nowrap; }
.list td:last-child { min-width: 220px; overflow-wrap: anywhere; }
.list thead button { all: unset; color: inherit; cursor: pointer; } .list thead button:focus-visible { outline: 3px solid var(--link); } .list thead button:disabled { cursor: default; color: inherit; }
th[aria-sort=ascending] button::after { content: " ▲"; } th[aria-sort=descending] button::after { content: " ▼"; }
.mark { display: inline-block; border-radius: 999px; padding: 1px 9px; font-size: 12px; font-weight: 600; white-space: nowrap; }
.mark.violation { background: var(--tint-violation); color: var(--on-violation); } .mark.compliant { background: var(--tint-compliant); color: var(--on-compliant); } .mark.exempt { background: var(--tint-exempt); color: var(--on-exempt); } .mark.unmatched { background: var(--tint-unmatched); color: var(--on-unmatched); } .mark.undetermined { background: var(--tint-undetermined); color: var(--on-undetermined); }
footer { color: var(--soft); font-size: 12px; padding-bottom: 40px; }
@media (max-width: 720px) { .top { grid-template-columns: 1fr; } .pair { grid-template-columns: 1fr; } h1 { font-size: 27px; } main, header > div, footer { padding: 0 14px; } }
@media print {
  @page { size: A4 landscape; margin: 12mm; }
  :root { --page: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --track: #ddd; --link: #000; color-scheme: light;
    --compliant: #11806a; --violation: #c8321f; --exempt: #66789c; --unmatched: #a66a00; --undetermined: #7d4bc4;
    --tint-compliant: #fff; --tint-violation: #fff; --tint-exempt: #fff; --tint-unmatched: #fff; --tint-undetermined: #fff;
    --on-compliant: #0a5445; --on-violation: #95200f; --on-exempt: #3f4e6d; --on-unmatched: #724900; --on-undetermined: #5a2f98; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { font-size: 10pt; } main, header > div, footer { max-width: none; padding: 0; } header { margin-bottom: 12pt; padding: 8pt 0; }
  section { border: 0; padding: 0; margin-bottom: 14pt; } .alarm { padding-left: 8pt; } .pair { grid-template-columns: 1fr 1fr; }
  .controls, .pager, .skip { display: none !important; } .scroll { overflow: visible; } a { text-decoration: none; }
  thead { display: table-header-group; } tr, .tile { break-inside: avoid; } h2 { break-after: avoid; }
  .list { font-size: 8pt; } .list td { white-space: normal !important; } .list th, .list td { padding: 2pt 6pt 2pt 0; } .pair { break-inside: avoid; } .id { font-size: 7pt; white-space: normal; overflow-wrap: anywhere; } .list td:last-child { min-width: 0; } .mark { padding: 0; }
}
`

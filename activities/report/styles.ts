/**
 * The report's only style sheet. Series colours are Okabe and Ito's, which the colour-blind can tell apart; what they say
 * is also said by a dash, a mark, a hatch or a word.
 */
export const STYLES = `
:root{color-scheme:light dark;--paper:#fff;--ink:#1b1f24;--soft:#57606a;--rule:#d5dae0;--panel:#f6f8fa;--accent:#0b5cad;--warn-ink:#5c2b00;--warn-paper:#fff1d6;--warn-rule:#d98200;
--bad:#a40e26;--good:#0a6640;--s0:#0072b2;--s1:#d55e00;--s2:#009e73;--s3:#cc79a7;--s4:#8a6d00;--s5:#2f88c0;--true:#0047ff;--predicted:#ff8c00}
@media (prefers-color-scheme:dark){:root{--paper:#0f1318;--ink:#e6eaef;--soft:#a0a9b4;--rule:#303741;--panel:#181d24;--accent:#6cb2ff;--warn-ink:#ffd9a0;--warn-paper:#3a2300;--warn-rule:#d98200;
--bad:#ff8a94;--good:#63d39b;--s0:#56b4e9;--s1:#ff8a4d;--s2:#2fcf9f;--s3:#e6a3c8;--s4:#f0e442;--s5:#9cc9ee}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
main,header,footer{max-width:1180px;margin:0 auto;padding:0 24px}
h1{font-size:28px;line-height:1.2;margin:28px 0 4px}h2{font-size:20px;margin:44px 0 10px;padding-top:14px;border-top:1px solid var(--rule)}h3{font-size:15px;margin:18px 0 6px}
p{margin:6px 0;max-width:76ch}.soft,caption,.note{color:var(--soft)}.note{font-size:13px}
a{color:var(--accent)}code,pre,.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:13px}
pre{background:var(--panel);border:1px solid var(--rule);border-radius:6px;padding:10px 12px;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere;margin:6px 0}
.stand-in{background:var(--warn-paper);color:var(--warn-ink);border-bottom:4px solid var(--warn-rule)}
.stand-in div{max-width:1180px;margin:0 auto;padding:14px 24px}.stand-in strong{display:block;font-size:19px;margin-bottom:2px}.stand-in ul{margin:4px 0 0;padding-left:20px}
.facts{display:grid;grid-template-columns:repeat(4,minmax(0,1fr));gap:1px;background:var(--rule);border:1px solid var(--rule);border-radius:8px;overflow:hidden;margin:16px 0}
.facts div{background:var(--paper);padding:9px 13px}.facts dt{color:var(--soft);font-size:12px}.facts dd{margin:0;font-weight:600;overflow-wrap:anywhere}
.badge{display:inline-block;border:1px solid currentColor;border-radius:99px;padding:1px 10px;font-size:13px;font-weight:600;vertical-align:5px;margin-left:8px}
.completed,.right{color:var(--good)}.failed,.blocked,.wrong{color:var(--bad)}.cancelled,.running{color:var(--soft)}
.failure{border:1px solid var(--bad);border-left-width:6px;border-radius:6px;padding:10px 14px;margin:12px 0}.failure h3{margin:0 0 4px;color:var(--bad)}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:14px}
caption{text-align:left;font-size:13px;padding:6px 0}th,td{padding:5px 9px;text-align:right;border-bottom:1px solid var(--rule);white-space:nowrap}
th:first-child,td:first-child,.text th,.text td{text-align:left}thead th{font-size:12px;color:var(--soft);vertical-align:bottom;white-space:normal;line-height:1.25;border-bottom:2px solid var(--rule)}
.text td{white-space:normal;overflow-wrap:anywhere}tbody th{font-weight:600}tr.ours th,tr.ours td{background:var(--panel)}tr.ours.key th,tr.ours.key td{font-weight:700}
tr.part th{font-weight:400;color:var(--soft);font-size:12px;padding-top:14px;border-bottom-color:var(--soft)}td small,th small{display:block;color:var(--soft);font-size:11px;font-weight:400}
.curves{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,360px),1fr));gap:14px}
figure{margin:0;border:1px solid var(--rule);border-radius:8px;padding:10px 12px}figcaption{font-weight:600;font-size:13px}
svg{display:block;width:100%;height:auto}svg text{font:11px system-ui,sans-serif;fill:var(--ink)}
.curve .grid{stroke:var(--rule);stroke-width:1}.curve .axis{stroke:var(--soft)}svg .tick{fill:var(--soft);font-size:10.5px}
.line{fill:none;stroke-width:2;stroke-linejoin:round}.band{opacity:.16;stroke:none}
.s0 .line{stroke:var(--s0)}.s1 .line{stroke:var(--s1)}.s2 .line{stroke:var(--s2)}.s3 .line{stroke:var(--s3)}.s4 .line{stroke:var(--s4)}.s5 .line{stroke:var(--s5)}
.s0 .band{fill:var(--s0)}.s1 .band{fill:var(--s1)}.s2 .band{fill:var(--s2)}.s3 .band{fill:var(--s3)}.s4 .band{fill:var(--s4)}.s5 .band{fill:var(--s5)}
svg .end{font-size:10.5px}.s0 .end{fill:var(--s0)}.s1 .end{fill:var(--s1)}.s2 .end{fill:var(--s2)}.s3 .end{fill:var(--s3)}.s4 .end{fill:var(--s4)}.s5 .end{fill:var(--s5)}
.dag .edge{fill:none;stroke:var(--soft);stroke-width:1.5}.dag rect{fill:var(--panel);stroke:var(--soft);stroke-width:1.5}.dag .name{font-weight:700;font-size:13px}.dag .state{font-size:12px;fill:var(--soft)}
.dag .reused rect{stroke-dasharray:6 4}.dag .failed rect,.dag .blocked rect{stroke:var(--bad);stroke-width:3}.dag .ran rect{stroke:var(--good);stroke-width:2}.dag .waiting rect,.dag .skipped rect{stroke-dasharray:2 4}
.gallery{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,340px),1fr));gap:16px;align-items:start}
.gallery figure{padding:0;overflow:hidden}.gallery figcaption{padding:10px 12px;font-weight:400;font-size:13px}.gallery .verdict{font-weight:700;font-size:14px}.gallery p{margin:5px 0;overflow-wrap:anywhere}
.gallery details{margin-top:5px}.gallery summary{cursor:pointer;color:var(--accent)}.model{border-left:3px solid var(--rule);padding-left:9px;white-space:pre-wrap;overflow-wrap:anywhere}
.key-swatch{display:inline-block;width:34px;height:18px;vertical-align:middle;margin-right:4px}
footer{margin:40px auto 30px;color:var(--soft);font-size:13px}
@media (max-width:640px){.facts{grid-template-columns:repeat(2,minmax(0,1fr))}main,header,footer,.stand-in div{padding-left:14px;padding-right:14px}h1{font-size:23px}}
@media print{:root{--paper:#fff;--ink:#000;--soft:#444;--rule:#bbb;--panel:#f4f4f4;--accent:#000;--warn-paper:#fff;--warn-ink:#000;--good:#064;--bad:#900}body{font-size:11px}main,header,footer{max-width:none;padding:0}
h2{break-after:avoid}figure,tr,.failure{break-inside:avoid}.wide{overflow:visible}table{font-size:9.5px}th,td{padding:3px 4px}.dag{min-width:0!important}.gallery{grid-template-columns:repeat(3,1fr)}}
`;

"""The look of two runs side by side: A is solid and of the first tone, B dashed and of the second."""

from __future__ import annotations

STYLE = """
.comparing { display:flex; flex-wrap:wrap; gap:.7rem }
.views.two { grid-template-columns:minmax(0,1fr) minmax(0,1fr) minmax(0,1.45fr); gap:1.1rem }
.views.two .curve { align-self:stretch; display:flex; flex-direction:column }
.views.two .curve .drawing { flex:1 1 auto; min-height:17rem; height:auto }
.run { min-width:0 }
.run .name { display:flex; gap:.55rem; align-items:center; margin:0 0 .5rem; min-height:2.5rem; font-size:.92rem;
  line-height:1.3; color:var(--soft) }
.run .name span { overflow:hidden; display:-webkit-box; -webkit-box-orient:vertical; -webkit-line-clamp:2 }
.run .name b, .numbers thead b, h3.of-run, .choices b { color:var(--ink); font-weight:680 }
.run .name b { flex:none; width:1.7rem; text-align:center; line-height:1.55rem; border-radius:6px;
  border:2px solid var(--accent); font-size:.95rem }
[data-run=B].run .name b { border:2px dashed var(--second) }
.run .caption { font-size:.78rem }
.numbers { margin:1rem 0 .2rem }
.numbers table { width:min(100%,40rem); border-collapse:collapse; font-size:.92rem; font-variant-numeric:tabular-nums }
.numbers caption { text-align:left; color:var(--soft); padding:0 0 .4rem; caption-side:top }
.numbers :is(th,td) { padding:.26rem .6rem; border-top:1px solid var(--line); text-align:left; border-bottom:0 }
.numbers :is(th,td):is(:nth-child(2),:last-child) { text-align:right; padding-right:.6rem }
.stage > .status:empty { display:none }
.numbers thead :is(th,td) { border-top:0; padding-top:0 }
.numbers tbody th { font-weight:400; color:var(--soft); width:40% }
.numbers td { width:30% }
.numbers thead th b { display:inline-block; min-width:3.2rem; border-bottom:3px solid var(--accent) }
.numbers thead th[data-run=B] b { border-bottom:3px dashed var(--second) }
.numbers tr.differs :is(th,td) { background:color-mix(in srgb,var(--second) 11%,transparent); color:var(--ink) }
.numbers tr.differs td { font-weight:650 }
.which:not(:empty) { position:sticky; top:0; z-index:2; background:var(--card); padding:.5rem 0 .6rem;
  margin:0 0 .6rem; border-bottom:1px solid var(--line) }
.choices { border:0; padding:0; margin:0; min-width:0; display:flex; flex-wrap:wrap; gap:0 0; align-items:center }
.choices legend { float:left; padding:0 .9rem 0 0; color:var(--soft); font-size:.94rem }
.choices label { position:relative; cursor:pointer }
.choices input { position:absolute; inset:0; opacity:0; width:100%; height:100%; min-height:0; margin:0;
  cursor:pointer }
.choices span { display:block; padding:.42rem 1.15rem; border:1px solid color-mix(in srgb,var(--soft) 75%,transparent);
  margin-left:-1px; min-width:3.4rem; text-align:center }
.choices label:first-of-type span { border-radius:7px 0 0 7px; margin-left:0 }
.choices label:last-of-type span { border-radius:0 7px 7px 0 }
.choices input:checked + span { background:var(--act); border-color:var(--act); color:#fff; font-weight:600 }
.choices input:focus-visible + span { outline:3px solid var(--focus); outline-offset:2px; position:relative; z-index:1 }
.knob .beside { margin:.1rem 0 .15rem; padding:.05rem .5rem; width:fit-content; max-width:100%; font-size:.84rem;
  border-radius:5px; background:color-mix(in srgb,var(--second) 14%,transparent); color:var(--ink);
  border-left:3px solid var(--second) }
.knob .beside:empty { display:none }
h3.of-run { margin:1rem 0 .3rem; font-size:1rem }
@media (max-width:56rem) { .views.two { grid-template-columns:minmax(0,1fr) minmax(0,1fr) }
  .views.two .curve { grid-column:1 / -1 } .views.two .curve .drawing { flex:none; height:17rem } }
@media (max-width:44rem) { .views.two { gap:.8rem } .run .caption { display:none }
  .run .name { font-size:.84rem }
  .numbers :is(th,td) { padding-inline:.35rem } .numbers table { font-size:.88rem }
  .choices legend { float:none; width:100%; padding-bottom:.35rem } .choices label { flex:1 1 0 } }
"""

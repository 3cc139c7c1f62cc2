// What is shown, and how a document is drawn: only near the screen, or two thousand of them would stall the page.
const DATA = JSON.parse(document.getElementById("data").textContent);
const MODE = DATA.about.mode;
// 28 colours for each ground, each pair at least 0.1 apart in OKLab and each 3 : 1 from the ground.
const LIGHT = "455ef8,f5642b,02721c,73294b,da42c2,8f8996,3fa621,0a29c0,9a5328,2193e0,ac77fa,075449,e91a52,433c80,af0439,ab0fa5,6e6ab2,12a195,e06c94,8d42e4,6b7c4e,710385,a4587d,b77f39,605b67,604018,0e5caf,5a1ac4".split(",");
const DARK = "258afb,fe7223,309909,b27a7e,d62a9f,b2abb8,4ace21,28bbfe,e7ad68,22fcfd,9a93fb,6ac396,ea2413,6881aa,f15987,e787d3,acd7fd,10a194,fbb8f4,d259ec,aafa2e,a161bd,f0dda9,a9a918,b9d45a,957f23,22f7a6,8559fc".split(",");
const LINE = 4; // pixels between two lines under the text
const KINDS = ["correct", "boundary", "type", "boundary and type", "missed", "spurious"]; // in the order of the chips
const SIGNS = { accept: "✓ ", reject: "✗ ", change: "✎ ", add: "+ " };
const $ = (id) => document.getElementById(id);

/** An element with properties, `data` attributes and children. */
function make(tag, { data = {}, ...properties } = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  Object.assign(element.dataset, data);
  element.append(...children);
  return element;
}

/** The browser's memory; null where it is closed, as it is in private windows. */
const memory = {
  get: (name) => { try { return localStorage.getItem(`hf-cner:${name}`); } catch { return null; } },
  set: (name, value) => { try { localStorage.setItem(`hf-cner:${name}`, value); return true; } catch { return false; } },
};

const types = new Map(); // name → { colour, count, on }
const kinds = new Map(); // kind of error → { count, on }
const state = { query: "", floor: 0, ceiling: 1, marked: false, doc: null, span: null, draft: null };
const docs = DATA.documents.map((row, number) => ({ ...row, number, points: new Points(row.text), shown: true,
  spans: row.spans.map(([start, end, type, score, kind, side, other], key) => ({ key, start, end, type, score, kind, side, other })) }));

function addType(name) {
  if (!types.has(name)) types.set(name, { colour: types.size % LIGHT.length, count: 0, on: true });
  return types.get(name);
}
function countAll() {
  if (MODE === "errors" && !kinds.size) KINDS.forEach((kind) => kinds.set(kind, { count: 0, on: true }));
  for (const entry of [...types.values(), ...kinds.values()]) entry.count = 0;
  for (const doc of docs) for (const span of doc.spans) {
    addType(span.type).count++;
    if (span.kind && !(span.side === "predicted" && span.other !== null)) kinds.get(span.kind).count++; // a pair is one error
  }
}

const colour = (name, alpha = 1) => `rgb(var(--c${name === null ? "" : addType(name).colour}) / ${alpha})`; // null: a draft
const kindWord = (kind) => word(kind === "type" ? "kind_type" : kind);
const seen = (doc) => (doc.seen ||= new Points(visible(doc.text))); // as it is shown, as many code points
const mention = (doc, span) => seen(doc).slice(span.start, span.end);
const nameOf = (doc) => visible(doc.id) || `${word("document")} ${doc.number + 1}`;
function isShown(span) {
  if (!types.get(span.type).on || span.kind && !kinds.get(span.kind).on) return false;
  return span.score === null || span.score >= state.floor && span.score <= state.ceiling;
}

/** One entity in words: for the bar, for a title, and for whoever hears the page. */
function describe(doc, span) {
  const score = span.score === null ? "" : ` · ${word("score")} ${span.score.toFixed(3)}`;
  const verdict = span.verdict ? ` · ${word(`is_${span.verdict}`)}` : "";
  const other = span.kind && span.other !== null ? doc.spans[span.other] : null;
  const kind = span.kind ? ` · ${kindWord(span.kind)}${span.side === "both" ? "" : ` · ${word(span.side)}`}` : "";
  const pair = other ? ` ↔ ${word(other.side)}: ${visible(other.type)} ${mention(doc, other)}` : "";
  return `${visible(span.type)}: ${mention(doc, span)} · ${word("characters")} ${span.start}–${span.end}${score}${verdict}${kind}${pair}`;
}

/** The ground of a piece: one line for each entity that covers it, and the tint of the innermost. */
function bars(covering, levels) {
  const images = [], places = [];
  for (const span of covering) {
    const full = colour(span.type);
    const dashed = span.side === "gold" || span.verdict === "reject" || span.draft;
    images.push(dashed ? `repeating-linear-gradient(90deg, ${full} 0 4px, transparent 4px 7px)` : `linear-gradient(${full}, ${full})`);
    places.push(`0 calc(100% - ${(levels - 1 - span.level) * LINE}px) / 100% ${LINE - 1}px no-repeat`);
  }
  const inner = covering.reduce((a, b) => (b.level < a.level ? b : a));
  const chosen = covering.includes(state.span) || covering.some((span) => span.draft);
  const faint = inner.kind === "correct" || inner.verdict === "reject";
  const tint = colour(inner.type, chosen ? 0.5 : faint ? 0.07 : 0.18);
  return [...images.map((image, i) => `${image} ${places[i]}`), `linear-gradient(${tint}, ${tint})`].join(", ");
}

function cover(element, covering, levels) {
  if (!covering.length) return element;
  element.classList.add("on");
  element.style.background = bars(covering, levels);
  element.style.paddingBottom = `${levels * LINE}px`;
  return element;
}

function tag(doc, span) {
  const label = describe(doc, span);
  const paired = span.side === "gold" && span.other !== null; // the other one of the pair says what is wrong
  const said = !span.kind || span.kind === "correct" ? "" : ` · ${paired ? word("gold") : kindWord(span.kind)}`;
  const kind = !span.kind ? "" : span.kind === "correct" ? "correct" : "wrong";
  const className = `tag ${span.verdict || ""} ${kind}`;
  const button = make("button", { className, title: label, data: { key: span.key } },
    (SIGNS[span.verdict] || "") + visible(span.type) + said);
  button.setAttribute("aria-label", label);
  button.setAttribute("aria-pressed", String(span === state.span));
  button.style.setProperty("--own", colour(span.type));
  return button;
}

function draw(doc) {
  const shown = doc.spans.filter(isShown);
  const draft = state.draft && state.draft.doc === doc ? [{ ...state.draft, type: null, draft: true }] : [];
  const levels = setLevels([...shown, ...draft]);
  const body = make("div", { className: "text", lang: "zh" });
  body.style.lineHeight = `calc(2em + ${levels * LINE}px)`;
  for (const piece of pieces(doc.points.length, [...shown, ...draft], findHits(doc.points, state.query))) {
    const part = (start, end) => {
      const characters = seen(doc).slice(start, end);
      const text = make("span", { className: piece.hit ? "hit" : "", data: { start } }, characters);
      text.hidden = end === doc.points.length && !piece.active.length && !characters.trim(); // blank lines at the end
      return cover(text, piece.active, levels);
    };
    const length = piece.end - piece.start; // a tag stays in the line of what it is about, or of the last character of that
    const last = piece.end - (!piece.closed.length ? 0 : length > 8 ? 1 : length);
    if (last > piece.start) body.append(part(piece.start, last));
    if (last === piece.end) continue;
    const kept = make("span", { className: "kept" }, part(last, piece.end));
    let left = piece.active;
    for (const span of piece.closed) {
      left = left.filter((other) => other !== span);
      if (!span.draft) kept.append(cover(make("span", { className: "tail" }, tag(doc, span)), left, levels));
    }
    body.append(kept);
  }
  const heading = make("h2", {}, make("span", {}, nameOf(doc)));
  if (doc.record && doc.record !== doc.id) heading.append(make("small", {}, visible(doc.record)));
  heading.append(make("small", {}, word("entities")(shown.length)));
  if (MODE === "review") heading.append(doneBox(doc));
  doc.element.replaceChildren(heading, body);
  doc.element.style.minHeight = "";
  doc.drawn = true;
}

function erase(doc) {
  doc.element.style.minHeight = `${doc.element.offsetHeight}px`;
  doc.element.replaceChildren();
  doc.drawn = false;
}

const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    const doc = docs[entry.target.dataset.number];
    if (entry.isIntersecting && !doc.drawn) draw(doc);
    else if (!entry.isIntersecting && doc.drawn && doc !== state.doc) erase(doc);
  }
}, { rootMargin: "1500px 0px" });

function layOut() {
  for (const doc of docs) {
    doc.element = make("article", { data: { number: doc.number } });
    const lines = doc.points.text.split("\n").reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / 45)), 0);
    doc.element.style.minHeight = `${2.2 * lines + 4}em`;
  }
  $("list").replaceChildren(...docs.map((doc) => doc.element));
  for (const doc of docs) watcher.observe(doc.element);
}

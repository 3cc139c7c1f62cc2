// The page: documents drawn when they come near the screen, filters, search, the chosen entity, keys.
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

const colour = (name, alpha = 1) => `rgb(var(--c${addType(name).colour}) / ${alpha})`;
const kindWord = (kind) => word(kind === "type" ? "kind_type" : kind);
const mention = (doc, span) => visible(doc.points.slice(span.start, span.end));
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

// ---- drawing -------------------------------------------------------------------------------------------------------

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
  const said = !span.kind || span.kind === "correct" ? "" : ` · ${span.side === "gold" && span.other !== null ? word("gold") : kindWord(span.kind)}`;
  const button = make("button", { className: `tag ${span.verdict || ""} ${span.kind === "correct" ? "correct" : ""}`, title: label, data: { key: span.key } },
    (SIGNS[span.verdict] || "") + visible(span.type) + said);
  button.setAttribute("aria-label", label);
  button.setAttribute("aria-pressed", String(span === state.span));
  button.style.setProperty("--own", colour(span.type));
  return button;
}

function draw(doc) {
  const shown = doc.spans.filter(isShown);
  const draft = state.draft && state.draft.doc === doc ? [{ ...state.draft, type: state.draft.type, draft: true }] : [];
  const levels = setLevels([...shown, ...draft]);
  const body = make("div", { className: "text", lang: "zh" });
  body.style.lineHeight = `calc(2em + ${levels * LINE}px)`;
  for (const piece of pieces(doc.points.length, [...shown, ...draft], findHits(doc.points, state.query))) {
    const part = (start, end) => {
      const text = make("span", { className: piece.hit ? "hit" : "", data: { start } }, visible(doc.points.slice(start, end)));
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

// ---- filters -------------------------------------------------------------------------------------------------------

let sequence = docs; // in the order in which they are listed

function update() {
  let number = 0, entities = 0;
  for (const doc of docs) {
    const shown = doc.spans.filter(isShown);
    doc.doubt = shown.reduce((least, span) => Math.min(least, span.score ?? 1), 2);
    doc.shown = (!state.marked || shown.length > 0) &&
      (!state.query || doc.id.includes(state.query) || findHits(doc.points, state.query).length > 0);
    doc.element.hidden = !doc.shown;
    if (doc.shown) [number, entities] = [number + 1, entities + shown.length];
    if (doc.drawn) draw(doc);
  }
  $("count").textContent = word("count")(number.toLocaleString(), entities.toLocaleString(), docs.length.toLocaleString());
  $("nothing").hidden = number > 0;
  showBar();
}

function reorder() {
  const before = sequence;
  sequence = $("order").value === "doubt" ? [...docs].sort((a, b) => a.doubt - b.doubt || a.number - b.number) : docs;
  if (before !== sequence) $("list").append(...sequence.map((doc) => doc.element));
}

function chips(place, entries, label, own) {
  const redo = () => { chips(place, entries, label, own); update(); };
  const all = [...entries.values()].every((entry) => entry.on);
  const first = make("button", { className: "chip", onclick: () => { entries.forEach((entry) => (entry.on = !all)); redo(); } }, word("all"));
  first.setAttribute("aria-pressed", String(all));
  const focused = [...place.children].indexOf(document.activeElement);
  place.replaceChildren(first, ...[...entries].map(([name, entry]) => {
    const chip = make("button", { className: "chip", onclick: () => { entry.on = !entry.on; redo(); } },
      label(name), make("small", {}, entry.count.toLocaleString()));
    chip.setAttribute("aria-pressed", String(entry.on));
    if (own) chip.style.setProperty("--own", colour(name));
    return chip;
  }));
  if (focused >= 0) place.children[focused].focus();
}
function showChips() {
  chips($("legend"), types, visible, true);
  $("kinds").hidden = !kinds.size;
  if (kinds.size) chips($("kinds"), kinds, kindWord, false);
}

// ---- the chosen entity ---------------------------------------------------------------------------------------------

function choose(doc, span, { focus = true } = {}) {
  const before = state.doc;
  if (state.draft && state.draft.doc !== doc) state.draft = null;
  Object.assign(state, { doc, span });
  if (before && before !== doc && before.drawn) draw(before);
  if (doc) {
    draw(doc);
    const button = span && doc.element.querySelector(`[data-key="${span.key}"]`);
    (button || doc.element).scrollIntoView({ block: button ? "nearest" : "start" });
    if (button && focus) button.focus({ preventScroll: true });
  }
  showBar();
}

function showBar() {
  $("bar").hidden = MODE !== "review" && !state.span;
  $("about").textContent = state.draft ? `${word("draft")} · ${mention(state.draft.doc, state.draft)}`
    : state.span ? describe(state.doc, state.span) : MODE === "review" ? word("pick") : "";
  if (MODE === "review") showReview();
}

/** The next shown entity behind the chosen one (`step` 1) or before it (−1), over all listed documents. */
function neighbour(step, wanted = () => true) {
  const listed = sequence.filter((doc) => doc.shown);
  const fit = (doc) => doc.spans.filter((span) => isShown(span) && wanted(span)).sort((a, b) => a.start - b.start || b.end - a.end);
  let at = state.doc ? listed.indexOf(state.doc) : -1;
  if (at >= 0 && state.span) {
    const spans = doc_order(state.doc), here = spans.indexOf(state.span);
    const rest = (step > 0 ? spans.slice(here + 1) : spans.slice(0, Math.max(here, 0)).reverse()).filter((span) => isShown(span) && wanted(span));
    if (rest.length) return [state.doc, rest[0]];
  } else if (at >= 0 && step > 0 && fit(state.doc).length) return [state.doc, fit(state.doc)[0]];
  for (at += step; at >= 0 && at < listed.length; at += step) {
    const spans = fit(listed[at]);
    if (spans.length) return [listed[at], spans[step > 0 ? 0 : spans.length - 1]];
  }
  return null;
}
const doc_order = (doc) => [...doc.spans].sort((a, b) => a.start - b.start || b.end - a.end);
function go(step, wanted) {
  const found = neighbour(step, wanted);
  if (found) choose(...found);
}
function goDocument(step) {
  const listed = sequence.filter((doc) => doc.shown);
  const next = listed[Math.min(Math.max(listed.indexOf(state.doc) + step, 0), listed.length - 1)];
  if (next) choose(next, null);
}

$("list").addEventListener("click", (event) => {
  const doc = docs[event.target.closest("article")?.dataset.number];
  const key = event.target.closest(".tag")?.dataset.key;
  if (!doc || event.target.closest("label") || !getSelection().isCollapsed) return;
  if (key !== undefined) return choose(doc, doc.spans.find((span) => span.key === Number(key)));
  const start = event.target.closest("[data-start]")?.dataset.start;
  const over = doc.spans.filter((span) => isShown(span) && span.start <= start && start < span.end).sort((a, b) => a.level - b.level);
  if (start !== undefined && over.length) choose(doc, over[(over.indexOf(state.span) + 1) % over.length]); // again: the next outer one
});

// ---- keys ----------------------------------------------------------------------------------------------------------

const KEYS = {
  j: ["next", () => go(1)], k: ["previous", () => go(-1)], n: ["nextDocument", () => goDocument(1)], p: ["previousDocument", () => goDocument(-1)],
  "/": ["find", () => $("search").focus()], "?": ["help", () => showKeys()], escape: ["cancel", () => { state.draft = null; choose(state.doc, null); }],
};
const CODES = { BracketLeft: "[", BracketRight: "]", Slash: "/" };

/** The key's name on a plain keyboard, also while an input method for Chinese has the letters. */
function keyOf(event) {
  let key = event.key.length === 1 && event.key > " " && event.key <= "~" ? event.key.toLowerCase() : event.key;
  if (key === "Process" || key.charCodeAt(0) > 0x7e) key = CODES[event.code] || event.code.replace(/^(Key|Digit)/, "").toLowerCase();
  if (event.shiftKey) key = { "[": "{", "]": "}", "/": "?" }[key] || key;
  return `${event.ctrlKey || event.metaKey ? "ctrl+" : ""}${key.length > 1 || event.ctrlKey || event.metaKey ? (event.shiftKey ? "shift+" : "") : ""}${key.toLowerCase()}`;
}
document.addEventListener("keydown", (event) => {
  const writing = event.target.matches("input:not([type=checkbox]):not([type=range]), select, textarea");
  if (event.altKey || $("keys").open || writing) {
    if (event.key === "Escape" && writing) event.target.blur();
    return;
  }
  const entry = KEYS[keyOf(event)];
  if (entry && entry[1](event) !== false) event.preventDefault();
});

function showKeys() {
  const rows = Object.entries(KEYS).map(([key, [name]]) => make("tr", {}, make("td", {}, make("kbd", {}, key)), make("td", {}, word(name))));
  const close = make("button", { onclick: () => $("keys").close() }, word("close"));
  $("keys").replaceChildren(make("h2", {}, word("help")), make("table", {}, ...rows), close);
  $("keys").showModal();
}

// ---- language, ground, start ---------------------------------------------------------------------------------------

function showFigures() {
  const table = DATA.about.table;
  $("figures").hidden = !table;
  if (!table) return;
  const head = (name) => (KINDS.includes(name) ? kindWord(name) : word(name));
  const row = (kind, name, values) => make("tr", {}, make(kind, {}, name), ...values.map((value) => make(kind, {}, value.toLocaleString())));
  $("figures").lastElementChild.replaceChildren(...table.remarks.map((line) => make("p", { className: "warning" }, line)),
    make("table", {}, row("th", word("type"), table.columns.map(head)), ...table.rows.map(([name, ...values]) => row("td", visible(name), values)), row("td", word("all"), table.sums)));
}

function say() {
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = word(element.dataset.word);
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", word(element.dataset.label));
    element.title = word(element.dataset.label);
  }
  $("search").placeholder = word("search");
  $("search").setAttribute("aria-label", word("search"));
  $("language").textContent = word("language");
  showFigures();
  showChips();
  update();
}

function setGround(name) {
  document.documentElement.dataset.theme = name;
  (name === "dark" ? DARK : LIGHT).forEach((hex, i) => {
    const [red, green, blue] = [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16));
    document.documentElement.style.setProperty(`--c${i}`, `${red} ${green} ${blue}`);
  });
}
function later(run) { // once, when the typing rests
  let timer = 0;
  return () => { clearTimeout(timer); timer = setTimeout(run, 150); };
}

function begin() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  setGround(memory.get("theme") || (dark.matches ? "dark" : "light"));
  dark.addEventListener("change", () => memory.get("theme") || setGround(dark.matches ? "dark" : "light"));
  language = memory.get("language") || language;
  $("title").textContent = DATA.about.title;
  DATA.about.types.forEach(addType);
  countAll();
  layOut();
  $("theme").onclick = () => { const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark"; setGround(next); memory.set("theme", next); };
  $("language").onclick = () => { language = language === "zh" ? "en" : "zh"; memory.set("language", language); say(); };
  $("help").onclick = showKeys;
  $("search").oninput = later(() => { state.query = $("search").value; update(); });
  $("marked").onchange = () => { state.marked = $("marked").checked; update(); };
  $("order").onchange = () => { reorder(); update(); };
  for (const name of ["floor", "ceiling"]) $(name).oninput = () => { state[name] = Number($(name).value); $(`${name}-value`).textContent = $(name).value; update(); };
  for (const element of document.querySelectorAll("#floor, #ceiling, #order")) {
    (element.closest("label") || element).hidden = !docs.some((doc) => doc.spans.some((span) => span.score !== null));
  }
  addEventListener("beforeprint", () => docs.forEach(draw));
  new ResizeObserver(() => {
    document.documentElement.style.scrollPaddingTop = `${document.querySelector("header").offsetHeight + 12}px`;
    document.documentElement.style.scrollPaddingBottom = `${$("bar").offsetHeight + 40}px`;
    document.body.style.paddingBottom = `${$("bar").offsetHeight + 40}px`;
  }).observe(document.body);
  if (MODE === "review") beginReview();
  say();
}

// The page: filters, search, the chosen entity, keys, languages, light and dark.
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
  const turnAll = () => { entries.forEach((entry) => (entry.on = !all)); redo(); };
  const first = make("button", { className: "chip", onclick: turnAll }, word("all"));
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

const inOrder = (spans) => [...spans].sort((a, b) => a.start - b.start || b.end - a.end);

/** The next shown entity behind the chosen one (`step` 1) or before it (−1), over all listed documents; of errors the next error. */
function neighbour(step, wanted = (span) => span.kind !== "correct") {
  const listed = sequence.filter((doc) => doc.shown);
  const fit = (doc) => inOrder(doc.spans.filter((span) => isShown(span) && wanted(span)));
  let at = state.doc ? listed.indexOf(state.doc) : -1;
  if (at >= 0 && state.span) {
    const spans = inOrder(state.doc.spans), here = spans.indexOf(state.span);
    const rest = step > 0 ? spans.slice(here + 1) : spans.slice(0, Math.max(here, 0)).reverse();
    const found = rest.find((span) => isShown(span) && wanted(span));
    if (found) return [state.doc, found];
  } else if (at >= 0 && step > 0 && fit(state.doc).length) return [state.doc, fit(state.doc)[0]];
  for (at += step; at >= 0 && at < listed.length; at += step) {
    const spans = fit(listed[at]);
    if (spans.length) return [listed[at], spans[step > 0 ? 0 : spans.length - 1]];
  }
  return null;
}
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
  const over = doc.spans.filter((span) => isShown(span) && span.start <= start && start < span.end);
  over.sort((a, b) => a.level - b.level);
  if (over.length) choose(doc, over[(over.indexOf(state.span) + 1) % over.length]); // once more: the next outer one
  else if (state.draft) KEYS.escape[1](); // beside it
});

// ---- keys ----------------------------------------------------------------------------------------------------------

const KEYS = {
  j: ["next", () => go(1)], k: ["previous", () => go(-1)],
  n: ["nextDocument", () => goDocument(1)], p: ["previousDocument", () => goDocument(-1)],
  "/": ["find", () => $("search").focus()], "?": ["help", () => showKeys()],
  escape: ["cancel", () => { state.draft = null; choose(state.doc, null); }],
};
const CODES = { BracketLeft: "[", BracketRight: "]", Slash: "/" };

/** The key's name on a plain keyboard, also while an input method for Chinese has the letters. */
function keyOf(event) {
  let key = event.key.length === 1 && event.key > " " && event.key <= "~" ? event.key.toLowerCase() : event.key;
  if (key === "Process" || key.charCodeAt(0) > 0x7e) key = CODES[event.code] || event.code.replace(/^(Key|Digit)/, "").toLowerCase();
  if (event.shiftKey) key = { "[": "{", "]": "}", "/": "?" }[key] || key;
  const control = event.ctrlKey || event.metaKey;
  return (control ? "ctrl+" : "") + (event.shiftKey && (control || key.length > 1) ? "shift+" : "") + key.toLowerCase();
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
  const signs = { arrowleft: "←", arrowright: "→", escape: "Esc", "ctrl+": "Ctrl ", "shift+": "Shift " };
  const keys = {}; // what is done → the keys that do it
  for (const [key, [name]] of Object.entries(KEYS)) {
    (keys[name] ||= []).push(key.replace(/arrow\w+|escape|ctrl\+|shift\+/g, (part) => signs[part]));
  }
  const rows = Object.entries(keys).map(([name, list]) =>
    make("tr", {}, make("td", {}, ...list.map((key) => make("kbd", {}, key))), make("td", {}, word(name))));
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
  const row = (kind, name, values) =>
    make("tr", {}, make(kind, {}, name), ...values.map((value) => make(kind, {}, value.toLocaleString())));
  $("figures").lastElementChild.replaceChildren(...table.remarks.map((line) => make("p", { className: "warning" }, line)),
    make("table", {}, row("th", word("type"), table.columns.map(head)),
      ...table.rows.map(([name, ...values]) => row("td", visible(name), values)), row("td", word("all"), table.sums)));
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
  document.documentElement.style.setProperty("--c", name === "dark" ? "232 230 225" : "28 30 33");
  (name === "dark" ? DARK : LIGHT).forEach((hex, i) => {
    const [red, green, blue] = [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16));
    document.documentElement.style.setProperty(`--c${i}`, `${red} ${green} ${blue}`);
  });
}
function later(run, timer = 0) { // once, when the typing rests
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
  $("theme").onclick = () => {
    setGround(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
    memory.set("theme", document.documentElement.dataset.theme);
  };
  $("language").onclick = () => {
    language = language === "zh" ? "en" : "zh";
    memory.set("language", language);
    say();
  };
  $("help").onclick = showKeys;
  $("search").oninput = later(() => { state.query = $("search").value; update(); });
  $("marked").onchange = () => { state.marked = $("marked").checked; update(); };
  $("order").onchange = () => { reorder(); update(); };
  for (const name of ["floor", "ceiling"]) $(name).oninput = () => {
    state[name] = Number($(name).value);
    $(`${name}-value`).textContent = $(name).value;
    update();
  };
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

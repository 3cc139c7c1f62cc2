// Correcting: every step is one entry of a history that can be undone, is kept by the browser and is saved as a file.
let steps = []; // { doc, key, was, now }: an entity (null: there is none), or with the key "done" whether a document is done
let cursor = 0; // steps before it are in force, those behind it can be redone
const KEPT = `review:${DATA.about.digest}`;
const person = () => $("who").value.trim();
const plain = ({ start, end, type }) => ({ start, end, type });

function put({ doc: number, key }, item) {
  const doc = docs[number];
  if (key === "done") {
    doc.done = item;
  } else {
    const at = doc.spans.findIndex((span) => span.key === key);
    if (at >= 0) doc.spans.splice(at, 1, ...(item ? [item] : []));
    else if (item) doc.spans.push(item);
    if (item) addType(item.type);
  }
  return doc;
}

/** Puts a step in force (`forward`) or takes it back, and shows where it was. */
function apply(step, forward) {
  const item = forward ? step.now : step.was;
  const doc = put(step, item);
  countAll();
  showChips();
  choose(doc, step.key === "done" ? null : item);
  update();
}

function take(doc, key, was, now) {
  const stamp = { by: person(), at: new Date().toISOString() };
  const step = { doc: doc.number, key, was, now: now && typeof now === "object" ? { ...now, ...stamp } : now, ...stamp };
  steps = [...steps.slice(0, cursor), step];
  cursor++;
  apply(step, true);
  keep();
}

function keep() {
  if (!memory.set(KEPT, JSON.stringify({ steps, cursor }))) notice("notKept");
}
function undo() {
  if (cursor) { apply(steps[--cursor], false); keep(); }
}
function redo() {
  if (cursor < steps.length) { apply(steps[cursor++], true); keep(); }
}

let noticeTimer = 0;
function notice(name, ...values) {
  const text = word(name);
  $("notice").textContent = typeof text === "function" ? text(...values) : text;
  $("notice").hidden = false;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => ($("notice").hidden = true), 6000);
}

// ---- what can be done to an entity ---------------------------------------------------------------------------------

const sameSpan = (a, b) => a.start === b.start && a.end === b.end && a.type === b.type;
const undecided = (span) => !span.verdict;

function change(values) {
  const { doc, span } = state;
  if (!span) return;
  const now = { ...span, ...values };
  if (now.start < 0 || now.end > doc.points.length || now.start >= now.end) return;
  if (doc.spans.some((other) => other !== span && other.verdict !== "reject" && sameSpan(other, now))) return notice("there");
  now.verdict = !span.from ? "add" : sameSpan(now, span.from) ? "accept" : "change";
  take(doc, span.key, span, now);
}
function judge(verdict) {
  const { doc, span } = state;
  if (!span) return;
  if (verdict === "reject" && !span.from) return take(doc, span.key, span, null);
  const again = span.verdict === verdict;
  const now = verdict === "reject" ? { ...span, ...span.from } : span;
  take(doc, span.key, span, { ...now, verdict: again ? "" : verdict === "accept" && span.verdict === "change" ? "change" : verdict });
  if (!again) go(1, undecided);
}
function choosePicked(type) {
  if (!state.draft) return change({ type });
  const { doc, start, end } = state.draft;
  if (doc.spans.some((other) => other.verdict !== "reject" && sameSpan(other, { start, end, type }))) return notice("there");
  state.draft = null;
  const before = steps.filter((step) => step.doc === doc.number && step.key !== "done");
  const key = 1 + Math.max(-1, ...[...doc.spans, ...before].map((item) => item.key));
  take(doc, key, null, { key, start, end, type, score: null, other: null, from: null, verdict: "add" });
}

/** A new entity of one character behind the chosen one, to be moved and lengthened with the arrows. */
function beginDraft() {
  const doc = state.doc || sequence.find((one) => one.shown);
  if (!doc || !doc.points.length) return;
  const start = Math.min(state.span && state.doc === doc ? state.span.end : 0, doc.points.length - 1);
  setDraft(doc, start, start + 1);
}
function setDraft(doc, start, end) {
  if (start < 0 || end > doc.points.length || start >= end) return;
  state.draft = { doc, start, end };
  choose(doc, null);
}
function moveDraft(step, longer) {
  if (!state.draft) return false;
  const { doc, start, end } = state.draft;
  setDraft(doc, longer ? start : start + step, end + step);
}

/** The characters that the mouse selected, as code points of the document that they stand in. */
function selected() {
  const selection = getSelection();
  if (selection.isCollapsed || !selection.rangeCount) return null;
  const range = selection.getRangeAt(0);
  const begin = range.startContainer;
  const doc = docs[(begin.nodeType === 1 ? begin : begin.parentElement).closest("article")?.dataset.number];
  if (!doc) return null;
  let [start, end] = [Infinity, -1];
  for (const piece of doc.element.querySelectorAll("[data-start]")) {
    const node = piece.firstChild;
    if (!node || !range.intersectsNode(node)) continue;
    const from = node === begin ? range.startOffset : 0;
    const to = node === range.endContainer ? range.endOffset : node.length;
    if (from >= to) continue;
    start = Math.min(start, Number(piece.dataset.start) + countPoints(node.data.slice(0, from)));
    end = Math.max(end, Number(piece.dataset.start) + countPoints(node.data.slice(0, to)));
  }
  return start < end ? { doc, start, end } : null;
}

/** What a finger selected. Nothing is drawn again, or the handles by which the selection is moved would be gone. */
function touched() {
  const found = selected();
  if (!found) return;
  const before = state.doc;
  Object.assign(state, { doc: found.doc, span: null, draft: found });
  if (before && before !== found.doc && before.drawn) draw(before);
  showBar();
}

// ---- the bar -------------------------------------------------------------------------------------------------------

function button(name, run, { label = word(name), disabled = false, main = false } = {}) {
  const element = make("button", { onclick: run, disabled, className: main ? "main" : "", title: word(name) }, label);
  element.setAttribute("aria-label", word(name));
  return element;
}

function showReview() {
  const { span } = state;
  const no = { disabled: !span };
  const shift = (name, label, values) => button(name, () => change(values(state.span)), { ...no, label });
  const group = (name, ...buttons) => make("span", { className: "group" }, word(name), ...buttons);
  $("edit").replaceChildren(
    button("accept", () => judge("accept"), no), button("reject", () => judge("reject"), no),
    group("start", shift("startLeft", "←", (s) => ({ start: s.start - 1 })), shift("startRight", "→", (s) => ({ start: s.start + 1 }))),
    group("finish", shift("endLeft", "←", (s) => ({ end: s.end - 1 })), shift("endRight", "→", (s) => ({ end: s.end + 1 }))),
    button("mark", beginDraft, { label: "+ " + word("mark") }));
  const pickable = span || state.draft;
  $("types").hidden = !pickable;
  $("types").replaceChildren(...[...types.keys()].map((name, i) => {
    const digit = i < 9 ? [make("kbd", {}, String(i + 1))] : [];
    const pick = make("button", { className: "chip", onclick: () => choosePicked(name) }, ...digit, visible(name));
    pick.style.setProperty("--own", colour(name));
    pick.setAttribute("aria-current", String(Boolean(span && span.type === name)));
    return pick;
  }));
  const all = docs.flatMap((doc) => doc.spans);
  const decided = docs.reduce((sum, doc) => sum + (doc.done ? doc.spans.length : doc.spans.filter((one) => one.verdict).length), 0);
  $("progress").textContent = word("progress")(decided, all.length, docs.filter((doc) => doc.done).length, docs.length);
  [$("undo").disabled, $("redo").disabled] = [!cursor, cursor === steps.length];
  for (const name of ["undo", "redo", "save"]) $(name).textContent = word(name);
  $("who").placeholder = word("who");
  $("who").setAttribute("aria-label", word("who"));
}

function doneBox(doc) {
  const onchange = () => take(doc, "done", Boolean(doc.done), box.checked);
  const box = make("input", { type: "checkbox", checked: Boolean(doc.done), onchange });
  return make("label", { className: "quiet" }, box, word("done"));
}

// ---- saving --------------------------------------------------------------------------------------------------------

/** One line for each decision that stands, in the order of the file. */
function corrections() {
  const lines = [];
  for (const doc of docs) {
    const begin = { document: doc.id, text_sha256: doc.hash };
    for (const span of [...doc.spans].filter((one) => one.verdict).sort((a, b) => a.start - b.start || b.end - a.end)) {
      const after = span.verdict === "reject" ? null : plain(span);
      const text = doc.points.slice(span.start, span.end);
      lines.push({ ...begin, action: span.verdict, before: span.from, after, text, by: span.by || person(), at: span.at });
    }
    const step = doc.done && steps.slice(0, cursor).reverse().find((one) => one.doc === doc.number && one.key === "done");
    if (step) lines.push({ ...begin, action: "done", before: null, after: null, by: step.by || person(), at: step.at });
  }
  return lines;
}
function save() {
  if (!person()) {
    $("who").focus();
    return notice("needName");
  }
  const lines = corrections();
  const url = URL.createObjectURL(new Blob(lines.map((line) => JSON.stringify(line) + "\n"), { type: "application/x-ndjson" }));
  make("a", { href: url, download: DATA.about.saveAs }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  notice("saved", lines.length);
}

function beginReview() {
  for (const doc of docs) for (const span of doc.spans) Object.assign(span, { from: plain(span), verdict: "" });
  const who = make("input", { type: "text", id: "who", value: memory.get("reviewer") || "", maxLength: 80 });
  who.oninput = () => memory.set("reviewer", who.value);
  $("saving").replaceChildren(make("span", { id: "progress", className: "progress" }),
    make("button", { id: "undo", onclick: undo }), make("button", { id: "redo", onclick: redo }),
    who, make("button", { id: "save", className: "main", onclick: save }));
  $("saving").hidden = false;
  let kept = null;
  try { kept = JSON.parse(memory.get(KEPT)); } catch { kept = null; } // what was cut off is no progress
  if (kept && Array.isArray(kept.steps)) {
    [steps, cursor] = [kept.steps, kept.cursor];
    steps.slice(0, cursor).forEach((step) => put(step, step.now));
    countAll();
  }
  if (!memory.set("probe", "1")) setTimeout(() => notice("notKept"));
  addEventListener("beforeunload", (event) => cursor && !memory.set("probe", "1") && event.preventDefault());
  $("types").addEventListener("keydown", (event) => {
    const step = { ArrowRight: "nextElementSibling", ArrowLeft: "previousElementSibling" }[event.key];
    if (!step) return;
    event.stopPropagation();
    event.target.closest(".chip")?.[step]?.focus();
  });
  addEventListener("storage", (event) => event.key === `hf-cner:${KEPT}` && notice("otherTab"));
  let finger = false;
  addEventListener("pointerdown", (event) => (finger = event.pointerType !== "mouse"), true);
  $("list").addEventListener("mouseup", () => finger || setTimeout(() => {
    const found = selected();
    if (!found) return;
    getSelection().removeAllRanges();
    setDraft(found.doc, found.start, found.end);
  }));
  document.addEventListener("selectionchange", later(() => finger && touched()));
  const pick = (number) => () => {
    const name = [...types.keys()][number];
    return name && (state.span || state.draft) ? choosePicked(name) : false;
  };
  const move = (values) => () => state.span && change(values(state.span));
  Object.assign(KEYS, {
    a: ["accept", () => judge("accept")], r: ["reject", () => judge("reject")],
    t: ["retype", () => ($("types").hidden ? false : $("types").firstChild.focus())],
    "[": ["startLeft", move(({ start }) => ({ start: start - 1 }))], "]": ["startRight", move(({ start }) => ({ start: start + 1 }))],
    "{": ["endLeft", move(({ end }) => ({ end: end - 1 }))], "}": ["endRight", move(({ end }) => ({ end: end + 1 }))],
    m: ["mark", beginDraft], arrowleft: ["caret", () => moveDraft(-1)], arrowright: ["caret", () => moveDraft(1)],
    "shift+arrowleft": ["caret", () => moveDraft(-1, true)], "shift+arrowright": ["caret", () => moveDraft(1, true)],
    d: ["done", () => state.doc && take(state.doc, "done", Boolean(state.doc.done), !state.doc.done)],
    "ctrl+z": ["undo", undo], "ctrl+y": ["redo", redo], "ctrl+shift+z": ["redo", redo],
  });
  for (let i = 0; i < 9; i++) KEYS[String(i + 1)] = ["number", pick(i)];
}

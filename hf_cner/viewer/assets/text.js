// Texts by code points, as every offset here counts; how overlapping entities lie over a text.

/** A text addressed by code points: JavaScript's own indices count a character such as 𬌗 twice. */
class Points {
  constructor(text) {
    this.text = text;
    this.units = /[\ud800-\udfff]/.test(text) ? Array.from(text) : null;
    this.length = this.units ? this.units.length : text.length;
  }
  slice(start, end) {
    return this.units ? this.units.slice(start, end).join("") : this.text.slice(start, end);
  }
}

/** The number of code points in a string. */
const countPoints = (text) => (/[\ud800-\udfff]/.test(text) ? Array.from(text).length : text.length);

// Characters that act on a line instead of standing in it; each is shown as one visible sign, so that offsets stay.
const ACTING = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2061-\u2064\u2066-\u206f\ufff9-\ufffb]|[\u{1d173}-\u{1d17a}\u{e0000}-\u{e007f}]/gu;

/** What is shown for a text: as many code points, none of which acts. A CR before a line feed takes no room. */
function visible(text) {
  return text.replace(/\r(?=\n)/g, "\u200b").replace(ACTING, (sign) => {
    const code = sign.codePointAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? "\u2421" : "\ufffd";
  });
}

/** Gives each span a `level`: the line under the text that it is drawn on, shorter ones nearer to the text. */
function setLevels(spans) {
  const placed = [];
  for (const span of [...spans].sort((a, b) => a.end - a.start - (b.end - b.start) || a.start - b.start)) {
    span.level = 0;
    for (const other of placed) {
      if (other.start < span.end && span.start < other.end) span.level = Math.max(span.level, other.level + 1);
    }
    placed.push(span);
  }
  return spans.reduce((most, span) => Math.max(most, span.level + 1), 0);
}

/** A text cut at every boundary of spans and hits: where each piece stands, what covers it and what ends with it. */
function pieces(length, spans, hits) {
  const cuts = new Set([0, length]);
  for (const item of [...spans, ...hits]) cuts.add(item.start).add(item.end);
  const places = [...cuts].sort((a, b) => a - b);
  const waiting = [...spans].sort((a, b) => a.start - b.start);
  const found = [];
  let active = [], next = 0, hit = 0;
  for (let i = 0; i + 1 < places.length; i++) {
    const [start, end] = [places[i], places[i + 1]];
    active = active.filter((span) => span.end > start);
    while (next < waiting.length && waiting[next].start <= start) active.push(waiting[next++]);
    while (hit < hits.length && hits[hit].end <= start) hit++;
    const closed = active.filter((span) => span.end === end).sort((a, b) => a.level - b.level);
    found.push({ start, end, active, closed, hit: hit < hits.length && hits[hit].start <= start });
  }
  return found;
}

/** Where a query stands in a text, in code points; upper and lower case are one where this changes no length. */
function findHits(points, query) {
  if (!query) return [];
  const low = points.text.toLowerCase();
  const text = low.length === points.text.length ? low : points.text;
  const wanted = text === low ? query.toLowerCase() : query;
  const hits = [];
  let at = text.indexOf(wanted), before = 0, start = 0;
  while (at >= 0 && hits.length < 1000) {
    start += countPoints(text.slice(before, at));
    before = at;
    hits.push({ start, end: start + countPoints(wanted) });
    at = text.indexOf(wanted, at + wanted.length);
  }
  return hits;
}

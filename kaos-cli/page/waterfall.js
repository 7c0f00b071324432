// The tree of spans and their times in one: a row a span. Only the rows in sight are drawn, so that thousands are quick.

import { h, put } from './dom.js';
import { count, kind, line, ms, state } from './format.js';

const ROW = 26;
const OVER = 12;

// Rows in the order of the tree, each with its depth and what is below it.
function ordered(spans) {
  const byId = new Map(spans.map((it) => [it.id, it]));
  const below = new Map();
  const roots = [];
  for (const span of spans) {
    const parent = span.parent && span.parent !== span.id ? byId.get(span.parent) : undefined;
    if (!parent) roots.push(span);
    else if (below.has(parent.id)) below.get(parent.id).push(span);
    else below.set(parent.id, [span]);
  }
  const rows = [];
  const seen = new Set();
  const stack = roots.sort((a, b) => a.at - b.at).reverse().map((span) => [span, 0, undefined]);
  while (stack.length > 0) {
    const [span, depth, parent] = stack.pop();
    if (seen.has(span.id)) continue;
    seen.add(span.id);
    const children = (below.get(span.id) ?? []).sort((a, b) => a.at - b.at);
    const row = { span, depth, parent, children: children.length, at: rows.length };
    rows.push(row);
    for (const child of children.reverse()) stack.push([child, depth + 1, row]);
  }
  return rows;
}

// Round numbers of milliseconds for an axis.
export function ticks(from, to, most = 6) {
  const raw = (to - from) / most;
  if (!(raw > 0)) return [];
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((it) => it * power).find((it) => it >= raw);
  const list = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) list.push(at);
  return list;
}

export class Waterfall {
  constructor(options) {
    this.options = options;
    this.collapsed = new Set();
    this.selected = undefined;
    this.rows = [];
    this.shown = [];
    this.zoomed = undefined;
    this.axis = h('div', { class: 'axis', 'aria-hidden': 'true' });
    this.space = h('div', { class: 'space', role: 'presentation' });
    this.body = h('div', { class: 'rows', role: 'tree', tabindex: '0', 'aria-label': 'Spans', onscroll: () => this.draw(), onkeydown: (event) => this.key(event) }, this.space);
    this.box = h('div', { class: 'waterfall' }, h('div', { class: 'heads' }, h('div', { class: 'name-head' }, 'Span'), this.axis), this.body);
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.body);
    this.all = () => this.draw(true);
    this.again = () => this.draw();
    window.addEventListener('beforeprint', this.all);
    window.addEventListener('afterprint', this.again);
  }

  leave() {
    this.observer.disconnect();
    window.removeEventListener('beforeprint', this.all);
    window.removeEventListener('afterprint', this.again);
  }

  show(spans, began, now) {
    this.began = began;
    this.now = now;
    this.rows = ordered(spans);
    this.end = Math.max(1, ...spans.slice(0, 1).map((it) => this.endOf(it)), ...[spans.reduce((last, it) => Math.max(last, this.endOf(it)), 0)]);
    this.arrange();
  }

  endOf(span) {
    return (span.ms === null ? Math.max(this.now ?? 0, span.at) : span.at + span.ms) - this.began;
  }

  // Leaves out what is closed.
  arrange() {
    let hidden = Infinity;
    this.shown = this.rows.filter((row) => {
      if (row.depth > hidden) return false;
      hidden = this.collapsed.has(row.span.id) ? row.depth : Infinity;
      return true;
    });
    this.space.style.height = `${this.shown.length * ROW}px`;
    const [from, to] = this.range();
    put(this.axis, ticks(from, to).filter((at) => at - from < (to - from) * 0.93).map((at) => h('span', { class: 'tick', style: { left: `${((at - from) / (to - from)) * 100}%` } }, ms(at))));
    this.draw();
  }

  range() {
    return this.zoomed ?? [0, this.end];
  }

  draw(all) {
    const height = this.body.clientHeight || 600;
    const first = all ? 0 : Math.max(0, Math.floor(this.body.scrollTop / ROW) - OVER);
    const last = all ? Math.min(this.shown.length, 3000) : Math.min(this.shown.length, Math.ceil((this.body.scrollTop + height) / ROW) + OVER);
    const rows = this.shown.slice(first, last).map((row, at) => this.row(row, first + at));
    put(this.space, rows);
    const selected = this.selected && this.shown.some((row) => row.span.id === this.selected);
    if (selected) this.body.setAttribute('aria-activedescendant', `s-${this.selected}`);
    else this.body.removeAttribute('aria-activedescendant');
  }

  row(row, at) {
    const { span, depth } = row;
    const [from, to] = this.range();
    const place = (value) => ((value - from) / (to - from)) * 100;
    const start = span.at - this.began;
    const left = place(start);
    const width = place(this.endOf(span)) - left;
    const [sign, word] = kind(span.kind);
    const closed = this.collapsed.has(span.id);
    const beside = left + width < 80 ? { left: `calc(${Math.max(0, left + width)}% + 6px)` } : left > 18 ? { right: `calc(${Math.min(100, 100 - left)}% + 6px)` } : undefined;
    const tokens = span.kind === 'llm_call' && span.input !== null ? ` · ${count(span.input)} + ${count(span.output)}` : '';
    const label = `${ms(span.ms)}${tokens}`;
    const marks = span.marks.map((mark) => h('span', { class: `mark ${mark.kind} ${mark.bad ? 'bad' : ''}`, title: `${mark.text} at +${ms(mark.at - this.began)}`, style: { left: `${place(mark.at - this.began)}%` } }, mark.bad ? '✕' : mark.kind === 'gate' ? '▴' : '·'));
    const name = span.kind === 'llm_call' || span.kind === 'turn' ? [line(span.kind === 'turn' ? span.what || span.name : span.name, 60), ' ', h('small', {}, line(span.kind === 'turn' ? 'turn' : span.what, 60))] : line(span.name, 80);
    const bad = span.marks.filter((it) => it.bad).map((it) => `, ${it.text}`).join('');
    return h('div', {
      id: `s-${span.id}`, role: 'treeitem', class: `row ${span.kind} ${span.state} ${this.selected === span.id ? 'selected' : ''}`, 'aria-level': depth + 1, 'aria-selected': String(this.selected === span.id),
      'aria-expanded': row.children ? String(!closed) : undefined, 'aria-label': `${word} ${span.what || span.name}, ${span.state}, ${ms(span.ms)}, at ${ms(start)}${bad}`,
      style: { top: `${at * ROW}px` }, onclick: () => this.select(span.id, true),
    },
    h('div', { class: 'name', style: { 'padding-left': `${6 + Math.min(depth, 24) * 13}px` } },
      row.children ? h('span', { class: 'fold', 'aria-hidden': 'true', onclick: (event) => { event.stopPropagation(); this.toggle(span.id); } }, closed ? '▸' : '▾') : h('span', { class: 'fold' }),
      h('span', { class: 'sign', 'aria-hidden': 'true' }, sign), h('span', { class: 'text' }, name, closed ? h('small', {}, ` (${row.children})`) : undefined),
      ['error', 'cancelled', 'skipped', 'suspended'].includes(span.state) ? state(span.state, span.error, true) : undefined),
    h('div', { class: 'track' }, h('div', { class: 'bar', style: { left: `${left}%`, width: `max(2px, ${width}%)` } }), marks,
      h('span', { class: beside ? 'label' : 'label inside', style: beside }, label)));
  }

  index() {
    return this.shown.findIndex((row) => row.span.id === this.selected);
  }

  move(by) {
    const next = Math.min(this.shown.length - 1, Math.max(0, this.index() + by));
    const row = this.shown[next];
    if (row) this.select(row.span.id, false);
  }

  toggle(id) {
    if (this.collapsed.has(id)) this.collapsed.delete(id);
    else this.collapsed.add(id);
    this.arrange();
  }

  // Chooses a span; `open`: shows its panel, too.
  select(id, open) {
    // What is inside something closed is opened on the way.
    for (let row = this.rows.find((it) => it.span.id === id)?.parent; row; row = row.parent) this.collapsed.delete(row.span.id);
    this.selected = id;
    this.arrange();
    const top = this.index() * ROW;
    if (top < this.body.scrollTop) this.body.scrollTop = top;
    else if (top + ROW > this.body.scrollTop + this.body.clientHeight) this.body.scrollTop = top + ROW - this.body.clientHeight;
    this.draw();
    this.options.selected(id, open);
  }

  zoom() {
    const row = this.rows.find((it) => it.span.id === this.selected);
    if (this.zoomed || !row) this.zoomed = undefined;
    else {
      const start = row.span.at - this.began;
      const margin = Math.max(0.01, (this.endOf(row.span) - start) * 0.05);
      this.zoomed = [Math.max(0, start - margin), this.endOf(row.span) + margin];
    }
    this.arrange();
  }

  // Keys of a tree (ARIA Authoring Practices); j and k are the page's.
  key(event) {
    const row = this.shown[this.index()];
    const keys = {
      ArrowDown: () => this.move(1), ArrowUp: () => this.move(-1), Home: () => this.move(-this.rows.length), End: () => this.move(this.rows.length),
      PageDown: () => this.move(20), PageUp: () => this.move(-20),
      ArrowRight: () => { if (row?.children && this.collapsed.has(row.span.id)) this.toggle(row.span.id); else this.move(1); },
      ArrowLeft: () => { if (row?.children && !this.collapsed.has(row.span.id)) this.toggle(row.span.id); else if (row?.parent) this.select(row.parent.span.id, false); },
    };
    if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  }
}

// Drawings of numbers: lines told apart by their dashes and marks, so that they can be read without colours.

import { h, s } from './dom.js';
import { clock, count, ms } from './format.js';
import { ticks } from './waterfall.js';

const WIDE = 640;
const HIGH = 170;
const LEFT = 56;
const FOOT = 22;

function frame(label, most, shown, from, to) {
  const box = s('svg', { viewBox: `0 0 ${WIDE} ${HIGH}`, role: 'img', 'aria-label': label, class: 'chart' });
  const top = most > 0 ? most : 1;
  const y = (value) => HIGH - FOOT - (value / top) * (HIGH - FOOT - 12);
  for (const at of ticks(0, top, 4)) box.append(s('line', { x1: LEFT, x2: WIDE, y1: y(at), y2: y(at), class: 'grid' }), s('text', { x: LEFT - 6, y: y(at) + 4, 'text-anchor': 'end' }, shown(at)));
  box.append(s('text', { x: LEFT, y: HIGH - 6 }, clock(from)), s('text', { x: WIDE - 2, y: HIGH - 6, 'text-anchor': 'end' }, clock(to)));
  return [box, y];
}

const place = (at, all) => LEFT + ((at + 0.5) / Math.max(1, all)) * (WIDE - LEFT);

// How many there were, and how many of them failed: the failed are hatched.
export function bars(label, series, from, to) {
  const most = Math.max(0, ...series.map((it) => it.of.count));
  const [box, y] = frame(label, most, (it) => (Number.isInteger(it) ? count(it) : ''), from, to);
  box.append(s('defs', {}, s('pattern', { id: 'hatch', width: 5, height: 5, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' }, s('rect', { width: 5, height: 5, class: 'hatch-ground' }), s('rect', { width: 2.4, height: 5, class: 'hatch-line' }))));
  const wide = Math.max(1, ((WIDE - LEFT) / Math.max(1, series.length)) * 0.72);
  series.forEach(({ at, of }, index) => {
    if (of.count === 0) return;
    const x = place(index, series.length) - wide / 2;
    const good = of.count - of.errors;
    const title = s('title', {}, `${clock(at)}: ${of.count} turns, ${of.errors} failed`);
    box.append(s('g', {}, title, s('rect', { x, width: wide, y: y(good), height: Math.max(0, y(0) - y(good)), class: 'bar-good' }), s('rect', { x, width: wide, y: y(of.count), height: Math.max(0, y(good) - y(of.count)), class: 'bar-bad' })));
  });
  return box;
}

const LINES = [['p50', '', 'circle'], ['p95', '5 3', 'square'], ['p99', '1.5 3', 'cross']];

function dot(shape, x, y) {
  if (shape === 'circle') return s('circle', { cx: x, cy: y, r: 2.4, class: 'dot' });
  if (shape === 'square') return s('rect', { x: x - 2.2, y: y - 2.2, width: 4.4, height: 4.4, class: 'dot' });
  return s('path', { d: `M${x - 2.5} ${y - 2.5}l5 5m0-5l-5 5`, class: 'dot cross' });
}

// Percentiles over time.
export function lines(label, series, from, to) {
  const most = Math.max(0, ...series.map((it) => it.of.p99 ?? 0));
  const [box, y] = frame(label, most, ms, from, to);
  for (const [name, dash, shape] of LINES) {
    const points = series.map(({ of }, at) => (of[name] === null ? undefined : [place(at, series.length), y(of[name])])).filter(Boolean);
    if (points.length > 1) box.append(s('path', { d: `M${points.map((it) => it.join(' ')).join('L')}`, 'stroke-dasharray': dash || undefined, class: 'line' }));
    for (const [x, at] of points) box.append(dot(shape, x, at));
  }
  const legend = h('p', { class: 'legend' }, LINES.map(([name, dash, shape]) => [s('svg', { viewBox: '0 0 30 10', width: 30, height: 10, 'aria-hidden': 'true' }, s('path', { d: 'M1 5H29', 'stroke-dasharray': dash || undefined, class: 'line' }), dot(shape, 15, 5)), ` ${name}   `]));
  return h('figure', {}, box, legend);
}

// How long things took: a bar for each power of two.
export function histogram(label, of) {
  const all = of.histogram;
  const first = Math.max(0, all.findIndex((it) => it > 0));
  const shown = all.slice(first);
  const most = Math.max(1, ...shown);
  const wide = WIDE / Math.max(8, shown.length);
  const box = s('svg', { viewBox: `0 0 ${WIDE} 96`, role: 'img', 'aria-label': label, class: 'chart' });
  shown.forEach((value, at) => {
    const high = (value / most) * 58;
    const up = 2 ** (first + at);
    box.append(s('g', {}, s('title', {}, `up to ${ms(up)}: ${value}`), s('rect', { x: at * wide + 2, width: wide - 4, y: 76 - high, height: high, class: 'bar-good' }),
      value ? s('text', { x: (at + 0.5) * wide, y: 72 - high, 'text-anchor': 'middle' }, count(value)) : undefined, s('text', { x: (at + 0.5) * wide, y: 91, 'text-anchor': 'middle', class: 'small' }, `≤ ${ms(up)}`)));
  });
  return box;
}

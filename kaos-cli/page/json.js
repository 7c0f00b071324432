// JSON that opens where it is asked to, and long texts.

import { button, h } from './dom.js';
import { line, plural, words } from './format.js';

const MOST = 100;
const LONG = 2000;

// A long text: its beginning, and the rest on request.
export function prose(text, label) {
  const whole = String(text);
  const box = h('div', { class: 'prose', dir: 'auto', 'aria-label': label });
  if (whole.length <= LONG) {
    box.append(...words(whole));
    return box;
  }
  const more = button(`show all ${plural(whole.length, 'character')}`, () => box.replaceChildren(...words(whole)), { class: 'quiet' });
  box.append(...words(`${whole.slice(0, LONG)}… `), more);
  return box;
}

// A text that may be JSON.
export function content(text, label) {
  if (typeof text !== 'string') return h('div', { class: 'json', 'aria-label': label }, tree(text, true));
  const first = text.trimStart()[0];
  if (first === '{' || first === '[') {
    try {
      return h('div', { class: 'json', 'aria-label': label }, tree(JSON.parse(text), true));
    } catch { /* it was cut, or is no JSON: it is text */ }
  }
  return prose(text, label);
}

function scalar(value) {
  if (typeof value === 'string') {
    if (value.length > 200 || value.includes('\n')) return prose(value);
    return h('span', { class: 'string', dir: 'auto' }, words(value));
  }
  return h('span', { class: 'scalar' }, String(value));
}

// A value; objects and lists open and close.
export function tree(value, open = false) {
  if (value === null || typeof value !== 'object') return scalar(value);
  const isList = Array.isArray(value);
  const entries = Object.entries(value);
  if (entries.length === 0) return h('span', { class: 'scalar' }, isList ? '[]' : '{}');
  const brief = isList ? plural(entries.length, 'item') : entries.slice(0, 4).map(([key]) => key).join(', ');
  const inside = h('dl', { class: 'fields' });
  const summary = h('summary', {}, h('span', { class: 'brief' }, isList ? '[ ' : '{ ', line(brief, 80), isList ? ' ]' : ' }'));
  const details = h('details', { open }, summary, inside);
  const draw = (from) => {
    for (const [key, it] of entries.slice(from, from + MOST)) inside.append(h('dt', {}, line(key, 80)), h('dd', {}, tree(it, open && entries.length < 12)));
    const left = entries.length - from - MOST;
    if (left > 0) {
      const more = button(`${left} more`, () => { more.remove(); draw(from + MOST); }, { class: 'quiet' });
      inside.append(more);
    }
  };
  const once = () => { if (!inside.hasChildNodes()) draw(0); };
  if (open) once();
  else details.addEventListener('toggle', once);
  return details;
}

// Names and values side by side; what is absent is left out.
export function facts(list) {
  const shown = list.filter(([, value]) => value !== undefined && value !== null && value !== '' && value !== '–');
  if (shown.length === 0) return undefined;
  return h('dl', { class: 'facts' }, shown.map(([name, value]) => [h('dt', {}, name), h('dd', {}, value instanceof Node || Array.isArray(value) ? value : line(value, 400))]));
}

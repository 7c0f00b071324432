// Numbers and times for people, and somebody else's text made safe to look at.

import { escaped, h, hidden } from './dom.js';

// What stands where a secret stood, in exactly the two forms that it is written in: whatever else is like it is text. And characters that are not seen or turn the direction of writing.
const SPECIAL = new RegExp(`<redacted:([A-Z0-9_]{1,20}):(?:([0-9]{1,9})-chars|([0-9a-f]{16}))>|(${hidden})`, 'gu');

// A text as nodes: redactions and hidden characters are shown as what they are.
export function words(text) {
  const nodes = [];
  let from = 0;
  for (const found of String(text).matchAll(SPECIAL)) {
    if (found.index > from) nodes.push(text.slice(from, found.index));
    from = found.index + found[0].length;
    if (found[4]) {
      if (found[4] === '\r' && text[from] === '\n') continue;
      nodes.push(h('span', { class: 'hidden-char', title: `the character U+${escaped(found[4]).slice(3, -1).toUpperCase()}` }, escaped(found[4])));
    } else {
      const size = found[2] ? `, ${found[2]} characters` : `, token ${found[3]}`;
      nodes.push(h('span', { class: 'redacted', title: `taken out before it was recorded: ${found[1]}${size}` }, `${found[1].toLowerCase()}${found[2] ? ` · ${found[2]}` : ''}`));
    }
  }
  if (from < text.length) nodes.push(text.slice(from));
  return nodes;
}

// The same on one line, cut after so many characters.
export function line(text, most = 300) {
  const flat = String(text ?? '').slice(0, most * 2).replace(/[\n\t]+/g, ' ');
  return words(flat.length > most ? `${flat.slice(0, most)}…` : flat);
}

export function ms(value) {
  if (value === undefined || value === null) return '–';
  if (value < 1) return `${(value * 1000).toFixed(0)} µs`;
  if (value < 10) return `${value.toFixed(1)} ms`;
  if (value < 1000) return `${value.toFixed(0)} ms`;
  if (value < 60_000) return `${(value / 1000).toFixed(value < 10_000 ? 2 : 1)} s`;
  if (value < 3_600_000) return `${Math.floor(value / 60_000)} min ${Math.round((value % 60_000) / 1000)} s`;
  return `${(value / 3_600_000).toFixed(1)} h`;
}

export function count(value) {
  return value === undefined || value === null ? '–' : Math.round(value).toLocaleString('en-US').replaceAll(',', '\u202f');
}

export function money(value) {
  if (value === undefined || value === null) return '–';
  return `$${value < 0.01 ? value.toFixed(5) : value < 1 ? value.toFixed(3) : value.toFixed(2)}`;
}

export function bytes(value) {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let at = 0;
  let left = value ?? 0;
  while (left >= 1000 && at < units.length - 1) { left /= 1000; at += 1; }
  return `${at === 0 ? left : left.toFixed(1)} ${units[at]}`;
}

const two = (value) => String(value).padStart(2, '0');

// A time of this place: the hour, and the day where it is not today.
export function clock(millis) {
  const at = new Date(millis);
  if (Number.isNaN(at.getTime())) return '–';
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return at.toDateString() === new Date().toDateString() ? time : `${day(millis)} ${time}`;
}

export function day(millis) {
  const at = new Date(millis);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

export function exact(millis) {
  const at = new Date(millis);
  return Number.isNaN(at.getTime()) ? '–' : `${at.toISOString()} (your time: ${day(millis)} ${at.toLocaleTimeString()})`;
}

export function plural(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

// Whatever name is looked up here, such as `constructor`: only these are found.
const STATES = {
  __proto__: null,
  complete: ['✓', 'complete'], error: ['✕', 'failed'], cancelled: ['⊘', 'cancelled'], suspended: ['‖', 'suspended'],
  running: ['●', 'running'], unfinished: ['…', 'has no end'], open: ['…', 'has no end'], skipped: ['⊘', 'was not let through'],
};

// How something stands: by a sign and a word, not by its colour alone.
export function state(name, error, brief) {
  const [sign, word] = STATES[name] ?? ['?', name];
  return h('span', { class: `state ${name}`, title: error ? `${word}: ${error}` : word },
    h('span', { 'aria-hidden': 'true' }, sign), brief ? h('span', { class: 'unseen' }, word) : [' ', error ? line(error, 40) : word]);
}

const KINDS = {
  __proto__: null,
  turn: ['◉', 'turn'], step: ['◦', 'step'], llm_call: ['◆', 'model'], tool_call: ['■', 'tool'], served_call: ['■', 'served tool'],
  subagent: ['➤', 'agent'], handoff: ['➥', 'handoff'], intent_classification: ['▿', 'intent'], mcp_request: ['⇄', 'MCP'], custom: ['○', 'custom'],
};

export function kind(name) {
  return KINDS[name] ?? ['○', name];
}

// A conversation: the messages that a model was sent and that it answered with.

import { h } from './dom.js';
import { line } from './format.js';
import { content, prose, tree } from './json.js';

function part(it) {
  const kind = it?.type;
  if (kind === 'text') return prose(it.content ?? '');
  if (kind === 'reasoning') return h('details', { class: 'call' }, h('summary', {}, 'reasoning'), prose(it.content ?? ''));
  if (kind === 'tool_call') {
    return h('details', { class: 'call', open: true }, h('summary', {}, '■ calls ', h('b', {}, line(it.name ?? '?', 100)), ' ', h('small', {}, line(it.id ?? '', 60))), content(it.arguments ?? ''));
  }
  if (kind === 'tool_call_response') {
    return h('details', { class: 'call', open: true }, h('summary', {}, '↩ result ', h('small', {}, line(it.id ?? '', 60))), content(it.response ?? it.result ?? it.content ?? ''));
  }
  return tree(it, true);
}

function message(it) {
  const role = String(it?.role ?? '?');
  const known = ['system', 'user', 'assistant', 'tool'].includes(role) ? role : 'other';
  const parts = Array.isArray(it?.parts) ? it.parts.map(part) : [typeof it?.content === 'string' ? prose(it.content) : tree(it, true)];
  const reason = it?.finish_reason ? h('small', {}, ' ', line(it.finish_reason, 40)) : undefined;
  return h('li', { class: `message ${known}` }, h('div', { class: 'role' }, line(role, 20), reason), h('div', { class: 'said' }, parts));
}

// Messages as they stand in an event: a text that is JSON.
export function conversation(text, fold = 4) {
  let list;
  try {
    list = JSON.parse(text);
  } catch {
    return content(text);
  }
  if (!Array.isArray(list)) return content(text);
  const all = list.map(message);
  if (all.length <= fold + 1) return h('ol', { class: 'conversation' }, all);
  const before = all.splice(0, all.length - fold);
  return h('div', {}, h('details', { class: 'before' }, h('summary', {}, `${before.length} messages before`), h('ol', { class: 'conversation' }, before)), h('ol', { class: 'conversation' }, all));
}

// What somebody said, without more.
export function said(role, text, more) {
  return h('li', { class: `message ${role}` }, h('div', { class: 'role' }, role, more), h('div', { class: 'said' }, text === null || text === undefined ? h('em', {}, 'not recorded') : prose(text)));
}

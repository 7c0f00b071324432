// What is known of one span: from its own records.

import { get, of } from './api.js';
import { button, h, put } from './dom.js';
import { count, exact, kind, line, money, ms, plural, state, words } from './format.js';
import { content, facts, tree } from './json.js';
import { conversation } from './messages.js';

const section = (title, ...inside) => h('section', {}, h('h3', {}, title), inside);

// Fields that have a place of their own.
const PLACED = new Set(['text', 'output', 'result', 'usage', 'finish_reasons', 'mcp']);

function usage(it, row) {
  const of = it ?? {};
  return facts([
    ['input tokens', of.input_tokens ?? row.input], ['of them cached', of.cache_read_tokens], ['into the cache', of.cache_creation_tokens],
    ['output tokens', of.output_tokens ?? row.output], ['of them reasoning', of.reasoning_tokens],
    ['cost', row.cost === null ? undefined : money(row.cost)], ['first chunk after', row.first_ms === null ? undefined : ms(row.first_ms)],
  ].map(([name, value]) => [name, typeof value === 'number' ? count(value) : value]));
}

function exception(event) {
  if (!event?.error_type) return undefined;
  const thrown = event.exception ?? {};
  return h('section', { class: 'exception' }, h('h3', {}, '✕ ', line(thrown.type ?? event.error_type, 120)),
    facts([['error.type', event.error_type]]), event.error_message ? content(event.error_message) : undefined,
    thrown.stacktrace ? h('pre', {}, words(thrown.stacktrace)) : undefined);
}

function gates(records) {
  const decided = records.filter((it) => it.event.type === 'gate_decided');
  if (decided.length === 0) return undefined;
  return section('Gates', h('ul', { class: 'gates' }, decided.map(({ event }) => h('li', { class: ['deny', 'skip', 'ask'].includes(event.decision) ? 'bad' : '' },
    h('b', {}, line(event.decision, 20)), ' by ', line(event.gate, 80), event.failure ? [' – it failed: ', line(event.failure, 40)] : undefined,
    event.reason ? content(event.reason) : undefined, event.arguments ? content(event.arguments, 'arguments put in place') : undefined))));
}

// What it was asked, and what came of it, by the kind of work.
function spoken(row, start, outcome) {
  const asked = start?.content;
  if (row.kind === 'llm_call') {
    return [
      start?.instructions ? h('details', {}, h('summary', {}, 'Instructions'), content(start.instructions)) : undefined,
      start?.tools ? h('details', {}, h('summary', {}, 'Tools it may call'), content(start.tools)) : undefined,
      asked || outcome.output ? section('Conversation', asked ? conversation(asked) : undefined, outcome.output ? conversation(outcome.output) : undefined) : undefined,
    ];
  }
  const names = { tool_call: ['Arguments', 'Result'], served_call: ['Arguments', 'Result'], subagent: ['Task', 'Answer'] }[row.kind] ?? ['Question', 'Answer'];
  const answered = outcome.result ?? outcome.text;
  return [
    asked === undefined || asked === null ? undefined : section(names[0], content(asked)),
    answered === undefined || answered === null ? undefined : section(names[1], content(answered)),
  ];
}

function events(records, began) {
  return h('ol', { class: 'events' }, records.map(({ trail, seq, event }) => {
    const at = Number(BigInt(event.time_unix_nano ?? '0') / 1000n) / 1000;
    const name = event.type === 'span' ? event.phase : event.type;
    return h('li', {}, h('details', {}, h('summary', {}, h('span', { class: 'offset' }, `+${ms(Math.max(0, at - began))}`), ' ', line(name, 60), ' ',
      h('small', { title: `record ${seq} of ${trail}` }, `#${seq}`)), tree(event, true)));
  }));
}

// The same span where somebody keeps it elsewhere.
export function elsewhere(template, trace, span) {
  if (!template) return undefined;
  const url = template.replaceAll('{trace}', encodeURIComponent(trace)).replaceAll('{span}', encodeURIComponent(span));
  return h('a', { href: url, rel: 'noreferrer', target: '_blank' }, 'in the tracing backend');
}

export function panel(box, run, row, options) {
  const began = row.at;
  const copy = (text) => button('copy', () => navigator.clipboard?.writeText(text), { class: 'quiet', 'aria-label': `copy ${text}` });
  const [sign, word] = kind(row.kind);
  const head = [
    h('header', {}, h('h2', { id: 'panel-title', tabindex: '-1' }, h('span', { class: 'sign', 'aria-hidden': 'true' }, sign), ' ', line(row.name, 120)), options.close ? button('close', options.close, { class: 'quiet', title: 'Esc' }) : undefined),
    h('p', { class: 'lead' }, state(row.state, row.error), ' · ', ms(row.ms), ' · ', word, row.what ? [' ', h('b', {}, line(row.what, 80))] : undefined),
  ];
  const ids = facts([
    ['agent', row.agent], ['began', h('time', { title: exact(row.at) }, `+${ms(row.at - run.at)} after the question`)], ['trail', row.trail],
    ['span', h('span', {}, h('code', {}, row.id), ' ', copy(row.id))], ['trace', h('span', {}, h('code', {}, run.trace), ' ', copy(run.trace))],
    ['elsewhere', elsewhere(options.elsewhere, run.trace, row.id)],
  ]);
  put(box, head, h('p', { class: 'quiet' }, 'reading its records …'), ids);
  const { signal } = options;
  get(`/api/records/${of(run)}`, { span: row.id }, signal).then(({ records, left_out: left }) => {
    const spans = records.map((it) => it.event).filter((it) => it.type === 'span');
    const start = spans.find((it) => it.phase === 'start');
    const end = spans.findLast((it) => !['start', 'progress'].includes(it.phase));
    const outcome = end?.outcome ?? {};
    const more = Object.entries(outcome).filter(([key]) => !PLACED.has(key));
    const fields = { ...(start ?? end)?.fields, ...Object.fromEntries(more) };
    const attributes = { ...start?.attributes, ...outcome.attributes };
    delete fields.attributes;
    put(box, head, exception(end), gates(records), spoken(row, start, outcome),
      row.input !== null || row.cost !== null ? section('Usage', usage(outcome.usage, row)) : undefined,
      outcome.finish_reasons?.length ? facts([['finished', outcome.finish_reasons.join(', ')]]) : undefined,
      Object.keys(fields).length ? section('Fields', tree(fields, true)) : undefined,
      Object.keys(attributes).length ? section('Attributes', tree(attributes, true)) : undefined,
      outcome.mcp ? section('MCP', tree(outcome.mcp, true)) : undefined,
      section('Identity', ids), section(`Events (${records.length})`, events(records, began)), left ? h('p', { class: 'warn' }, `${plural(left, 'record is', 'records are')} too large to be shown`) : undefined);
    box.scrollTop = 0;
  }).catch((error) => {
    if (error.name !== 'AbortError') put(box, head, h('p', { class: 'warn', role: 'alert' }, error.message), ids);
  });
}

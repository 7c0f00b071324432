// Two runs beside each other, step by step.

import { get, of } from './api.js';
import { button, entitle, h, put } from './dom.js';
import { clock, count, kind, line, ms, state } from './format.js';
import { content } from './json.js';
import { conversation } from './messages.js';
import { doubted, link } from './runs.js';

const SIGNS = { turn: 'turn', model: 'llm_call', tool: 'tool_call', agent: 'subagent' };

// The longest common order of the two, by what a step is (longer lists are laid beside each other as they are).
function aligned(left, right) {
  const same = (a, b) => a.kind === b.kind && a.name === b.name;
  if (left.length * right.length > 1_000_000) return Array.from({ length: Math.max(left.length, right.length) }, (_, at) => [left[at], right[at]]);
  const best = Array.from({ length: left.length + 1 }, () => new Uint32Array(right.length + 1));
  for (let a = left.length - 1; a >= 0; a -= 1) {
    for (let b = right.length - 1; b >= 0; b -= 1) best[a][b] = same(left[a], right[b]) ? best[a + 1][b + 1] + 1 : Math.max(best[a + 1][b], best[a][b + 1]);
  }
  const pairs = [];
  let [a, b] = [0, 0];
  while (a < left.length || b < right.length) {
    if (a < left.length && b < right.length && same(left[a], right[b])) pairs.push([left[a++], right[b++]]);
    else if (b >= right.length || (a < left.length && best[a + 1][b] >= best[a][b + 1])) pairs.push([left[a++], undefined]);
    else pairs.push([undefined, right[b++]]);
  }
  return pairs;
}

// What is compared: the question first, the answer last; turns of others are what their callers were answered.
function laid(steps) {
  const [turn, ...rest] = steps;
  if (turn?.kind !== 'turn') return steps.filter((it) => it.kind !== 'turn');
  const inside = rest.filter((it) => it.kind !== 'turn');
  return [{ ...turn, name: 'question', answered: '', ms: null, input: null, state: 'complete', error: null }, ...inside, { ...turn, name: 'answer', asked: '' }];
}

// Ids are new in each run: they are no difference.
function plain(step) {
  return step.kind === 'model' ? step.answered.replace(/"(id|tool_call_id)":"[^"]*"/g, '"$1":""') : step.answered;
}

function differences([a, b]) {
  if (!a || !b) return ['only here'];
  const list = [];
  if (a.asked !== b.asked) list.push(a.kind === 'tool' ? 'arguments' : 'question');
  if (plain(a) !== plain(b)) list.push(a.kind === 'tool' ? 'result' : 'answer');
  if (a.state !== b.state || a.error !== b.error) list.push('end');
  return list;
}

function cell(step, differs, open) {
  if (!step) return h('div', { class: 'cell none' }, h('span', { class: 'unseen' }, 'no such step'));
  const [sign] = kind(SIGNS[step.kind]);
  const answered = step.kind === 'model' ? conversation(step.answered) : content(step.answered);
  return h('div', { class: 'cell' }, h('details', { open }, h('summary', {}, h('span', { class: 'sign', 'aria-hidden': 'true' }, sign), ' ', h('b', {}, line(step.name, 60)), ' ', step.state === 'complete' ? undefined : state(step.state, step.error), h('small', {}, `${step.ms === null ? '' : ` ${ms(step.ms)}`}${step.input === null ? '' : ` · ${count(step.input)} + ${count(step.output)}`}`)),
    step.asked ? h('div', { class: differs.some((it) => it === 'arguments' || it === 'question') ? 'differs' : '' }, h('h4', {}, 'asked'), content(step.asked)) : undefined,
    step.answered ? h('div', { class: differs.some((it) => it === 'result' || it === 'answer') ? 'differs' : '' }, h('h4', {}, 'answered'), answered) : undefined));
}

function sums(a, b) {
  const change = (x, y, shown) => {
    if (x === null || y === null || x === undefined || y === undefined) return '–';
    const by = x === 0 ? '' : ` (${y >= x ? '+' : '−'}${Math.abs(((y - x) / x) * 100).toFixed(0)} %)`;
    return `${y >= x ? '+' : '−'}${shown(Math.abs(y - x))}${by}`;
  };
  const tokens = (run) => (run.input === null ? null : run.input + run.output);
  const rows = [['time', a.ms, b.ms, ms], ['tokens', tokens(a), tokens(b), count], ['model calls', a.models, b.models, count], ['tools and agents', a.calls, b.calls, count], ['failed calls', a.failed, b.failed, count]];
  return h('table', { class: 'sums-table' }, h('thead', {}, h('tr', {}, ['', 'left', 'right', 'difference'].map((it) => h('th', { scope: 'col' }, it)))),
    h('tbody', {}, rows.map(([name, x, y, shown]) => h('tr', {}, h('th', { scope: 'row' }, name), h('td', {}, shown(x)), h('td', {}, shown(y)), h('td', {}, x === y ? 'same' : change(x, y, shown))))));
}

export async function show(main, [leftTrace, leftId, rightTrace, rightId], _params, given) {
  const asking = new AbortController();
  const [left, right] = await Promise.all([get(`/api/steps/${of({ trace: leftTrace, id: leftId })}`, undefined, asking.signal), get(`/api/steps/${of({ trace: rightTrace, id: rightId })}`, undefined, asking.signal)]);
  const pairs = aligned(laid(left.steps), laid(right.steps)).map((pair) => [pair, differences(pair)]);
  const first = pairs.findIndex(([, differs]) => differs.length > 0);
  entitle('Compare');
  const title = ({ run }, side) => h('div', { class: 'side' }, h('h2', { dir: 'auto' }, h('a', { href: link(run) }, run.question ? line(run.question, 120) : line(run.agent, 60))),
    h('p', { class: 'lead' }, `${side} · `, state(run.state, run.error), ' · ', line(run.agent, 40), ' · ', clock(run.at), ' ', doubted(run)));
  const rows = pairs.map(([pair, differs], at) => h('li', { class: `pair ${differs.length ? 'differs' : ''} ${at === first ? 'first' : ''}`, tabindex: '-1' },
    h('div', { class: 'verdict' }, differs.length ? [at === first ? h('b', {}, '≠ first difference: ') : '≠ ', differs.join(', ')] : h('span', { class: 'quiet' }, '= same')),
    h('div', { class: 'cells' }, cell(pair[0], differs, differs.length > 0 && at <= first + 3), cell(pair[1], differs, differs.length > 0 && at <= first + 3))));
  const go = (by) => {
    const all = [...main.querySelectorAll('.pair.differs')];
    const now = all.indexOf(document.activeElement);
    const next = all[Math.max(0, Math.min(all.length - 1, now + by))];
    next?.focus();
    next?.scrollIntoView({ block: 'center' });
  };
  put(main, h('h1', {}, 'Compare'), h('div', { class: 'cells' }, title(left, 'left'), title(right, 'right')), sums(left.run, right.run),
    h('p', { class: 'sum', role: 'status' }, first < 0 ? 'They did the same, and said the same.' : [`${pairs.filter(([, it]) => it.length).length} of ${pairs.length} steps differ. `, button('to the first difference', () => { main.querySelector('.pair.first')?.focus(); main.querySelector('.pair.first')?.scrollIntoView({ block: 'center' }); })]),
    h('ol', { class: 'pairs' }, rows));
  return { leave: () => asking.abort(), keys: { j: () => go(1), k: () => go(-1), Escape: () => { location.hash = given.before('runs') ?? '#/runs'; } } };
}

// All runs: the newest first, filtered, live.

import { get, route } from './api.js';
import { announce, button, entitle, h, put, select } from './dom.js';
import { clock, count, exact, line, money, ms, plural, state } from './format.js';

const PAGE = 100;
const MOST = 500; // as many as the program lists
const STATES = [['', 'any state'], ['open', 'running or without end'], ['complete', 'complete'], ['error', 'failed'], ['cancelled', 'cancelled'], ['suspended', 'suspended'], ['failed', 'not complete'], ['denied', 'a gate denied'], ['cut', 'beginning missing']];
const TIMES = [['', 'any time'], ['15', 'last 15 minutes'], ['60', 'last hour'], ['1440', 'last day'], ['10080', 'last 7 days']];

// What the address asks for, as the program takes it.
export function asked(params) {
  const { agent, session, trace, status, tool, text, nested } = params;
  const since = params.minutes ? Math.round(Date.now() - Number(params.minutes) * 60_000) : params.since;
  return { agent, session, trace, status, tool, text, nested, since, until: params.until, min_ms: params.min_ms, max_ms: params.max_ms };
}

// The row of filters; `choices` come with the first answer.
export function filters(params, choices, change) {
  const offered = (all, of, any) => [['', any], ...[...new Set([of, ...all])].filter(Boolean).map((it) => [it, it.slice(0, 60)])];
  const number = (name, label) => h('input', { type: 'number', min: '0', step: '1', placeholder: label, 'aria-label': `${label} milliseconds`, value: params[name] ?? '', onchange: (event) => change({ [name]: event.target.value }) });
  let typing;
  const text = h('input', {
    type: 'search', id: 'search', placeholder: 'words, names, ids   /', 'aria-label': 'Words of the question or answer, names, ids', value: params.text ?? '', autocomplete: 'off', spellcheck: 'false',
    oninput: (event) => { clearTimeout(typing); typing = setTimeout(() => change({ text: event.target.value }), 200); },
  });
  const more = ['session', 'min_ms', 'max_ms', 'nested', 'trace'].some((name) => params[name]);
  return h('form', { class: 'filters', role: 'search', onsubmit: (event) => event.preventDefault() },
    text,
    select('Agent', params.agent ?? '', offered(choices.agents, params.agent, 'any agent'), (value) => change({ agent: value })),
    select('State', params.status ?? '', STATES, (value) => change({ status: value })),
    select('Tool', params.tool ?? '', offered(choices.tools, params.tool, 'any tool'), (value) => change({ tool: value })),
    select('Time', params.minutes ?? '', TIMES, (value) => change({ minutes: value, since: undefined, until: undefined })),
    h('details', { open: more, class: 'more' }, h('summary', {}, 'more'), h('div', {},
      h('input', { type: 'search', placeholder: 'session', 'aria-label': 'Session', value: params.session ?? '', onchange: (event) => change({ session: event.target.value }) }),
      number('min_ms', 'from ms'), number('max_ms', 'to ms'),
      params.trace ? h('span', { class: 'chip' }, 'trace ', params.trace.slice(0, 8), '… ', button('✕', () => change({ trace: undefined }), { class: 'quiet', 'aria-label': 'any trace' })) : undefined,
      params.since ? h('span', { class: 'chip' }, 'from ', clock(Number(params.since)), params.until ? [' to ', clock(Number(params.until))] : undefined, ' ', button('✕', () => change({ since: undefined, until: undefined }), { class: 'quiet', 'aria-label': 'any time' })) : undefined,
      h('label', {}, h('input', { type: 'checkbox', checked: params.nested === '1', onchange: (event) => change({ nested: event.target.checked ? '1' : undefined }) }), ' also runs that another called'))));
}

// The address of a run.
export function link(run) {
  return route('run', run.trace, run.id);
}

// What is to be doubted of a run, in a word: the worst of it.
export function doubted(run) {
  const claims = run.claims > 1 ? h('span', { class: 'doubt warn', title: 'which of them is meant, its ids alone do not tell' }, `△ ${count(run.claims)} runs claim these ids`) : undefined;
  const worst = run.doubt === 'damaged' ? h('span', { class: 'doubt bad', title: 'its records, or those between them, are damaged' }, '✕ damaged')
    : run.doubt === 'changed' ? h('span', { class: 'doubt warn', title: 'a file of its trail is not what was verified any more' }, '≠ changed')
    : run.cut ? h('span', { class: 'doubt warn', title: 'its first records are missing' }, '△ cut')
      : run.doubt === 'unsigned' ? h('span', { class: 'doubt', title: 'its newest records have no signature yet' }, '△ unsigned') : undefined;
  return [worst, claims];
}

function row(run, longest, chosen, compare) {
  const mark = doubted(run);
  const width = run.ms === null || longest <= 0 ? 0 : Math.max(1, (run.ms / longest) * 100);
  return h('li', { class: `run ${run.state} ${chosen ? 'chosen' : ''} ${run.doubt === 'damaged' ? 'damaged' : ''}` },
    h('a', { href: link(run), id: `run-${run.trace}-${run.id}` },
      h('span', { class: 'when' }, h('time', { title: exact(run.at) }, clock(run.at)), mark),
      h('span', { class: 'how' }, state(run.state, run.error)),
      h('span', { class: 'what', dir: 'auto' }, h('span', { class: 'question' }, run.question ? line(run.question, 160) : h('em', {}, 'not recorded')), run.answer ? h('span', { class: 'answer' }, line(run.answer, 160)) : undefined),
      h('span', { class: 'who' }, h('b', {}, line(run.agent, 40)), run.session ? [' ', h('small', {}, line(run.session, 40))] : undefined, run.nested ? h('small', {}, ' called') : undefined),
      h('span', { class: 'tools' }, run.tools.slice(0, 3).map((it) => h('span', { class: 'chip' }, line(it, 30))), run.tools.length > 3 ? h('small', {}, ` +${run.tools.length - 3}`) : undefined,
        run.failed ? h('span', { class: 'chip bad', title: 'calls that failed' }, `✕ ${run.failed}`) : undefined, run.denied ? h('span', { class: 'chip bad', title: 'calls that a gate did not let through' }, `⊘ ${run.denied}`) : undefined),
      h('span', { class: 'tokens', title: `${count(run.input)} in, ${count(run.output)} out` }, run.input === null ? '–' : [count(run.input + run.output), h('small', {}, ' tok')], run.cost === null ? undefined : h('small', {}, ` ${money(run.cost)}`)),
      h('span', { class: 'took' }, h('span', { class: 'took-bar', style: { width: `${width}%` } }), h('span', {}, run.state === 'running' ? ms(Math.max(0, Date.now() - run.at)) : ms(run.ms)))),
    compare ? button(compare[0], () => compare[1](run), { class: 'quiet pick' }) : undefined);
}

function nothing(read, given) {
  if (read.total > 0) return h('p', { class: 'empty' }, 'No run is like that.');
  if (given.state.trails.length > 0) return h('p', { class: 'empty' }, 'There are no runs in these trails yet. They are shown as they begin.');
  return h('div', { class: 'empty' }, h('p', {}, h('b', {}, 'There is no trail to look at yet.'), ' This page goes on looking for one. Start one of these:'),
    h('pre', {}, 'kaos up -f team.yaml --trail trail      # a team here, and then: kaos ui\nkaos ui TRAIL                           # a trail that is there, or a folder of trails\nkaos run --trail trail "…"              # one agent, once'));
}

export async function show(main, _path, params, given) {
  let limit = PAGE;
  let read;
  let chosen = -1;
  const asking = new AbortController();
  const list = h('ol', { class: 'runs', 'aria-label': 'Runs' });
  const sum = h('p', { class: 'sum', role: 'status' });
  const bar = h('div');
  const foot = h('div', { class: 'foot' });
  const compare = params.compare;
  const other = compare ? ['compare with this', (run) => { location.hash = route('compare', compare.split('/', 1)[0], compare.slice(compare.indexOf('/') + 1), run.trace, run.id); }] : undefined;
  put(main, h('h1', { class: 'unseen' }, 'Runs'), bar, compare ? h('div', { class: 'notice' }, 'Choose the run to compare with. ', button('not now', () => given.change({ compare: undefined }), { class: 'quiet' })) : undefined, sum, list, foot);
  const choose = (at) => {
    const links = list.querySelectorAll('li > a');
    chosen = Math.max(0, Math.min(links.length - 1, at));
    links.forEach((it, index) => it.parentElement.classList.toggle('chosen', index === chosen));
    links[chosen]?.focus();
    links[chosen]?.scrollIntoView({ block: 'nearest' });
  };
  const draw = () => {
    const longest = Math.max(0, ...read.runs.map((it) => it.ms ?? 0));
    const focused = document.activeElement?.id;
    const scrolled = window.scrollY;
    put(list, read.runs.length ? read.runs.map((run) => row(run, longest, false, other)) : undefined);
    put(sum, plural(read.found, 'run'), read.found < read.total ? ` of ${count(read.total)}` : '');
    put(foot, read.runs.length ? undefined : nothing(read, given), read.found > read.runs.length && read.runs.length >= MOST ? h('p', { class: 'quiet' }, `The newest ${MOST} of them are listed. A filter finds the others.`) : read.found > read.runs.length ? button(`${count(Math.min(PAGE, read.found - read.runs.length))} more`, () => { limit += PAGE; load(); }) : undefined);
    if (focused?.startsWith('run-')) document.getElementById(focused)?.focus({ preventScroll: true });
    window.scrollTo(0, scrolled);
  };
  const load = async () => {
    read = await get('/api/runs', { ...asked(params), limit: Math.min(limit, MOST) }, asking.signal);
    draw();
  };
  const change = (more) => given.change(more);
  await load();
  entitle('Runs');
  put(bar, filters(params, read, change));
  announce(`${plural(read.found, 'run')}`);
  const timer = setInterval(() => { if (read.runs.some((it) => it.state === 'running')) draw(); }, 1000);
  return {
    update: load,
    // Another run to compare with is another page.
    async changed(next) {
      if (next.compare !== params.compare) return false;
      params = next;
      limit = PAGE;
      await load();
      announce(`${plural(read.found, 'run')}`);
      return true;
    },
    leave() {
      clearInterval(timer);
      asking.abort();
    },
    keys: {
      j: () => choose(chosen + 1), k: () => choose(chosen - 1),
      c: () => { const run = read.runs[chosen]; if (run) other ? other[1](run) : given.change({ compare: `${run.trace}/${run.id}` }); },
      Escape: () => given.clear(),
    },
  };
}

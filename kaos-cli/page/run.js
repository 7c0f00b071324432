// One run: its waterfall, and a panel about the span that is chosen.

import { download, get, isFile, of, route } from './api.js';
import { announce, button, entitle, h, put } from './dom.js';
import { clock, count, exact, line, money, ms, plural, state } from './format.js';
import { elsewhere, panel } from './panel.js';
import { link } from './runs.js';
import { Waterfall } from './waterfall.js';

const DOUBTS = {
  damaged: ['bad', '✕ Damaged. ', 'Records of this run, or between them, are damaged, missing or not the ones that were written.'],
  changed: ['warn', '≠ Changed since it was verified. ', 'A file of its trail is not what was verified any more: what stands here may be another than was written. It is verified anew.'],
  unsigned: ['warn', '△ Not signed yet. ', 'The newest records of this run have no signature yet: whoever can write the files could have written them.'],
};

// Of the run and of those that are shown with it: what is wrong with one of them is wrong with what is seen.
function doubts({ run, nested, claimants, findings, unread, left_out: left }) {
  const said = [];
  const all = [run, ...nested];
  const worst = Object.keys(DOUBTS).find((it) => all.some((each) => each.doubt === it));
  const doubt = DOUBTS[worst];
  if (doubt) said.push(h('div', { class: `notice ${doubt[0]}`, role: doubt[0] === 'bad' ? 'alert' : 'note' }, h('b', {}, doubt[1]), doubt[2],
    findings.length ? h('ul', {}, findings.slice(0, 8).map((it) => h('li', {}, line(it, 400))), findings.length > 8 ? h('li', {}, `and ${findings.length - 8} more`) : undefined) : undefined));
  const claims = Math.max(...all.map((it) => it.claims));
  if (claims > 1) {
    const others = claimants.map((it) => h('li', {}, isFile ? line(it.trail, 60) : h('a', { href: link(it) }, line(it.trail, 60)), ' ', clock(it.at), ' ', line(it.question, 80)));
    said.push(h('div', { class: 'notice warn', role: 'note' }, h('b', {}, `△ ${count(claims)} runs claim these ids. `), run.claims > 1 ? ['This one is of ', h('b', {}, line(run.trail, 60)), '; which of them is meant, ids alone do not tell. '] : 'It is one that this run called. ', 'The others:', h('ul', {}, others)));
  }
  if (all.some((it) => it.cut)) said.push(h('div', { class: 'notice warn', role: 'note' }, h('b', {}, '△ A beginning is missing: '), 'it was pruned, lost or damaged. What is left is shown.'));
  if (all.some((it) => it.state === 'unfinished')) said.push(h('div', { class: 'notice warn', role: 'note' }, h('b', {}, '△ Not all of it has an end. '), 'A process died, or what it wrote last is lost.'));
  if (unread.length) said.push(h('div', { class: 'notice bad', role: 'alert' }, h('b', {}, '✕ Not all of it can be read: '), line(unread.join('; '), 400)));
  if (left) said.push(h('div', { class: 'notice warn', role: 'note' }, 'It has more spans than are shown here.'));
  return said;
}

async function prove(run, out) {
  put(out, 'proving …');
  try {
    await download(`/api/proof/${of(run)}`, `kaos-proof-${run.trace}.jsonl`);
    put(out, 'saved. Whoever has the key checks it without the trail: ', h('code', {}, `kaos audit check kaos-proof-${run.trace}.jsonl --key KEY.pub`));
  } catch (error) {
    put(out, h('span', { class: 'warn' }, error.message));
  }
}

function head(read, given) {
  const { run, nested, others } = read;
  const out = h('span', { class: 'proved', role: 'status' });
  const facts = [
    [ms(run.ms), 'time'], run.input === null ? undefined : [count(run.input + run.output), `tokens (${count(run.input)} in, ${count(run.output)} out)`],
    run.cost === null ? undefined : [money(run.cost), 'cost'], [count(run.models), 'model calls'], [count(run.calls), `tools and agents${run.failed ? `, ${run.failed} failed` : ''}${run.denied ? `, ${run.denied} not let through` : ''}`],
  ].filter(Boolean);
  return h('header', { class: 'run-head' },
    h('h1', { dir: 'auto' }, run.question ? line(run.question, 160) : h('em', {}, 'a question that was not recorded')),
    h('p', { class: 'lead' }, state(run.state, run.error), ' · ', h('b', {}, line(run.agent, 60)), run.session ? [' in ', isFile ? line(run.session, 60) : h('a', { href: route('session', run.session) }, line(run.session, 60))] : undefined,
      ' · ', h('time', { title: exact(run.at) }, clock(run.at)), nested.length ? ` · with ${plural(nested.length, 'other run')}, of the agents that it called` : undefined),
    h('ul', { class: 'sums' }, facts.map(([value, name]) => h('li', {}, h('b', {}, value), ' ', h('span', {}, name)))),
    isFile ? undefined : h('p', { class: 'actions' }, button('Prove this run', () => prove(run, out), { title: 'its records with inclusion proofs, as a file' }),
      h('a', { class: 'button', href: `#/runs?compare=${encodeURIComponent(`${run.trace}/${run.id}`)}` }, 'Compare …'),
      others ? h('a', { class: 'button', href: `#/runs?trace=${run.trace}&nested=1` }, `${plural(others, 'other run')} of this trace`) : undefined,
      elsewhere(given.elsewhere, run.trace, run.root ?? ''), out));
}

export async function show(main, [trace, root], params, given) {
  const asking = new AbortController();
  const path = `/api/run/${of({ trace, id: root })}`;
  let read = await get(path, undefined, asking.signal);
  let looked; // what the panel waits for
  const side = h('aside', { class: 'panel', 'aria-labelledby': 'panel-title', hidden: true });
  const close = () => {
    side.hidden = true;
    layout.classList.remove('with-panel');
    given.remember({ span: undefined });
    fall.body.focus();
  };
  const openPanel = (id) => {
    const row = read.spans.find((it) => it.id === id);
    if (!row) return;
    looked?.abort();
    looked = new AbortController();
    side.hidden = false;
    layout.classList.add('with-panel');
    panel(side, read.run, row, { close, elsewhere: given.elsewhere, signal: looked.signal });
    given.remember({ span: id });
  };
  const fall = new Waterfall({
    selected: (id, open) => {
      if (open || !side.hidden) openPanel(id);
    },
  });
  const top = h('div');
  const layout = h('div', { class: 'run-layout' }, h('div', { class: 'run-main' }, fall.box, h('p', { class: 'legend' }, '◉ turn  ◦ step  ◆ model  ■ tool  ➤ agent  ▴ gate  ✕ failed or denied')), side);
  put(main, top, layout);
  const draw = () => {
    const { run } = read;
    entitle(`${run.question.slice(0, 40) || run.agent}`);
    put(top, doubts(read), head(read, given));
    fall.show(read.spans, run.at, run.state === 'running' ? Math.max(run.seen, ...read.nested.map((it) => it.seen)) : run.seen);
  };
  draw();
  fall.body.style.setProperty('--rows', String(Math.max(4, fall.shown.length)));
  if (params.span) fall.select(params.span, true);
  else if (read.spans[0]) fall.select(fall.shown[0].span.id, false);
  announce(`${plural(read.spans.length, 'span')}`);
  return {
    async update() {
      const isOver = !['running'].includes(read.run.state);
      const now = await get(path, undefined, asking.signal);
      if (isOver && JSON.stringify(now.run) === JSON.stringify(read.run) && now.spans.length === read.spans.length && now.findings.length === read.findings.length && now.claimants.length === read.claimants.length) return;
      read = now;
      draw();
      fall.body.style.setProperty('--rows', String(Math.max(4, fall.shown.length)));
    },
    leave() {
      asking.abort();
      looked?.abort();
      fall.leave();
    },
    keys: {
      j: () => fall.move(1), k: () => fall.move(-1), z: () => fall.zoom(),
      Enter: () => { if (fall.selected) { openPanel(fall.selected); document.getElementById('panel-title')?.focus(); } },
      Escape: () => {
        if (!side.hidden) close();
        else if (!isFile) location.hash = given.before('runs') ?? '#/runs';
      },
    },
  };
}

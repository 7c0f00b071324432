// How many, how long, how much.

import { get } from './api.js';
import { entitle, h, put } from './dom.js';
import { count, line, money, ms, plural } from './format.js';
import { bars, histogram, lines } from './charts.js';
import { asked, filters } from './runs.js';

const rate = (of) => (of.count ? `${((of.errors / of.count) * 100).toFixed(of.errors && of.errors / of.count < 0.1 ? 1 : 0)} %` : '–');

function table(title, rows, columns) {
  if (rows.length === 0) return undefined;
  return h('section', {}, h('h2', {}, title), h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': title }, h('table', {}, h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, ''), columns.map(([name]) => h('th', { scope: 'col' }, name)))),
    h('tbody', {}, rows.map(({ name, of }) => h('tr', {}, h('th', { scope: 'row' }, name ? line(name, 60) : '–'), columns.map(([, cell]) => h('td', {}, cell(of)))))))));
}

const LONG = [['calls', (of) => count(of.count)], ['failed', (of) => (of.errors ? `${count(of.errors)} (${rate(of)})` : '0')], ['p50', (of) => ms(of.p50)], ['p95', (of) => ms(of.p95)], ['p99', (of) => ms(of.p99)], ['longest', (of) => ms(of.most)]];
const USED = [['input', (of) => count(of.input)], ['output', (of) => count(of.output)], ['cost', (of) => money(of.cost)]];

function tile(title, of, more) {
  return h('div', { class: 'tile' }, h('h3', {}, title), h('p', { class: 'big' }, count(of.count)), h('p', {}, of.errors ? h('b', { class: 'bad' }, `${count(of.errors)} failed (${rate(of)})`) : 'none failed', of.cancelled ? `, ${count(of.cancelled)} cancelled` : ''),
    h('p', {}, `p50 ${ms(of.p50)} · p95 ${ms(of.p95)} · p99 ${ms(of.p99)}`), more ? h('p', {}, more) : undefined);
}

export async function show(main, _path, params, given) {
  const asking = new AbortController();
  const bar = h('div');
  const box = h('div', { class: 'numbers' });
  put(main, h('h1', { class: 'unseen' }, 'Numbers'), bar, box);
  const load = async () => {
    const read = await get('/api/numbers', asked(params), asking.signal);
    const { turns, models, tools, agents } = read;
    const slow = [...read.by_tool].sort((a, b) => (b.of.p95 ?? 0) - (a.of.p95 ?? 0));
    const none = turns.count + models.count + tools.count === 0;
    put(box, h('p', { class: 'sum', role: 'status' }, plural(read.runs, 'run'), read.open ? `, ${count(read.open)} of them without an end` : '', read.denied ? `, ${plural(read.denied, 'call')} that gates did not let through` : '', read.ahead ? `. ${plural(read.ahead, 'run is', 'runs are')} dated in the future, out of the charts' range: their last stretch has them` : ''),
      none ? h('p', { class: 'empty' }, 'Nothing has ended in this time.') : [
        h('div', { class: 'tiles' }, tile('Turns', turns), tile('Model calls', models, `${count(models.input)} + ${count(models.output)} tokens${models.cost === null ? '' : ` · ${money(models.cost)}`}`), tile('Tool calls', tools), agents.count ? tile('Calls of agents', agents) : undefined),
        h('div', { class: 'charts' }, h('section', {}, h('h2', {}, 'Turns over time'), bars('Turns over time, failed ones hatched', read.series, read.from, read.to), h('p', { class: 'legend' }, 'filled: complete, hatched: failed')),
          h('section', {}, h('h2', {}, 'How long turns took'), lines('Percentiles of turns over time', read.series, read.from, read.to)),
          h('section', {}, h('h2', {}, 'Model calls by time'), histogram('Model calls by time', models)),
          tools.count ? h('section', {}, h('h2', {}, 'Tool calls by time'), histogram('Tool calls by time', tools)) : undefined),
        table('Slowest tools', slow, LONG), table('Models', read.by_model, [...LONG.slice(0, 5), ...USED]), table('Agents', read.by_agent, [['turns', LONG[0][1]], ...LONG.slice(1, 5), ...USED])]);
  };
  const choices = await get('/api/runs', { limit: 0 }, asking.signal);
  put(bar, filters(params, choices, (more) => given.change(more)));
  await load();
  entitle('Numbers');
  return { update: load, changed: async (next) => { params = next; await load(); }, leave: () => asking.abort(), keys: { Escape: () => given.clear() } };
}

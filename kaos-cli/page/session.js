// A conversation over its turns.

import { get } from './api.js';
import { entitle, h, put } from './dom.js';
import { clock, count, exact, line, ms, plural, state } from './format.js';
import { said } from './messages.js';
import { doubted, link } from './runs.js';

export async function show(main, [name], _params, given) {
  const asking = new AbortController();
  const box = h('div');
  put(main, h('h1', {}, 'Session ', h('bdi', {}, line(name, 100))), box);
  let before;
  const load = async () => {
    const read = await get('/api/session', { name }, asking.signal);
    const now = JSON.stringify(read);
    if (now === before) return;
    before = now;
    const tokens = read.turns.reduce((sum, { run }) => sum + (run.input ?? 0) + (run.output ?? 0), 0);
    const shown = read.turns.length;
    put(box, h('p', { class: 'sum' }, plural(read.found, 'turn'), shown < read.found ? `, of which the newest ${shown} are shown` : '', tokens ? `, ${count(tokens)} tokens` : ''),
      shown === 0 ? h('p', { class: 'empty' }, 'No run of these trails has this session.') : undefined,
      h('ol', { class: 'turns' }, read.turns.map(({ run, question, answer }) => h('li', { class: run.doubt === 'damaged' ? 'damaged' : '' },
        h('p', { class: 'turn-head' }, h('a', { href: link(run) }, h('time', { title: exact(run.at) }, clock(run.at))), ' ', state(run.state, run.error), ` · ${ms(run.ms)}`,
          run.calls ? ` · ${plural(run.calls, 'call')} of tools and agents` : '',' ', doubted(run)),
        h('ol', { class: 'conversation' }, said('user', question ?? run.question), run.state === 'running' && !answer ? undefined : said('assistant', answer ?? run.answer, h('small', {}, ' ', line(run.agent, 40))))))));
  };
  await load();
  entitle(`${name.slice(0, 40)}`);
  return { update: load, leave: () => asking.abort(), keys: { Escape: () => { location.hash = given.before('runs') ?? '#/runs'; } } };
}

// The agents of the team that runs, or of a cluster, and asking one.

import { get, post, route } from './api.js';
import { announce, button, entitle, h, put } from './dom.js';
import { clock, line, words } from './format.js';
import { facts } from './json.js';

// As much of an answer as is shown: all of it is in its run.
const MAX_SHOWN = 256 * 1024;

const STAGES = { __proto__: null, ready: '✓', pending: '…', waiting: '…', starting: '…', restarting: '⟳', stopping: '…', stopped: '■', failed: '✕' };

function names(list) {
  if (!Array.isArray(list) || list.length === 0) return undefined;
  return list.map((it) => h('span', { class: 'chip', title: typeof it === 'object' ? it.description ?? '' : '' }, line(typeof it === 'string' ? it : it.name ?? it.id ?? '?', 40)));
}

function models(it) {
  return Array.isArray(it) ? names(it) : it;
}

function component(it) {
  const card = it.card ?? {};
  const about = card.description ?? it.description;
  const tools = Array.isArray(it.tools) ? it.tools : it.tools?.tools;
  return h('article', { class: `component ${it.stage}` }, h('header', {}, h('h3', {}, h('bdi', {}, line(it.resource, 60)), ' ', h('small', {}, it.kind)), h('span', { class: `state ${it.stage === 'ready' ? 'complete' : it.stage === 'failed' ? 'error' : 'open'}` }, STAGES[it.stage] ?? '?', ' ', line(it.stage, 20))),
    about ? h('p', {}, line(about, 300)) : undefined,
    facts([['why', it.why], ['model', card.model ?? card.metadata?.model ?? models(it.model)], ['tools', names(tools)], ['skills', tools ? undefined : names(card.skills)], ['tool servers', names(it.servers)], ['agents', names(card.sub_agents ?? card.peers ?? card.metadata?.peers ?? it.agents)], ['address', it.address], ['process', it.pid ? `${it.pid}, since ${clock(Date.parse(it.since))}` : undefined], ['restarts', it.restarts || undefined]]),
    it.kind === 'Agent' ? h('p', {}, h('a', { href: `#/runs?agent=${encodeURIComponent(it.resource)}&nested=1` }, 'its runs')) : undefined);
}

// The frames of an answer as they come.
async function* frames(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    waiting += value;
    const whole = waiting.split('\n');
    waiting = whole.pop();
    for (const text of whole) {
      const data = /^data:\s?(.*)$/.exec(text.trimEnd())?.[1];
      if (!data || data === '[DONE]') continue;
      try {
        yield JSON.parse(data);
      } catch { /* a frame that is no JSON says nothing */ }
    }
  }
}

function asker(given) {
  let agents = [];
  let asking;
  const agent = h('select', { 'aria-label': 'Agent' });
  const session = h('input', { placeholder: 'session (optional)', 'aria-label': 'Session' });
  const question = h('textarea', { rows: '2', placeholder: 'ask it something', 'aria-label': 'Question', id: 'question', onkeydown: (event) => { if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) { event.preventDefault(); ask(); } } });
  const out = h('div', { class: 'asked' });
  const go = button('Ask', () => (asking ? asking.abort() : ask()), { class: 'primary' });
  const ask = async () => {
    const text = question.value.trim();
    if (!text || asking) return;
    asking = new AbortController();
    go.textContent = 'Stop';
    const answer = h('div', { class: 'said prose', dir: 'auto' });
    const about = h('p', { class: 'quiet' }, 'asking …');
    put(out, h('ol', { class: 'conversation' }, h('li', { class: 'message user' }, h('div', { class: 'role' }, 'user'), h('div', { class: 'said prose', dir: 'auto' }, words(text))), h('li', { class: 'message assistant' }, h('div', { class: 'role' }, line(agent.value, 40)), answer)), about);
    try {
      const response = await post('/api/ask', { agent: agent.value, question: text, session: session.value.trim() }, asking.signal);
      const trace = response.headers.get('x-trace-id');
      if (trace && /^[0-9a-f]{32}$/.test(trace)) put(about, h('a', { href: route('run', trace, '-') }, 'its run, live'));
      let said = '';
      let drawn = 0;
      for await (const frame of frames(response)) {
        if (frame.error) throw new Error(frame.error.message ?? 'it failed');
        said += frame.choices?.[0]?.delta?.content ?? '';
        if (said.length > MAX_SHOWN) break;
        // Each drawing is of all of it: so often, and no more.
        if (performance.now() - drawn > 100 + said.length / 256) {
          put(answer, words(said));
          drawn = performance.now();
        }
      }
      put(answer, words(said.slice(0, MAX_SHOWN)));
      if (said.length > MAX_SHOWN) {
        asking.abort();
        throw new Error('the answer is longer than is shown here');
      }
      announce('answered');
      question.value = '';
    } catch (error) {
      about.append(h('span', { class: 'warn', role: 'alert' }, error.name === 'AbortError' ? ' stopped' : ` ${error.message}`));
    }
    asking = undefined;
    go.textContent = 'Ask';
    given.refresh();
  };
  return {
    box: h('section', { class: 'ask' }, h('h2', {}, 'Ask'), h('form', { onsubmit: (event) => { event.preventDefault(); ask(); } }, h('div', { class: 'ask-row' }, agent, session), question, go), out),
    offer(all) {
      const ready = all.filter((it) => it.kind === 'Agent').map((it) => it.resource);
      if (ready.join('\n') === agents.join('\n')) return;
      agents = ready;
      const chosen = agent.value || ready.find((it) => it.includes('coordinator')) || ready[0];
      put(agent, ready.map((it) => h('option', { value: it, selected: it === chosen }, it)));
    },
    leave: () => asking?.abort(),
  };
}

export async function show(main, _path, _params, given) {
  const asking = new AbortController();
  const box = h('div');
  const form = asker(given);
  const silent = h('p', { class: 'warn', role: 'status' });
  put(main, h('h1', {}, 'Agents'), silent, box);
  let before;
  let answered = Date.now();
  const load = async () => {
    const team = await get('/api/agents', undefined, asking.signal);
    answered = Date.now();
    silent.textContent = '';
    box.classList.remove('old');
    const now = JSON.stringify(team);
    if (now === before) return;
    before = now;
    if (!team.running) {
      put(box, h('div', { class: 'empty' }, h('p', {}, h('b', {}, `No team called ${team.name} runs.`)), h('pre', {}, 'kaos up -f team.yaml --trail trail'), h('p', {}, 'starts one; its agents are shown here, and can be asked. kaos ui --cluster shows those of a Kubernetes cluster.')));
      return;
    }
    form.offer(team.components);
    if (!form.box.isConnected) put(box, h('p', { class: 'sum' }), form.box, h('div', { class: 'components' }));
    box.querySelector('.sum').textContent = team.namespace ? `Namespace ${team.namespace} of the cluster${team.more ? '; there is more than is shown' : ''}` : `Team ${team.name}: ${team.state}${team.trail ? '' : '. It was started without --trail: what it does is not recorded.'}`;
    put(box.querySelector('.components'), team.components.map(component));
  };
  // What does not answer may answer again: what was shown before is old meanwhile, and says so.
  const look = async () => {
    try {
      await load();
    } catch (error) {
      if (error.name === 'AbortError') return;
      silent.textContent = before ? `Not answered since ${clock(answered)}: ${line(error.message, 300)}` : line(error.message, 300);
      box.classList.add('old');
    }
    if (!asking.signal.aborted) timer = setTimeout(look, 2000);
  };
  let timer;
  silent.textContent = 'asking …';
  entitle('Agents');
  look();
  return {
    update: async () => undefined, // it looks by itself
    leave() { clearTimeout(timer); asking.abort(); form.leave(); },
    keys: { Escape: () => { location.hash = given.before('runs') ?? '#/runs'; }, a: () => document.getElementById('question')?.focus() },
  };
}

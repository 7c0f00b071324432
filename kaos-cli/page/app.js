// Which page is shown, what is on all of them, and what keys do.

import { get, isFile, takeToken } from './api.js';
import { button, entitle, h, put } from './dom.js';
import { bytes, plural } from './format.js';
import { show as showAgents } from './agents.js';
import { show as showCompare } from './compare.js';
import { show as showNumbers } from './numbers.js';
import { show as showRun } from './run.js';
import { show as showRuns } from './runs.js';
import { show as showSession } from './session.js';
import { badge, show as showTrust, verified } from './trust.js';

// What an address leads to that nobody made.
function showNowhere(box) {
  entitle('No such page');
  put(box, h('div', { class: 'empty', role: 'alert' }, h('p', {}, h('b', {}, 'There is no such page.')), h('p', {}, h('a', { href: '#/runs' }, 'all runs'))));
  return {};
}

const PAGES = { nowhere: showNowhere, runs: showRuns, run: showRun, session: showSession, compare: showCompare, numbers: showNumbers, trust: showTrust, agents: showAgents };
const NAV = [['runs', 'Runs'], ['numbers', 'Numbers'], ['agents', 'Agents'], ['trust', 'Trust']];
const KEYS = [['j  k', 'next, previous'], ['Enter', 'open'], ['Esc', 'close, back'], ['/', 'search'], ['c', 'compare the chosen run'], ['z', 'zoom on the chosen span'], ['← →', 'close and open a span'], ['g then r n a t', 'runs, numbers, agents, trust'], ['?', 'these keys']];

const head = h('header', { class: 'top' });
const notice = h('div', { class: 'notices', role: 'status' });
const main = h('main', { id: 'main', tabindex: '-1' });
const help = h('dialog', { class: 'help', 'aria-labelledby': 'help-title' }, h('h2', { id: 'help-title' }, 'Keys'), h('dl', { class: 'facts' }, KEYS.map(([key, what]) => [h('dt', {}, h('kbd', {}, key)), h('dd', {}, what)])), h('form', { method: 'dialog' }, h('button', {}, 'Close')));
document.body.append(button('To the content', () => main.focus(), { class: 'skip' }), head, notice, main, h('div', { id: 'live', class: 'unseen', 'aria-live': 'polite' }), help);

let page;
let state = { trails: [], version: undefined };
const last = {}; // where each kind of page was left

function address() {
  const [path, query = ''] = location.hash.slice(1).split('?');
  const parts = path.split('/').filter(Boolean).map((it) => { try { return decodeURIComponent(it); } catch { return it; } });
  const name = Object.hasOwn(PAGES, parts[0] ?? 'runs') ? parts[0] ?? 'runs' : 'nowhere';
  return { name, parts: parts.slice(1), params: Object.fromEntries(new URLSearchParams(query)), path };
}

function written(path, params) {
  const given = Object.entries(params).filter(([, value]) => value !== undefined && value !== '');
  const query = new URLSearchParams(given).toString();
  return `#${path || '/runs'}${query ? `?${query}` : ''}`;
}

function drawHead() {
  const { name } = address();
  const modes = { '': '◐', light: '○', dark: '●' };
  const mode = localStorage.getItem('kaos-ui-look') ?? '';
  const next = { '': 'light', light: 'dark', dark: '' }[mode] ?? '';
  document.documentElement.dataset.look = mode;
  const look = button(modes[mode] ?? '◐', () => { localStorage.setItem('kaos-ui-look', next); drawHead(); }, { class: 'quiet look', title: `colours: ${mode || 'as the system'}`, 'aria-label': `Colours: ${mode || 'as the system'}; change` });
  if (isFile) { put(head, h('span', { class: 'brand' }, 'kaos'), h('span', { class: 'quiet' }, 'one run, written from its trail'), h('span', { class: 'gap' }), look); return; }
  put(head, h('a', { class: 'brand', href: last.runs ?? '#/runs' }, 'kaos'), h('nav', { 'aria-label': 'Pages' }, NAV.map(([key, label]) => h('a', { href: last[key] ?? `#/${key}`, 'aria-current': key === name || (key === 'runs' && ['run', 'session', 'compare'].includes(name)) ? 'page' : undefined }, label))),
    h('span', { class: 'gap' }), badge(state.trails), look, button('?', () => help.showModal(), { class: 'quiet', 'aria-label': 'Keys' }));
}

// What is true of all pages now: a program that went away, files that are being read, and what became of them.
function drawNotices(away) {
  const reading = state.trails.filter((it) => it.indexed < it.bytes);
  const left = reading.reduce((sum, it) => sum + it.bytes - it.indexed, 0);
  const recent = state.trails.flatMap((it) => it.news.filter((news) => Date.now() - Date.parse(news.at) < 60_000).map((news) => `${it.name}: ${news.what}`));
  const list = [
    away ? h('p', { class: 'notice bad', role: 'alert' }, away) : undefined,
    left > 1_000_000 ? h('p', { class: 'notice' }, `reading ${plural(reading.length, 'trail')}: ${bytes(left)} to go`) : undefined,
    ...recent.slice(-3).map((it) => h('p', { class: 'notice warn' }, it)),
  ].filter(Boolean);
  const now = list.map((it) => it.textContent).join('\n');
  if (notice.dataset.now !== now) { notice.dataset.now = now; put(notice, list); }
}

const given = {
  get state() { return state; },
  get elsewhere() { return state.elsewhere; },
  before: (name) => last[name],
  // Another choice on the same page.
  change(more) {
    const { path, params } = address();
    location.hash = written(path, { ...params, ...more });
  },
  // The same, without a step of its own in the history.
  remember(more) {
    const { path, params } = address();
    history.replaceState(null, '', written(path, { ...params, ...more }));
  },
  clear() {
    location.hash = `#/${address().name}`;
  },
  refresh: () => page?.view?.update?.().catch(failed),
};

function failed(error) {
  if (error.name === 'AbortError') return;
  if (error.away) drawNotices(error.message);
  else put(main, h('div', { class: 'empty', role: 'alert' }, h('p', {}, h('b', {}, error.message)), isFile ? undefined : h('p', {}, h('a', { href: '#/runs' }, 'all runs'))));
}

let turn = 0;
async function navigate() {
  const { name, parts, params, path } = address();
  last[name] = location.hash || '#/runs';
  drawHead();
  const mine = ++turn;
  if (page?.path === path && page.view?.changed) {
    try {
      if (await page.view.changed(params) !== false) return;
    } catch (error) {
      failed(error);
      return;
    }
  }
  page?.view?.leave?.();
  const now = { path, name };
  page = now;
  main.className = `page-${name}`;
  try {
    const view = await PAGES[name](main, parts, params, given);
    if (mine === turn) now.view = view;
    else view.leave?.();
    window.scrollTo(0, 0);
  } catch (error) {
    if (mine === turn) failed(error);
  }
}

// What is new is waited for, as long as somebody looks.
async function live() {
  for (;;) {
    try {
      const before = state.version;
      state = await get('/api/state', { since: before });
      drawHead();
      drawNotices();
      if (before !== undefined && state.version !== before) await page?.view?.update?.();
    } catch (error) {
      if (error.away || error.status === 401) {
        drawNotices(error.message);
        await new Promise((resolve) => { setTimeout(resolve, 2000); });
      } else if (error.name !== 'AbortError') {
        failed(error);
        await new Promise((resolve) => { setTimeout(resolve, 1000); });
      }
    }
    await new Promise((resolve) => { setTimeout(resolve, document.hidden ? 5000 : 250); });
  }
}

let prefix;
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
  const writes = event.target.closest?.('input, textarea, select');
  if (writes) {
    if (event.key === 'Escape') { event.target.blur(); event.preventDefault(); }
    return;
  }
  const goes = prefix === 'g' && !isFile ? { r: 'runs', n: 'numbers', a: 'agents', t: 'trust' }[event.key] : undefined;
  prefix = event.key;
  if (goes) { location.hash = last[goes] ?? `#/${goes}`; event.preventDefault(); return; }
  if (event.key === '?') { help.showModal(); event.preventDefault(); return; }
  if (event.key === '/') { const box = document.getElementById('search'); if (box) { box.focus(); box.select(); event.preventDefault(); } return; }
  if (event.key === 'Enter' && event.target.closest?.('a, button, summary')) return;
  const act = page?.view?.keys?.[event.key];
  if (act) { act(); event.preventDefault(); }
});

async function start() {
  if (isFile) {
    drawHead();
    const { run, trails } = (await get('/api/file'));
    put(notice, trails.map(verified));
    page = { name: 'run', view: await showRun(main, [run.trace, run.id], address().params, given) };
    return;
  }
  await takeToken();
  addEventListener('hashchange', async () => {
    await takeToken();
    await navigate();
  });
  try {
    state = await get('/api/state');
  } catch (error) {
    drawHead();
    failed(error);
    drawNotices(error.message);
  }
  drawNotices();
  await navigate();
  live();
}

start();

// Whether the trails are as they were written.

import { get } from './api.js';
import { entitle, h, put } from './dom.js';
import { bytes, clock, count, exact, line, ms, plural, words } from './format.js';
import { facts } from './json.js';

const STANDING = {
  unknown: ['…', 'not verified yet', 'quiet'], changed: ['≠', 'CHANGED since it was verified', 'warn'], intact: ['✓', 'INTACT', 'good'], torn: ['△', 'TORN', 'warn'], not_intact: ['✕', 'NOT INTACT', 'bad'], failed: ['?', 'could not be verified', 'warn'],
};

const ORDER = ['not_intact', 'failed', 'changed', 'torn', 'unknown', 'intact'];

// What all trails together are: as the worst of them.
export function worst(trails) {
  const found = trails.map((it) => it.trust.standing);
  return ORDER.find((it) => found.includes(it)) ?? 'unknown';
}

// What else is to be known at a glance.
export function caveats(trust) {
  if (trust.records === null) return [];
  return [
    trust.unsigned ? `unsigned tail: ${count(trust.unsigned)}` : undefined,
    trust.signed ? (trust.key_given ? undefined : 'whose signature, only --key tells') : 'unsigned',
    trust.anchored ? undefined : 'unanchored',
  ].filter(Boolean);
}

// The badge that is on each page.
export function badge(trails) {
  if (trails.length === 0) return h('span', { class: 'badge quiet' }, 'no trail');
  const standing = worst(trails);
  const [sign, word, look] = STANDING[standing];
  const records = trails.reduce((sum, it) => sum + (it.trust.records ?? 0), 0);
  const findings = trails.reduce((sum, it) => sum + (it.trust.findings ?? 0), 0);
  const notes = [...new Set(trails.flatMap((it) => caveats(it.trust)))];
  const more = findings ? `${count(findings)} finding${findings === 1 ? '' : 's'}` : standing === 'unknown' ? '' : plural(records, 'record');
  const busy = trails.some((it) => it.verifying > 0);
  // Whole, but for an end that nobody has signed yet, is not the green of a whole one.
  const isPart = standing === 'intact' && trails.some((it) => it.trust.unsigned > 0);
  return h('a', { class: `badge ${isPart ? 'part' : look}`, href: '#/trust', title: `${trails.length} trail${trails.length === 1 ? '' : 's'}: ${word}${notes.length ? ` (${notes.join('; ')})` : ''}` },
    h('b', {}, sign, ' ', word), more ? [' ', h('span', {}, more)] : undefined, notes.length ? h('span', { class: 'caveat' }, notes[0].startsWith('whose') ? 'no key given' : notes[0], notes.length > 1 ? ' …' : '') : undefined, busy ? h('span', { class: 'busy', title: 'is being verified' }, ' ⟳') : undefined);
}

// How a trail stood when a file was written of it, in words.
export function verified({ name, trust }) {
  const [sign, word, look] = STANDING[trust.standing];
  const said = [
    trust.error ?? (trust.findings ? plural(trust.findings, 'finding') : plural(trust.records, 'record')),
    trust.records === null ? undefined : trust.signed ? (trust.key_given ? 'signatures were compared with the key that was given' : 'no key was given: signatures were compared with the key that the trail itself names') : 'unsigned: whoever could write it could have rewritten it',
    trust.unsigned ? `${plural(trust.unsigned, 'record')} at its end ${trust.unsigned === 1 ? 'has' : 'have'} no signature yet` : undefined,
    trust.records === null ? undefined : trust.anchored ? 'it holds all that the anchor says' : 'no anchor was given: if its end was cut off, nobody can tell',
  ].filter(Boolean);
  return h('p', { class: `notice ${look}`, role: 'note' }, h('b', {}, sign, ' ', word), ' is how the trail ', h('bdi', {}, line(name, 80)), ` was verified at ${exact(Date.parse(trust.at))}, before this was written: `, line(said.join('; '), 600), '.');
}

function one(trail, only) {
  const { verdict } = trail;
  const [sign, word, look] = STANDING[verdict.standing];
  const report = verdict.report ?? {};
  const reading = trail.indexed < trail.bytes;
  return h('article', { class: `trail ${look}` },
    h('header', {}, h('h2', {}, h('span', { class: `verdict-word ${look}` }, sign, ' ', word), ' ', h('bdi', {}, line(trail.name, 80)), trail.written ? [' ', h('span', { class: 'chip' }, '● being written')] : undefined)),
    trail.verifying ? h('p', {}, h('progress', { 'aria-label': 'verifying', max: Math.max(report.records ?? 0, trail.verifying), value: trail.verifying }), ` verifying: ${plural(trail.verifying, 'record')}`) : undefined,
    verdict.standing === 'changed' ? h('p', { class: 'warn', role: 'note' }, 'One of its files is not what was verified any more, and is being verified anew, or waits for it. What stands below was found before.') : undefined,
    reading ? h('p', {}, h('progress', { 'aria-label': 'reading', max: trail.bytes, value: trail.indexed }), ` reading: ${bytes(trail.indexed)} of ${bytes(trail.bytes)}`) : undefined,
    verdict.error ? h('p', { class: 'bad', role: 'alert' }, line(verdict.error, 400)) : undefined,
    verdict.findings?.length ? h('section', {}, h('h3', {}, 'Findings'), h('ol', { class: 'findings' }, verdict.findings.map((it) => h('li', {}, words(it.text)))), report.more_findings ? h('p', {}, `and ${count(report.more_findings)} more`) : undefined) : undefined,
    report.torn ? h('p', { class: 'warn' }, `Torn from record ${count(report.torn.from_seq)} on: ${bytes(report.torn.bytes)} at the end of ${report.torn.segment} were being written when the writer died. Nothing that was confirmed is missing.`) : undefined,
    facts([
      ['place', trail.path], ['log', report.log], ['records', report.records === undefined ? undefined : `${count(report.records)} in ${plural(report.segments, 'file')}, ${bytes(trail.bytes)}`], ['checkpoints', report.checkpoints === undefined ? undefined : count(report.checkpoints)],
      ['signed by', report.signers === undefined ? undefined : report.signers.length ? report.signers.map((it) => h('div', {}, h('code', {}, line(it, 200)))) : h('span', { class: 'warn' }, 'nobody: whoever could write it could rewrite it')],
      ['key', report.key_given === undefined ? undefined : report.key_given ? 'as given with --key' : h('span', { class: 'warn' }, 'none was given: whose the signatures are is not known (--key)')],
      ['anchor', report.key_given === undefined ? undefined : report.after_anchor === null ? h('span', { class: 'warn' }, 'none: if its end was cut off, nobody can tell (--anchor)') : report.after_anchor > 1 ? `holds all but the last ${plural(report.after_anchor, 'record')}` : 'holds all of it'],
      ['unsigned tail', report.unsigned_tail ? `${plural(report.unsigned_tail, 'record')}, which no checkpoint covers yet` : undefined],
      ['end', report.open === undefined ? undefined : report.open ? 'open: it is being written, or its writer ended without a seal' : 'sealed'],
      ['verified', verdict.at ? `${clock(Date.parse(verdict.at))}, in ${ms(verdict.ms)}` : undefined],
    ]),
    trail.news.length ? h('section', {}, h('h3', {}, 'What happened to its files meanwhile'), h('ol', { class: 'news' }, trail.news.map((it) => h('li', {}, h('time', {}, clock(Date.parse(it.at))), ' ', line(it.what, 300))))) : undefined,
    verdict.text ? h('details', { open: only && verdict.standing === 'not_intact' ? true : undefined }, h('summary', {}, verdict.standing === 'changed' ? 'As kaos audit verify said it before the change' : 'As kaos audit verify says it'), h('pre', {}, words(verdict.text))) : undefined);
}

export async function show(main, _path, _params, given) {
  const asking = new AbortController();
  const box = h('div', { class: 'trails' });
  put(main, h('h1', {}, 'Trust'), h('p', { class: 'sum' }, 'Each trail is verified in the background, again and again as it grows: lines, hashes, tree, checkpoints and signatures. What is shown on the other pages comes from the same files.'), box);
  let before;
  const load = async () => {
    const { trails } = await get('/api/trust', undefined, asking.signal);
    const now = JSON.stringify(trails);
    if (now === before) return;
    before = now;
    const open = [...box.querySelectorAll('details')].map((it) => it.open);
    put(box, trails.length ? trails.map((it) => one(it, trails.length === 1)) : h('p', { class: 'empty' }, 'There is no trail.'));
    box.querySelectorAll('details').forEach((it, at) => { if (open[at] !== undefined) it.open = open[at]; });
  };
  await load();
  entitle('Trust');
  return { update: load, leave: () => asking.abort(), keys: { Escape: () => { location.hash = given.before('runs') ?? '#/runs'; } } };
}

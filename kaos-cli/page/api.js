// What the pages ask their program. In a file that was written by `kaos audit show --html` the answers are in the file.

const KEY = 'kaos-ui-token';

const embedded = document.getElementById('kaos-data');
const answers = embedded ? JSON.parse(embedded.textContent) : undefined;

// Whether this is such a file.
export const isFile = answers !== undefined;

// Takes the token out of the address, where it should not stay. Any page may lead here with one of its own: one that is refused is not
// taken, so that it does not replace one that is accepted.
export async function takeToken() {
  const found = /^#token=([^&/]+)(.*)$/.exec(location.hash);
  if (!found) return;
  history.replaceState(null, '', `${location.pathname}#${found[2].replace(/^[&#]/, '') || '/runs'}`);
  try {
    const token = decodeURIComponent(found[1]);
    const response = await fetch('/api/token', { headers: { Authorization: `Bearer ${token}` } });
    if (response.ok) localStorage.setItem(KEY, token);
  } catch { /* it cannot be one, or nobody answers: what is asked next says so */ }
}

function headers(more) {
  const token = isFile ? undefined : localStorage.getItem(KEY);
  return { ...(token ? { Authorization: `Bearer ${token}` } : {}), ...more };
}

export function address(path, params) {
  const given = Object.entries(params ?? {}).filter(([, value]) => value !== undefined && value !== null && value !== '');
  const query = new URLSearchParams(given).toString();
  return query ? `${path}?${query}` : path;
}

async function checked(response) {
  if (response.ok) return response;
  let why = `it answers with ${response.status}`;
  try {
    const body = await response.json();
    why = typeof body.error === 'string' ? body.error : body.error?.message ?? why;
  } catch { /* it is no JSON: the status is all that is known */ }
  if (response.status === 401) why = 'this needs the token: open the address that kaos ui printed';
  throw Object.assign(new Error(why), { status: response.status });
}

export async function get(path, params, signal) {
  if (isFile) {
    const answer = answers[address(path, params)];
    if (answer === undefined) throw new Error('this file holds one run, and no more');
    return answer;
  }
  let response;
  try {
    response = await fetch(address(path, params), { headers: headers(), signal });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw Object.assign(new Error('kaos ui does not answer: has it ended?'), { away: true });
  }
  return (await checked(response)).json();
}

export async function post(path, body, signal) {
  const response = await fetch(path, { method: 'POST', headers: headers({ 'Content-Type': 'application/json' }), body: JSON.stringify(body), signal });
  return checked(response);
}

// Gives a file to whoever looks.
export async function download(path, name) {
  const response = await checked(await fetch(path, { headers: headers() }));
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

// The part of an address that leads to a run.
export function of(run) {
  return `${run.trace}/${encodeURIComponent(run.id)}`;
}

// A route with its parts encoded: route('run', trace, root).
export function route(...parts) {
  return `#/${parts.map((part) => encodeURIComponent(part)).join('/')}`;
}

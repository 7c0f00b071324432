// Elements are made here and nowhere else. What a trail says becomes text nodes and the values of harmless attributes,
// never markup.

const SVG = 'http://www.w3.org/2000/svg';

// The characters that are not seen where they stand, or do something there: those of `kaos_hooks::is_hidden`, from and to.
const HIDDEN = [
  [0x0, 0x1f], [0x7f, 0x9f], [0xad, 0xad], [0x34f, 0x34f], [0x600, 0x605], [0x61c, 0x61c], [0x6dd, 0x6dd], [0x70f, 0x70f], [0x890, 0x891], [0x8e2, 0x8e2],
  [0x115f, 0x1160], [0x17b4, 0x17b5], [0x180b, 0x180f], [0x200b, 0x200f], [0x2028, 0x202e], [0x2060, 0x206f], [0x3164, 0x3164], [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff], [0xffa0, 0xffa0], [0xfff0, 0xfffb], [0x110bd, 0x110bd], [0x110cd, 0x110cd], [0x13430, 0x1343f], [0x1bca0, 0x1bca3],
  [0x1d173, 0x1d17a], [0xe0000, 0xe0fff],
];

const code = (at) => at.toString(16).padStart(4, '0');

// What finds them, as the source of a regular expression with the flag u. Tabs and the ends of lines stay.
export const hidden = `(?![\\t\\n])[${HIDDEN.map(([from, to]) => `\\u{${code(from)}}-\\u{${code(to)}}`).join('')}]`;
const EACH = new RegExp(hidden, 'gu');

// Such a character as its number.
export function escaped(char) {
  return `\\u{${code(char.codePointAt(0))}}`;
}

// A text in which all is seen. Each text of a page goes through here.
export function seen(text) {
  return String(text).replace(EACH, escaped);
}

// What is read aloud, or shown where the pointer rests.
const SHOWN = new Set(['title', 'aria-label', 'placeholder', 'label', 'alt']);

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'style') for (const [key, it] of Object.entries(value)) element.style.setProperty(key, it);
    else if (name === 'value' || name === 'checked' || name === 'disabled' || name === 'selected') element[name] = value;
    else element.setAttribute(name, value === true ? '' : SHOWN.has(name) ? seen(value) : String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(seen(child)));
  }
  return element;
}

// An element of HTML: h('p', {class: 'x'}, 'text', other).
export function h(tag, props, ...children) {
  return fill(document.createElement(tag), props, children);
}

// An element of SVG.
export function s(tag, props, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

// Puts these in the place of what is in an element.
export function put(element, ...children) {
  const shown = children.flat(Infinity).filter((it) => it !== undefined && it !== null && it !== false);
  element.replaceChildren(...shown.map((it) => (it instanceof Node ? it : seen(it))));
  return element;
}

export function button(label, onclick, props) {
  return h('button', { type: 'button', onclick, ...props }, label);
}

// A choice: [value, label] each.
export function select(label, value, choices, onchange) {
  const options = choices.map(([key, text]) => h('option', { value: key, selected: key === value }, text));
  return h('select', { 'aria-label': label, title: label, onchange: (event) => onchange(event.target.value) }, options);
}

// What a screen reader says without being asked.
export function announce(text) {
  const region = document.getElementById('live');
  if (region) region.textContent = seen(text);
}

// What the window is called.
export function entitle(text) {
  document.title = `${seen(text)} · kaos`;
}

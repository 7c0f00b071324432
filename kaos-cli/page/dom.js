// Elements are made here and nowhere else. What a trail says becomes text nodes and the values of harmless attributes,
// never markup.

const SVG = 'http://www.w3.org/2000/svg';

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'style') for (const [key, it] of Object.entries(value)) element.style.setProperty(key, it);
    else if (name === 'value' || name === 'checked' || name === 'disabled' || name === 'selected') element[name] = value;
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
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
  element.replaceChildren(...children.flat(Infinity).filter((it) => it !== undefined && it !== null && it !== false));
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
  if (region) region.textContent = text;
}

// What keeps people from using the page that is shown: a list of sentences.
const faults = [];
const all = (css) => [...document.querySelectorAll(css)];
const visible = (element) => element.getClientRects().length > 0;
const shown = (element) => element.outerHTML.slice(0, 100);

if (!document.documentElement.lang) faults.push("the page has no language");
if (!document.title.trim()) faults.push("the page has no title");
if (all("h1").length !== 1) faults.push(`the page has ${all("h1").length} h1`);
if (all("main").length !== 1) faults.push(`the page has ${all("main").length} main`);

for (const input of all("input:not([type=hidden]), select, textarea")) {
  if (![...input.labels].some((label) => visible(label) && label.innerText.trim()))
    faults.push(`no label: ${shown(input)}`);
}
for (const control of all("button, a")) {
  if (!control.innerText.trim()) faults.push(`no words: ${shown(control)}`);
}
for (const one of all("[id]")) {
  if (all(`[id="${one.id}"]`).length > 1) faults.push(`the id is not unique: ${shown(one)}`);
}
for (const name of ["aria-describedby", "aria-labelledby"]) {
  for (const one of all(`[${name}]`)) {
    const ids = one.getAttribute(name).split(/\s+/);
    if (!ids.every((id) => document.getElementById(id))) faults.push(`${name} of nothing: ${shown(one)}`);
  }
}
for (const image of all("img:not([alt])")) faults.push(`no alt: ${shown(image)}`);

// WCAG 2.2, 2.5.8: targets of at least 24 by 24 pixels.
for (const control of all("button, input:not([type=hidden])").filter(visible)) {
  const { width, height } = control.getBoundingClientRect();
  if (Math.min(width, height) < 24) faults.push(`hard to hit: ${shown(control)}`);
}

// WCAG 2.2, 1.4.10: nothing is beside the screen.
const { scrollWidth } = document.scrollingElement;
if (scrollWidth > window.innerWidth) faults.push(`${scrollWidth} pixels wide, of ${window.innerWidth}`);

// WCAG 2.2, 1.4.3: text stands out from what is behind it.
const parts = (color) => color.match(/[\d.]+/g).map(Number);
const luminance = ([r, g, b]) => {
  const linear = [r, g, b].map((byte) => {
    const part = byte / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
};
const dark = matchMedia("(prefers-color-scheme: dark)").matches;
const canvas = () => {
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.color = "Canvas";
  const color = parts(getComputedStyle(probe).color);
  probe.remove();
  return color;
};
const behind = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const color = parts(getComputedStyle(at).backgroundColor);
    if (color.length < 4 || color[3] === 1) return color;
    if (color[3] > 0) throw new Error(`half transparent: ${shown(at)}`);
  }
  return canvas();
};
for (const element of all("body *").filter(visible)) {
  const words = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  if (!words && element.tagName !== "INPUT") continue;
  const [text, ground] = [parts(getComputedStyle(element).color), behind(element)].map(luminance);
  const contrast = (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
  if (contrast < 4.5) faults.push(`a contrast of ${contrast.toFixed(1)}${dark ? " in the dark" : ""}: ${shown(element)}`);
}

// Nothing comes from elsewhere.
for (const { name } of performance.getEntriesByType("resource")) {
  if (new URL(name).origin !== location.origin) faults.push(`from elsewhere: ${name}`);
}
return faults;

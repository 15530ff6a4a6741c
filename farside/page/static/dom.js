// Elements from data: text is set as text, never as markup.

export const $ = (id) => document.getElementById(id);

export function el(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "text") made.textContent = value;
    else if (name === "class") made.className = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function svg(tag, properties = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "text") made.textContent = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

let hiding;
export function toast(text) {
  $("toast").textContent = text;
  $("toast").classList.add("show");
  clearTimeout(hiding);
  hiding = setTimeout(() => $("toast").classList.remove("show"), 2500);
}

export const utc = (text) => `${new Date(text).toISOString().slice(0, 16).replace("T", " ")} UT`;
export const flux = (maxwell) => (maxwell / 1e22).toFixed(2);
export const latitude = (degrees) => `${degrees < 0 ? "S" : "N"}${Math.abs(degrees).toFixed(1)}°`;

export function duration(hours) {
  const size = Math.abs(hours);
  if (size < 1) return `${Math.round(size * 60)} min`;
  return size < 48 ? `${size.toFixed(size < 10 ? 1 : 0)} h` : `${(size / 24).toFixed(1)} d`;
}

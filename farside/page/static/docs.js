// The API's documentation, drawn from /openapi.json.

import { $, el } from "./dom.js";

const refName = (schema) => schema?.$ref?.split("/").pop();

function typeOf(schema = {}) {
  if (schema.$ref) return el("a", { href: `#schema-${refName(schema)}`, text: refName(schema) });
  if (schema.anyOf) return el("span", {}, ...schema.anyOf.flatMap((each, i) => [i ? " or " : "", typeOf(each)]));
  if (schema.type === "array") return el("span", {}, "list of ", typeOf(schema.items ?? schema.prefixItems?.[0]));
  const type = schema.enum ? schema.enum.join(" | ") : schema.format ?? schema.type ?? "bytes";
  return el("span", { text: String(type) });
}

function table(heads, rows) {
  return el("div", { class: "table-box", tabindex: 0 }, el("table", {},
    el("thead", {}, el("tr", {}, ...heads.map((text) => el("th", { scope: "col", text })))),
    el("tbody", {}, ...rows.map((cells) => el("tr", {}, ...cells.map((cell) => el("td", {}, cell)))))));
}

function fields(schema) {
  const required = new Set(schema.required ?? []);
  return table(["Field", "Type", "Meaning"], Object.entries(schema.properties ?? {}).map(([name, each]) => [
    `${name}${required.has(name) ? " *" : ""}`, typeOf(each), each.description ?? "",
  ]));
}

function operation(path, verb, about, schemas) {
  const parts = [];
  if (about.description) parts.push(el("p", { text: about.description }));
  if (about.parameters?.length) {
    parts.push(table(["Parameter", "In", "Meaning"], about.parameters.map((each) => [`${each.name}${each.required ? " *" : ""}`, each.in, each.description ?? ""])));
  }
  for (const [type, { schema }] of Object.entries(about.requestBody?.content ?? {})) {
    parts.push(el("p", { text: `Body: ${type}. ${about.requestBody.description ?? ""}` }));
    const form = schemas[refName(schema)];
    if (form) parts.push(fields(form));
  }
  parts.push(table(["Status", "Answer", "Content"], Object.entries(about.responses ?? {}).map(([status, each]) => [
    status, each.description ?? "",
    el("span", {}, ...Object.entries(each.content ?? {}).flatMap(([type, body], i) => [i ? ", " : "", `${type} `, ...(body.schema?.$ref ? [typeOf(body.schema)] : [])])),
  ])));
  return el("details", {}, el("summary", {}, el("span", { class: "verb", text: verb.toUpperCase() }), el("code", { text: path }), ` ${about.summary ?? ""}`), ...parts);
}

async function start() {
  const spec = await (await fetch("openapi.json")).json();
  const schemas = spec.components?.schemas ?? {};
  $("title").textContent = `${spec.info.title} ${spec.info.version}`;
  $("summary").textContent = spec.info.summary ?? "";
  const groups = new Map();
  for (const [path, verbs] of Object.entries(spec.paths)) {
    for (const [verb, about] of Object.entries(verbs)) {
      const group = about.tags?.[0] ?? "service";
      groups.set(group, [...(groups.get(group) ?? []), operation(path, verb, about, schemas)]);
    }
  }
  $("operations").replaceChildren(...[...groups].map(([name, all]) => el("section", { class: "panel", "aria-label": name }, el("h2", { text: name[0].toUpperCase() + name.slice(1) }), ...all)));
  $("schemas").replaceChildren(...Object.entries(schemas).sort().map(([name, schema]) => el("details", { id: `schema-${name}` }, el("summary", {}, el("code", { text: name })), schema.description ? el("p", { text: schema.description }) : null, fields(schema))));
}

function reveal() {
  const found = location.hash && document.getElementById(location.hash.slice(1));
  if (found?.tagName === "DETAILS") found.open = true;
}
window.addEventListener("hashchange", reveal);
start().then(reveal).catch((error) => ($("problem").textContent = error.message));

// Try it: files are dropped, their roles read from their headers, and posted to /generate.

import { askForKey, headers, saveBlob, sentenceOf } from "./api.js";
import { $, el } from "./dom.js";
import { described, drawImage, hdus, image, unpacked } from "./fits.js";
import { modelsOf } from "./trust.js";

const THUMB_PX = 168, IMAGE_PX = 1024, PREVIEW_BYTES = 80e6;
let files = [];

export function prepareUpload() {
  const input = el("input", { type: "file", multiple: true, id: "files", "aria-label": "Files", onchange: () => add(input.files) });
  const drop = el("div", { class: "drop", id: "drop" },
    el("p", {}, el("strong", { text: "Drop FITS files here" }), " or choose them: EUVI images of the far side, AIA images and an HMI magnetogram as reference."),
    el("p", { text: "Headers are read in this page to find what each file is. The files are only sent to this service, and not kept." }),
    input);
  for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
  for (const name of ["dragleave", "drop"]) drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.remove("over"); });
  drop.addEventListener("drop", (event) => add(event.dataTransfer.files));
  $("try-body").replaceChildren(drop, el("div", { id: "chosen-files" }), el("div", { id: "outcome", "aria-live": "polite" }));
}

async function add(list) {
  for (const file of list) {
    files.push({ file, ...(await look(file)) });
  }
  $("files").value = "";
  await listed();
}

async function look(file) {
  const unknown = { label: "not read here", time: "", role: "observation", picture: null };
  if (file.size > PREVIEW_BYTES) return unknown;
  try {
    const bytes = await unpacked(file), all = hdus(bytes);
    if (!all.length) return unknown;
    const about = described(all);
    return { ...about, picture: image(bytes, all, THUMB_PX) };
  } catch {
    return unknown;
  }
}

async function listed() {
  const models = await modelsOf();
  const chosen = $("model")?.value ?? "";
  if (!files.length) return $("chosen-files").replaceChildren();
  const rows = files.map((entry, index) => el("tr", {},
    el("td", { text: entry.file.name }), el("td", { text: entry.label }), el("td", { text: entry.time }),
    el("td", {}, role(entry)),
    el("td", {}, el("button", { type: "button", "aria-label": `Remove ${entry.file.name}`, text: "✕", onclick: () => { files.splice(index, 1); listed(); } }))));
  const model = el("select", { id: "model", "aria-label": "Model" }, el("option", { value: "", text: "Default model" }),
    ...models.map((each) => el("option", { value: each.name, text: `${each.name} ${each.version}`, title: each.title, selected: each.name === chosen })));
  const button = el("button", { type: "button", class: "primary", id: "generate", text: `Generate from ${files.length} ${files.length === 1 ? "file" : "files"}`, onclick: () => post(model.value) });
  $("chosen-files").replaceChildren(
    el("div", { class: "table-box files" }, el("table", {},
      el("thead", {}, el("tr", {}, ...["File", "Instrument", "Time", "Role", ""].map((text) => el("th", { scope: "col", text: text || "Remove" })))),
      el("tbody", {}, ...rows))),
    el("div", { class: "actions" }, model, button, el("progress", { id: "progress", max: 1, value: 0, "aria-label": "Progress", hidden: true }), el("span", { id: "stage", role: "status" })));
}

function role(entry) {
  const select = el("select", { "aria-label": `Role of ${entry.file.name}`, onchange: () => (entry.role = select.value) },
    ...["observation", "reference"].map((each) => el("option", { value: each, text: each, selected: each === entry.role })));
  return select;
}

// XMLHttpRequest: fetch says nothing of how much has been sent.
function post(model) {
  const form = new FormData();
  for (const { file, role: part } of files) form.append(part, file, file.name);
  if (model) form.append("model", model);
  const sent = files.map((each) => ({ ...each }));
  const progress = $("progress"), stage = $("stage"), button = $("generate");
  const ask = new XMLHttpRequest();
  ask.open("POST", "generate");
  ask.responseType = "blob";
  const key = headers();
  for (const [name, value] of Object.entries(key)) ask.setRequestHeader(name, value);
  progress.hidden = false;
  progress.value = 0;
  button.disabled = true;
  $("outcome").replaceChildren();
  stage.textContent = "Sending";
  ask.upload.onprogress = (event) => {
    if (event.lengthComputable) progress.value = event.loaded / event.total;
    stage.textContent = `Sending ${Math.round((100 * event.loaded) / event.total)} %`;
  };
  ask.upload.onload = () => {
    progress.removeAttribute("value"); // for how long the network runs is not known
    stage.textContent = "The network runs";
  };
  ask.onloadend = async () => {
    progress.hidden = true;
    button.disabled = false;
    stage.textContent = "";
    if (ask.status === 401 && (await askForKey(key))) return post(model);
    if (ask.status === 200) await succeeded(ask, sent);
    else refused(ask.response ? sentenceOf(await ask.response.text()) : null, ask.status);
  };
  ask.send(form);
}

function refused(sentence, status) {
  const text = sentence ?? (status ? `The service answered ${status}.` : "The service does not answer.");
  $("outcome").replaceChildren(el("p", { class: "error", role: "alert", text }));
}

async function succeeded(ask, sent) {
  const blob = ask.response, bytes = new Uint8Array(await blob.arrayBuffer()), all = hdus(bytes);
  const name = /filename="([^"]+)"/.exec(ask.getResponseHeader("Content-Disposition") ?? "")?.[1] ?? "farside.fits";
  const quality = (ask.getResponseHeader("X-Farside-Quality") ?? "").split(" ").slice(1).join(", ").toLowerCase().replaceAll("_", " ");
  const picture = image(bytes, all, IMAGE_PX), canvas = el("canvas", { role: "img", "aria-label": "The magnetogram, ±100 G, north up" });
  if (picture) drawImage(canvas, picture, true);
  $("outcome").replaceChildren(el("div", { class: "result" },
    el("div", {}, canvas, el("div", { class: "thumbs" }, ...sent.filter((each) => each.picture).map(thumb))),
    el("div", {},
      el("h3", { text: ask.getResponseHeader("X-Farside-Model") ?? "" }),
      el("p", { text: quality ? `Quality: ${quality}.` : "No quality flag is set." }),
      el("div", { class: "actions" },
        el("button", { type: "button", class: "primary", text: "Download FITS", onclick: () => saveBlob(blob, name) }),
        el("button", { type: "button", text: "Download PNG", onclick: () => canvas.toBlob((png) => saveBlob(png, name.replace(/fits$/, "png"))) })),
      el("pre", { class: "header", tabindex: 0, "aria-label": "Header of the product", text: (all[0]?.cards ?? []).map((card) => card[2]).join("\n") }))));
}

function thumb(entry) {
  const canvas = el("canvas", { role: "img", "aria-label": `${entry.role}: ${entry.label}` });
  drawImage(canvas, entry.picture, entry.isField);
  return el("figure", {}, canvas, el("figcaption", { text: entry.label }));
}

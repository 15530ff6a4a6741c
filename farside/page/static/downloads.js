// Files of a map in every format, with checksums.

import { hasKey, onceJson, save } from "./api.js";
import { $, el, toast } from "./dom.js";

const TITLES = { fits: "Farside's own FITS, all planes", gong: "GONG", adapt: "ADAPT, with realisations", wsa: "WSA", png: "Picture" };
let asked = null;
let observer = null;

// The checksums need every file to be made: not before the section is near the screen.
export function showDownloads(details) {
  asked = details.product.id;
  $("downloads").hidden = false;
  $("download-rows").replaceChildren(el("p", { text: "The files are made when this part of the page is reached." }));
  observer?.disconnect();
  observer = new IntersectionObserver((entries) => {
    if (entries.some((each) => each.isIntersecting)) {
      observer.disconnect();
      fill(details.product.id);
    }
  }, { rootMargin: "200px" });
  observer.observe($("downloads"));
}

async function fill(id) {
  $("download-rows").replaceChildren(el("p", { role: "status", text: "Making the files …" }));
  try {
    const { files } = await onceJson(`archive/${encodeURIComponent(id)}/files`);
    if (id !== asked) return;
    $("download-rows").replaceChildren(el("table", {},
      el("thead", {}, el("tr", {}, ...["Format", "File", "Size", "SHA-256"].map((text) => el("th", { scope: "col", text })))),
      el("tbody", {}, ...files.map(row))));
  } catch (error) {
    $("download-rows").replaceChildren(el("p", { class: "error", text: error.message }));
  }
}

function row(file) {
  const follow = (event) => {
    if (!hasKey()) return;
    event.preventDefault();
    save(file.url, file.filename).catch((error) => toast(error.message));
  };
  return el("tr", {},
    el("td", { text: TITLES[file.format] ?? file.format }),
    el("td", {}, el("a", { href: file.url, download: file.filename, text: file.filename, onclick: follow })),
    el("td", { text: `${(file.size_bytes / 1e6).toFixed(2)} MB` }),
    el("td", { class: "mono sha", text: file.sha256 }));
}

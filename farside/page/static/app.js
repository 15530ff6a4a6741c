// The page: what is shown follows from time, layer, view and region, which the address holds.

import { json, onceJson, ServiceError } from "./api.js";
import { $, el, flux, toast, utc } from "./dom.js";
import { showDownloads } from "./downloads.js";
import { Regions, isSoon } from "./regions.js";
import { Sun } from "./sun.js";
import { Timeline } from "./timeline.js";
import { showTrust, warnings } from "./trust.js";
import { prepareUpload } from "./upload.js";

const POLL_MS = 60000;
let state = null, series = null, details = null;

const sun = new Sun({ changed: () => remember(), picked: (name) => regions.choose(name) });
const regions = new Regions((name) => { sun.chosen = name; sun.draw(); remember(); });
const timeline = new Timeline({ show, changed: () => remember() });

function wanted() {
  const given = new URLSearchParams(location.hash.slice(1));
  const view = (given.get("view") ?? "").split(",").map(Number);
  return {
    series: given.get("series"), time: given.get("t"), layer: given.get("layer"), region: given.get("region"),
    view: view.length === 3 && view.every(Number.isFinite) ? view : null,
  };
}

let settled = false;
let writing;
function remember() {
  if (!settled || !details) return;
  clearTimeout(writing);
  writing = setTimeout(() => {
    const { lon, lat, zoom } = sun.view;
    const given = new URLSearchParams({ t: details.product.slot.slice(0, 16), layer: sun.layer, view: [lon.toFixed(1), lat.toFixed(1), zoom.toFixed(2)].join(",") });
    if (regions.chosen) given.set("region", regions.chosen);
    if (state.series.length > 1) given.set("series", series.series);
    history.replaceState(null, "", `#${given.toString().replaceAll("%3A", ":").replaceAll("%2C", ",")}`);
  }, 120);
}

async function start() {
  state = await json("archive");
  $("banner").hidden = true;
  if (state.grafana) {
    $("grafana").href = state.grafana;
    $("grafana").hidden = false;
  }
  if (!state.generate) $("try").hidden = true;
  document.querySelector('nav a[href="#try"]').hidden = !state.generate;
  if (!state.series.length) return empty();
  const asked = wanted();
  await open(state.series.find((each) => each.series === asked.series) ?? state.series[0], asked);
  setInterval(() => poll().catch(() => status("no answer", false)), POLL_MS);
}

function empty() {
  $("empty").hidden = false;
  for (const id of ["regions", "trust", "downloads"]) document.querySelector(`nav a[href="#${id}"]`).hidden = true;
  $("empty-text").textContent = state.available
    ? "The archive holds no synchronic map yet. The first appears here by itself."
    : "This service has no archive: the setting FARSIDE_ARCHIVE names the folder of one.";
  status(state.available ? "archive is empty" : "no archive", false);
  if (state.available) setTimeout(() => start().catch(failed), POLL_MS);
}

async function open(chosen, asked) {
  series = chosen;
  seriesChoice();
  $("empty").hidden = true;
  $("sun").hidden = false;
  if (asked.layer) sun.layer = asked.layer;
  if (asked.view) {
    [sun.view.lon, sun.view.lat, sun.view.zoom] = asked.view;
    sun.placed = true;
  }
  regions.chosen = sun.chosen = asked.region;
  await timeline.open(series, asked.time);
  settled = true;
  remember();
}

function seriesChoice() {
  $("series").hidden = state.series.length < 2;
  $("series").replaceChildren(...state.series.map((each) => el("option", { value: each.series, text: each.series.replace(/_synchronic$/, ""), selected: each === series })));
  $("series").onchange = () => open(state.series.find((each) => each.series === $("series").value), { time: details.product.slot });
}

// Shows one product; the newest request wins.
let showing = 0;
async function show(id) {
  const mine = ++showing;
  const found = await onceJson(`archive/${encodeURIComponent(id)}`);
  if (mine !== showing) return;
  if (!found.layers.some((each) => each.name === sun.layer)) sun.layer = "field";
  await sun.show(found);
  if (mine !== showing) return;
  details = found;
  $("shown").textContent = utc(found.product.slot);
  $("shown").dateTime = found.product.slot;
  judge();
  remember();
  document.documentElement.dataset.shown = id;
  const table = await onceJson(`archive/${encodeURIComponent(id)}/regions`);
  if (mine !== showing) return;
  sun.regions = table.regions;
  regions.show(table);
  sun.chosen = regions.chosen;
  sun.draw();
  answer(table);
  showTrust(found, series);
  showDownloads(found);
  remember();
  document.documentElement.dataset.regions = id;
}

// The first question of a forecaster, answered in a sentence.
function answer(table) {
  const far = table.regions.filter((each) => each.far_side), soon = far.filter(isSoon);
  const count = (n) => (n === 1 ? "1 active region" : `${n} active regions`);
  $("answer").textContent = far.length ? `${count(far.length)} on the far side` : "No active region on the far side";
  const next = soon[0] ?? far[0];
  const parts = [];
  if (next) {
    const grown = next.change !== null && next.change >= 1.2 ? `, growing` : "";
    parts.push(soon.length ? (soon.length === 1 ? "One returns within three days: " : `${soon.length} return within three days, first `) : "None returns within three days; next is ");
    parts.push(el("strong", { text: next.name }), ` at the east limb in ${next.days_to_east_limb.toFixed(1)} d, (${flux(next.unsigned_flux_mx)} ± ${flux(next.sigma_mx)}) × 10²² Mx${grown}.`);
  }
  $("answer-more").replaceChildren(...parts);
}

function judge() {
  const found = warnings(state, series, details);
  $("banner").hidden = !found.length;
  $("banner").textContent = found.join(" ");
  status(series.late ? "stale" : found.length ? "degraded" : "up to date", !found.length);
}

function status(text, good) {
  $("status").textContent = text;
  $("status").className = `pill ${good ? "good" : "bad"}`;
}

async function poll() {
  state = await json("archive");
  const now = state.series.find((each) => each.series === series.series);
  if (!now) return;
  series = now;
  await timeline.grown(series);
  judge();
}

function failed(error) {
  if (!(error instanceof ServiceError)) console.error(error);
  $("banner").hidden = false;
  $("banner").textContent = error.message;
  status("no answer", false);
  if (error.status === 0) setTimeout(() => start().catch(failed), POLL_MS);
}

$("link").addEventListener("click", async () => {
  await new Promise((done) => setTimeout(done, 150)); // the address follows the view
  await navigator.clipboard.writeText(location.href).then(() => toast("Link copied"), () => toast("The link is in the address bar"));
});

window.addEventListener("hashchange", () => {
  const asked = wanted();
  if (asked.time && series) open(state.series.find((each) => each.series === asked.series) ?? series, asked).then(() => asked.layer && sun.setLayer(asked.layer));
});

prepareUpload();
start().catch(failed);

// The two views of one map: globe and Carrington map, with one cursor.

import { counts, onceJson } from "./api.js";
import { isCategory, paint, paintScale, sourceColour } from "./colours.js";
import { $, duration, el, latitude } from "./dom.js";
import { cellAt, clamp, contours, latitudeAt, mod } from "./geometry.js";
import { Globe, turnable } from "./globe.js";
import { drawOverlay, globeCanvas, mapCanvas } from "./overlay.js";

const UNKNOWN = -32768;
const READ_OUT = ["field", "source", "sigma", "age"];
const TITLES = { field: "Field", sigma: "σ", age: "Age", source: "Source", share: "AI share", confidence: "Polarity", open: "Open field", euv304: "EUV 304", euv195: "EUV 195", euv171: "EUV 171" };

export class Sun {
  constructor({ changed, picked }) {
    this.view = { lon: 0, lat: 0, zoom: 1 };
    this.layer = "field";
    this.marks = { observed: true, generated: true, base: true, grid: true, limbs: true, regions: true };
    this.details = null;
    this.planes = new Map();
    this.regions = [];
    this.chosen = null;
    this.cursor = null;
    this.changed = changed;
    this.picked = picked;
    this.image = document.createElement("canvas"); // the map, a pixel a cell
    this.globe = globeOf($("globe-image"));
    document.body.classList.toggle("no-globe", !this.globe);
    this.listen();
  }

  listen() {
    const pointed = (place) => this.point(place);
    if (this.globe) {
      turnable($("globe"), this.view, {
        moved: (where) => { if (where) this.face(where); this.draw(); this.changed(); },
        pointed,
      });
    }
    const map = $("map");
    const place = (event) => this.details && {
      lon: mod((event.offsetX / map.clientWidth) * 360, 360),
      lat: latitudeAt(1 - clamp(event.offsetY / map.clientHeight, 0, 1), this.details.grid),
    };
    map.addEventListener("pointermove", (event) => pointed(place(event)));
    map.addEventListener("pointerleave", () => pointed(null));
    map.addEventListener("click", (event) => this.pick(place(event)));
    $("globe").addEventListener("dblclick", () => this.cursor && this.pick(this.cursor));
    map.addEventListener("keydown", (event) => this.step(event));
    new ResizeObserver(() => this.draw()).observe($("sun"));
  }

  step(event) {
    const by = event.shiftKey ? 10 : 1;
    const moves = { ArrowLeft: [-by, 0], ArrowRight: [by, 0], ArrowUp: [0, by], ArrowDown: [0, -by] };
    const from = this.cursor ?? { lon: this.view.lon, lat: this.view.lat };
    if (event.key === "Enter") this.pick(from);
    if (!moves[event.key]) return;
    event.preventDefault();
    const [lon, lat] = moves[event.key];
    this.point({ lon: mod(from.lon + lon, 360), lat: clamp(from.lat + lat, -89.5, 89.5) });
  }

  // Turns the globe to a place and chooses the region there.
  pick(place) {
    if (!place) return;
    const near = this.regions.find((each) => distance(each, place) < 9);
    if (near) this.picked(near.name);
    else { this.view.lon = place.lon; this.view.lat = clamp(place.lat, -40, 40); }
    this.draw();
    this.changed();
  }

  face(where) {
    const found = this.details.observers.find((each) => each.name === where);
    const earth = this.details.observers.find((each) => each.name === "Earth");
    const to = found ?? { longitude_deg: earth.longitude_deg + 180, latitude_deg: -earth.latitude_deg };
    Object.assign(this.view, { lon: mod(to.longitude_deg, 360), lat: to.latitude_deg, zoom: 1 });
  }

  async show(details) {
    const first = this.details === null;
    const id = details.product.id;
    const names = READ_OUT.slice(0, 2);
    if (!names.includes(this.layer)) names.push(this.layer);
    const planes = new Map(await Promise.all(names.map(async (name) => [name, await counts(id, name)])));
    this.details = details;
    this.planes = planes;
    this.regions = [];
    this.neutral = null;
    this.outlines = outlinesOf(planes.get("source"), details);
    if (first && !this.placed) this.face("far side");
    this.buttons();
    this.paint();
    this.rest(details);
  }

  // What the cursor reads besides: after the first view.
  async rest(details) {
    for (const name of READ_OUT) await this.plane(name, details).catch(() => {});
    if (this.layer === "open") this.lines(details);
    this.readOut();
  }

  async plane(name, details = this.details) {
    const found = await counts(details.product.id, name);
    if (details === this.details) this.planes.set(name, found);
    return found;
  }

  async lines(details) {
    const { curves } = await onceJson(`archive/${encodeURIComponent(details.product.id)}/neutral-line`);
    if (details !== this.details) return;
    this.neutral = curves;
    this.draw();
  }

  async setLayer(name) {
    if (!this.details.layers.some((each) => each.name === name)) name = "field";
    await this.plane(name);
    this.layer = name;
    this.buttons();
    this.paint();
    this.readOut();
    this.changed();
    if (name === "open") this.lines(this.details);
  }

  layerCard() {
    return this.details.layers.find((each) => each.name === this.layer) ?? this.details.layers[0];
  }

  paint() {
    const { grid, sources } = this.details, card = this.layerCard();
    const values = this.planes.get(card.name);
    if (!values) return;
    const pixels = paint(values, card, sources, this.planes.get("field"));
    this.globe?.load(pixels, grid, !isCategory(card.name));
    const flipped = new Uint8ClampedArray(pixels.length), row = 4 * grid.columns;
    for (let y = 0; y < grid.rows; y++) flipped.set(pixels.subarray(y * row, (y + 1) * row), (grid.rows - 1 - y) * row);
    [this.image.width, this.image.height] = [grid.columns, grid.rows];
    this.image.getContext("2d").putImageData(new ImageData(flipped, grid.columns, grid.rows), 0, 0);
    this.scale(card);
    this.draw();
  }

  scale(card) {
    const unit = card.unit ? ` ${card.unit}` : "";
    const category = isCategory(card.name);
    $("scale").parentElement.hidden = category;
    if (category) return;
    paintScale($("scale"), card);
    const sign = card.low < 0 ? (value) => `${value > 0 ? "+" : "−"}${Math.abs(value)}` : String;
    $("scale-low").textContent = sign(card.low);
    $("scale-high").textContent = `${sign(card.high)}${unit === " log10" ? " log" : unit}`;
  }

  draw() {
    if (!this.details || this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.drawNow();
    });
  }

  drawNow() {
    const { details } = this;
    const scene = { outlines: this.layer === "source" ? {} : this.outlines, observers: details.observers, regions: this.regions, chosen: this.chosen, cursor: this.cursor, marks: this.marks, neutral: this.layer === "open" ? this.neutral : null };
    if (this.globe) {
      const image = $("globe-image"), side = Math.round(image.clientWidth * Math.min(window.devicePixelRatio || 1, 2));
      if (image.width !== side) image.width = image.height = side;
      this.globe.draw(this.view);
      drawOverlay(globeCanvas($("globe"), this.view), scene);
    }
    const flat = $("map-image");
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    [flat.width, flat.height] = [Math.round(flat.clientWidth * ratio), Math.round(flat.clientHeight * ratio)];
    const context = flat.getContext("2d");
    context.imageSmoothingEnabled = !isCategory(this.layer);
    context.imageSmoothingQuality = "high";
    context.drawImage(this.image, 0, 0, flat.width, flat.height);
    drawOverlay(mapCanvas($("map"), details.grid), scene);
  }

  point(place) {
    this.cursor = place;
    this.draw();
    this.readOut();
  }

  // Value of a layer at a place, in words; null where it is not loaded.
  value(name, place) {
    const values = this.planes.get(name);
    if (!values) return null;
    const count = values[cellAt(place.lon, place.lat, this.details.grid)];
    const card = this.details.layers.find((each) => each.name === name);
    if (!card) return null;
    if (count === UNKNOWN) return "not seen";
    if (name === "source") return sourceName(this.details.sources[count]);
    if (name === "open") return { 1: "open, outward", "-1": "open, inward" }[count] ?? "closed";
    const value = count * card.step;
    if (name === "age") return duration(value * 24);
    if (name === "confidence" || name === "share") return `${Math.round(value * 100)} %`;
    if (name.startsWith("euv")) return `${(10 ** value).toFixed(2)} × median`;
    return `${name === "field" && value > 0 ? "+" : ""}${value.toFixed(1)} ${card.unit}`.replace("-", "−");
  }

  readOut() {
    const place = this.cursor;
    const entries = place
      ? [["Carrington", `L ${place.lon.toFixed(1)}°`], ["Latitude", latitude(place.lat)]]
      : [["Carrington", "–"], ["Latitude", "–"]];
    const names = ["field", "sigma", "age", "source"];
    if (!names.includes(this.layer)) names.push(this.layer);
    for (const name of names) entries.push([TITLES[name] ?? name, (place && this.details && this.value(name, place)) ?? "–"]);
    $("readout").replaceChildren(...entries.map(([term, text]) => el("div", {}, el("dt", { text: term }), el("dd", { text }))));
  }

  buttons() {
    const names = { field: "Field", sigma: "σ", age: "Age", source: "Source", share: "AI share", confidence: "Polarity confidence", open: "Open field", euv304: "EUV 304 Å", euv195: "EUV 195 Å", euv171: "EUV 171 Å" };
    $("layers").replaceChildren(...this.details.layers.map((card) => el("button", {
      type: "button", role: "radio", "aria-checked": String(card.name === this.layer), "data-layer": card.name, title: card.title, tabindex: card.name === this.layer ? 0 : -1,
      text: names[card.name] ?? card.title, onclick: () => this.setLayer(card.name), onkeydown: (event) => rove(event),
    })));
    const share = (kind) => this.details.sources.filter((each) => each.kind === kind).reduce((sum, each) => sum + each.share, 0);
    const percent = (kind) => `${Math.round(100 * share(kind))} %`;
    const marks = { observed: `Observed ${percent("observed")}`, generated: `Generated ${percent("generated")}`, base: `Base map ${percent("base")}`, limbs: "Limbs", regions: "Regions", grid: "Grid" };
    $("marks").replaceChildren(...Object.entries(marks).map(([name, text]) => el("button", {
      type: "button", class: `mark-${name}`, "aria-pressed": String(this.marks[name]), text,
      onclick: (event) => { this.marks[name] = !this.marks[name]; event.currentTarget.setAttribute("aria-pressed", String(this.marks[name])); this.draw(); },
    })));
    $("facing").replaceChildren(...["far side", ...this.details.observers.map((each) => each.name)].map((name) => el("button", {
      type: "button", text: name === "far side" ? "Far side" : name, onclick: () => { this.face(name); this.draw(); this.changed(); },
    })));
  }
}

export const sourceName = (source) => (source ? (source.kind === "filled" ? "filled" : `${source.kind}, ${source.instrument.replace("_", "-")}`) : "unknown");
export { sourceColour };

function rove(event) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const all = [...event.currentTarget.parentElement.children];
  const next = all[mod(all.indexOf(event.currentTarget) + step, all.length)].dataset.layer;
  event.currentTarget.parentElement.querySelector(`[data-layer=${next}]`).click();
  requestAnimationFrame(() => document.querySelector(`[data-layer=${next}]`)?.focus());
}

function globeOf(canvas) {
  try {
    return new Globe(canvas);
  } catch {
    return null;
  }
}

function outlinesOf(source, details) {
  const made = {};
  for (const kind of ["observed", "generated", "base"]) {
    const rows = new Set(details.sources.flatMap((each, index) => (each.kind === kind ? [index] : [])));
    if (rows.size) made[kind] = contours(Float32Array.from(source, (count) => (rows.has(count) ? 1 : 0)), details.grid);
  }
  return made;
}

function distance(region, place) {
  const rad = Math.PI / 180;
  const cosine = Math.sin(region.latitude_deg * rad) * Math.sin(place.lat * rad)
    + Math.cos(region.latitude_deg * rad) * Math.cos(place.lat * rad) * Math.cos((region.longitude_deg - place.lon) * rad);
  return Math.acos(clamp(cosine, -1, 1)) / rad;
}

// Time: slider, play, and the maps of each day, which are fetched when they are needed.

import { json } from "./api.js";
import { $, el, utc } from "./dom.js";
import { clamp } from "./geometry.js";

const DAY_MS = 864e5, FRAME_MS = 350, HOLD_DAYS = 3;
const iso = (ms) => new Date(ms).toISOString().slice(0, 19);

export class Timeline {
  constructor({ show, changed }) {
    this.show = show;
    this.changed = changed;
    this.days = new Map();
    this.following = true;
    $("slider").addEventListener("input", () => this.seek(Number($("slider").value)));
    $("before").addEventListener("click", () => this.seek(this.index - 1));
    $("after").addEventListener("click", () => this.seek(this.index + 1));
    $("latest").addEventListener("click", () => this.seek(this.count));
    $("play").addEventListener("click", () => this.play(!this.playing));
  }

  async open(series, time) {
    this.series = series;
    this.days.clear();
    this.measure();
    const at = time ? Math.round((Date.parse(`${time.slice(0, 16)}Z`) - this.first) / this.step) : this.count;
    await this.seek(Number.isFinite(at) ? at : this.count);
  }

  measure() {
    this.first = Date.parse(this.series.first);
    this.step = (this.series.cadence_minutes ?? 60) * 60000;
    this.count = Math.round((Date.parse(this.series.last) - this.first) / this.step);
    $("slider").max = this.count;
    this.ticks();
  }

  // The archive has grown: follow it if the latest map was shown.
  async grown(series) {
    const old = this.series.latest;
    this.series = series;
    if (series.latest === old) return;
    this.days.delete(iso(Date.parse(series.last)).slice(0, 10));
    const following = this.following;
    this.measure();
    if (following) await this.seek(this.count);
  }

  async seek(index) {
    this.index = clamp(index, 0, this.count);
    this.following = this.index === this.count;
    const time = this.first + this.index * this.step;
    $("slider").value = this.index;
    $("slider").setAttribute("aria-valuetext", utc(time));
    $("before").disabled = this.index === 0;
    $("after").disabled = $("latest").disabled = this.following;
    const mine = this.index;
    const id = this.following ? this.series.latest : await this.find(time);
    if (id && mine === this.index) await this.show(id);
  }

  // Id of the map at a time; where there is none, of the last before it.
  async find(time) {
    for (let back = 0; back < HOLD_DAYS; back++) {
      const maps = await this.day(iso(time - back * DAY_MS).slice(0, 10));
      const found = maps.find((each) => Date.parse(each.slot) <= time + this.step / 2);
      if (found) return found.id;
    }
    return null;
  }

  day(date) {
    if (!this.days.has(date)) {
      const query = new URLSearchParams({ kind: "map", series: this.series.series, from: date, to: iso(Date.parse(date) + DAY_MS), limit: "500" });
      const asked = json(`archive/products?${query}`).then((page) => page.products);
      asked.catch(() => this.days.delete(date));
      this.days.set(date, asked);
    }
    return this.days.get(date);
  }

  async play(on) {
    this.playing = on;
    $("play").textContent = on ? "❚❚" : "▶";
    $("play").setAttribute("aria-pressed", String(on));
    $("play").setAttribute("aria-label", on ? "Pause" : "Play");
    if (on && this.index === this.count) this.index = -1;
    while (this.playing && this.index < this.count) {
      const next = new Promise((done) => setTimeout(done, FRAME_MS));
      await this.seek(this.index + 1).catch(() => (this.playing = false));
      await next;
    }
    if (this.playing) this.play(false);
  }

  ticks() {
    const span = this.count * this.step, most = Math.max(2, Math.floor($("ticks").clientWidth / 70) || 8);
    const every = Math.max(1, Math.ceil(span / DAY_MS / most)) * DAY_MS;
    const all = [];
    for (let at = Math.ceil(this.first / DAY_MS) * DAY_MS; at <= this.first + span; at += every) {
      const tick = el("span", { text: iso(at).slice(5, 10) });
      tick.style.left = `${span ? (100 * (at - this.first)) / span : 0}%`;
      all.push(tick);
    }
    $("ticks").replaceChildren(...all);
  }
}

// Active regions: the table, and the flux curve and cut-outs of the one that is chosen.

import { onceJson } from "./api.js";
import { $, duration, el, flux, latitude, svg, utc } from "./dom.js";

const SOON_DAYS = 3;
export const isSoon = (region) => region.far_side && region.days_to_east_limb <= SOON_DAYS;

export class Regions {
  constructor(chosen) {
    this.onChosen = chosen;
    this.table = null;
    this.chosen = null;
    $("near-too").addEventListener("change", () => this.rows());
  }

  show(table) {
    this.table = table;
    $("regions").hidden = false;
    const names = table.regions.map((each) => each.name);
    if (!names.includes(this.chosen)) this.chosen = names[0] ?? null;
    this.rows();
    this.detail();
  }

  choose(name, scroll = false) {
    this.chosen = name;
    const region = this.table.regions.find((each) => each.name === name);
    if (region && !region.far_side) $("near-too").checked = true;
    this.rows();
    this.detail();
    this.onChosen(name);
    if (scroll) $("regions").scrollIntoView();
  }

  rows() {
    const all = this.table.regions;
    const groups = [
      ["soon", `Return within ${SOON_DAYS} days`, all.filter(isSoon)],
      ["", "Further on the far side", all.filter((each) => each.far_side && !isSoon(each))],
      ["", "Seen from Earth", $("near-too").checked ? all.filter((each) => !each.far_side) : []],
    ];
    const rows = groups.flatMap(([kind, title, regions]) => (regions.length
      ? [el("tr", { class: `group ${kind}` }, el("td", { colspan: 6, text: title })), ...regions.map((each) => this.row(each))]
      : []));
    if (!rows.length) rows.push(el("tr", {}, el("td", { colspan: 6, text: "No active region on the far side in this map." })));
    $("region-rows").replaceChildren(...rows);
  }

  row(region) {
    const due = new Date(new Date(this.table.time).getTime() + region.days_to_east_limb * 864e5);
    return el("tr", { class: `row ${isSoon(region) ? "soon" : ""} ${region.name === this.chosen ? "chosen" : ""}`, onclick: () => this.choose(region.name) },
      el("td", {}, el("button", { class: "name", type: "button", text: region.name, "aria-pressed": String(region.name === this.chosen) }), el("small", { text: `${latitude(region.latitude_deg)}  L ${region.longitude_deg.toFixed(0)}°` })),
      region.far_side
        ? el("td", {}, el("span", { class: isSoon(region) ? "warm" : "", text: `in ${region.days_to_east_limb.toFixed(1)} d` }), el("small", { text: utc(due).slice(5) }))
        : el("td", {}, "in view", el("small", { text: meridian(region.meridian_deg) })),
      el("td", {}, `${flux(region.unsigned_flux_mx)} ± ${flux(region.sigma_mx)}`, el("small", { text: `net ${signed(region.net_flux_mx / 1e22)}` })),
      el("td", {}, el("meter", { min: 0.5, max: 1, low: 0.7, high: 0.85, optimum: 1, value: region.polarity_confidence, "aria-label": "Polarity confidence" }), `${Math.round(100 * region.polarity_confidence)} %`),
      el("td", {}, ...changeOf(region)),
      el("td", {}, el("span", { class: `tag ${region.kind}`, text: region.kind }), el("small", { text: `${duration(region.age_days * 24)} ago` })));
  }

  async detail() {
    const box = $("region"), name = this.chosen, table = this.table;
    if (!name) {
      box.replaceChildren(el("p", { text: "No region to show." }));
      return;
    }
    const path = `archive/${encodeURIComponent(table.map)}/regions/${encodeURIComponent(name)}`;
    const history = await onceJson(path).catch((error) => ({ error }));
    if (name !== this.chosen || table !== this.table) return;
    if (history.error) {
      box.replaceChildren(el("p", { class: "error", text: history.error.message }));
      return;
    }
    const { region, points } = history;
    box.replaceChildren(
      el("h3", { text: `${region.name}: ${flux(region.unsigned_flux_mx)} × 10²² Mx` }),
      el("p", { text: sentence(region, points) }),
      curve(points),
      el("div", { class: "cuts", tabindex: 0, role: "group", "aria-label": "Cut-outs over time, ±100 G" }, ...shown(points).map(cutout)),
    );
  }
}

function sentence(region, points) {
  const where = region.far_side ? `Reaches the east limb in ${region.days_to_east_limb.toFixed(1)} days.` : "Earth sees it now.";
  const sure = `Mostly ${region.kind}, ${duration(region.age_days * 24)} old; its polarities are right with ${Math.round(100 * region.polarity_confidence)} % probability.`;
  const grown = points.length > 1 ? ` ${points.length} maps since ${utc(points[0].time)}.` : "";
  return `${where} ${sure}${grown}`;
}

const meridian = (degrees) => `${degrees < 0 ? "E" : "W"}${Math.abs(degrees).toFixed(0)}°`;
const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;

function changeOf(region) {
  if (region.change === null) return ["–"];
  const percent = Math.round(100 * (region.change - 1));
  const arrow = percent >= 10 ? "▲" : percent <= -10 ? "▼" : "≈";
  const text = region.change >= 3 ? `× ${region.change.toFixed(1)}` : `${percent < 0 ? "−" : "+"}${Math.abs(percent)} %`;
  return [el("span", { class: percent >= 10 ? "up" : "", text: `${arrow} ${text}` }), el("small", { text: `in ${region.change_days.toFixed(0)} d` })];
}

// Cut-outs at most eight, evenly, the last among them.
function shown(points) {
  const step = Math.max(1, Math.ceil(points.length / 8));
  return points.filter((_, index) => (points.length - 1 - index) % step === 0);
}

function cutout(point) {
  const rows = point.cutout_gauss, side = rows.length;
  const canvas = el("canvas", { width: side, height: side, role: "img", "aria-label": `Field at ${utc(point.time)}` });
  const context = canvas.getContext("2d"), image = context.createImageData(side, side);
  rows.forEach((row, y) => row.forEach((gauss, x) => {
    const at = 4 * ((side - 1 - y) * side + x);
    image.data.fill(127.5 + 1.275 * gauss, at, at + 3);
    image.data[at + 3] = 255;
  }));
  context.putImageData(image, 0, 0);
  return el("figure", {}, canvas, el("figcaption", { text: utc(point.time).slice(5, 16) }));
}

function curve(points) {
  const width = 480, height = 190, left = 38, bottom = 26, top = 10, right = 12;
  const times = points.map((each) => new Date(each.time).getTime());
  const [first, last] = [times[0], Math.max(times.at(-1), times[0] + 1)];
  const most = Math.max(...points.map((each) => each.unsigned_flux_mx + each.sigma_mx)) * 1.08;
  const x = (time) => left + ((time - first) / (last - first)) * (width - left - right);
  const y = (mx) => height - bottom - (Math.max(mx, 0) / most) * (height - bottom - top);
  const at = (index, mx) => `${x(times[index]).toFixed(1)},${y(mx).toFixed(1)}`;
  const upper = points.map((each, i) => at(i, each.unsigned_flux_mx + each.sigma_mx));
  const lower = points.map((each, i) => at(i, each.unsigned_flux_mx - each.sigma_mx)).reverse();
  const line = points.map((each, i) => at(i, each.unsigned_flux_mx));
  const steps = niceSteps(most / 1e22);
  const title = `Unsigned flux from ${flux(points[0].unsigned_flux_mx)} to ${flux(points.at(-1).unsigned_flux_mx)} times 10²² Mx`;
  return svg("svg", { class: "curve", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title },
    ...steps.flatMap((value) => [
      svg("line", { class: "axis", x1: left, x2: width - right, y1: y(value * 1e22), y2: y(value * 1e22) }),
      svg("text", { x: left - 7, y: y(value * 1e22) + 4, "text-anchor": "end", text: String(value) }),
    ]),
    svg("polygon", { class: "band", points: [...upper, ...lower].join(" ") }),
    svg("polyline", { class: "line", points: line.join(" ") }),
    ...points.map((each, i) => svg("circle", { class: i === points.length - 1 ? "now" : "dot", cx: x(times[i]), cy: y(each.unsigned_flux_mx), r: i === points.length - 1 ? 4.5 : 2.5 })),
    svg("text", { x: left, y: height - 6, text: utc(points[0].time) }),
    svg("text", { x: width - right, y: height - 6, "text-anchor": "end", text: utc(points.at(-1).time) }),
    svg("text", { x: left + 5, y: top + 9, text: "10²² Mx, band ± σ" }));
}

function niceSteps(most) {
  const rough = most / 3, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough) ?? rough;
  const all = [];
  for (let value = 0; value < most; value += step) all.push(Number(value.toPrecision(3)));
  return all;
}

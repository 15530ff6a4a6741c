// What is drawn over the field, on globe and map alike: outlines, grid, limbs, observers, regions.

import { limbOf, mod, shareAt } from "./geometry.js";
import { toCanvas } from "./globe.js";

const INK = { observed: "#62b0ff", generated: "#ff9d57", base: "#c3ccd9", grid: "rgb(255 255 255 / .16)", equator: "rgb(255 255 255 / .3)", limb: "#ffffff", neutral: "#5df0d2", region: "#ffe08a", soon: "#ffb454", cursor: "#ff4d6d" };

export function globeCanvas(canvas, view) {
  const size = canvas.clientWidth;
  return {
    context: fitted(canvas), size, narrow: size < 340, globe: true,
    at: (lon, lat) => toCanvas(lon, lat, view, size),
    joins: () => true,
    clip: (context) => { context.beginPath(); context.arc(size / 2, size / 2, size / 2, 0, 7); context.clip(); },
  };
}

export function mapCanvas(canvas, grid) {
  const { clientWidth: width, clientHeight: height } = canvas;
  return {
    context: fitted(canvas), size: width, narrow: width < 480, globe: false, width, height,
    at: (lon, lat) => [(mod(lon, 360) / 360) * width, (1 - shareAt(lat, grid)) * height],
    joins: (a, b) => Math.abs(a[0] - b[0]) < width / 2, // else it crosses longitude 0
    clip: () => {},
  };
}

function fitted(canvas) {
  const ratio = Math.min(window.devicePixelRatio || 1, 2);
  const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

export function drawOverlay(on, scene) {
  const { context } = on;
  context.save();
  on.clip(context);
  context.lineJoin = context.lineCap = "round";
  if (scene.marks.grid) drawGrid(on);
  for (const kind of ["base", "observed", "generated"]) {
    if (scene.marks[kind] && scene.outlines[kind]) drawSegments(on, scene.outlines[kind], INK[kind], kind === "base" ? [1, 4] : []);
  }
  for (const curve of scene.neutral ?? []) line(on, curve.map(([lon, lat]) => ({ lon, lat })), INK.neutral, 2.2);
  if (scene.marks.limbs) for (const observer of scene.observers) drawLimb(on, observer);
  if (scene.marks.regions) for (const region of scene.regions) drawRegion(on, region, region.name === scene.chosen);
  if (scene.marks.limbs) for (const observer of scene.observers) drawObserver(on, observer);
  if (scene.cursor) drawCursor(on, scene.cursor);
  context.restore();
}

function drawGrid(on) {
  for (let lon = 0; lon < 360; lon += 30) {
    line(on, range(-90, 90, 3).map((lat) => ({ lon: lon + 0.001, lat })), INK.grid, 1);
  }
  for (const lat of [-60, -30, 0, 30, 60]) {
    line(on, range(0.001, 359.999, 3).map((lon) => ({ lon, lat })), lat ? INK.grid : INK.equator, 1);
  }
  if (on.globe) return;
  for (let lon = 30; lon < 360; lon += on.narrow ? 90 : 30) {
    label(on, [on.at(lon, 0)[0], on.height - 6], `${lon}°`, "#dfe6f0", "center", 11);
  }
  for (const lat of [-30, 0, 30, 60]) label(on, [5, on.at(0, lat)[1] - 3], `${lat}°`, "#dfe6f0", "left", 11);
}

const range = (from, to, step) => {
  const all = [];
  for (let value = from; value < to; value += step) all.push(value);
  return [...all, to];
};

function line(on, places, colour, width, dash = []) {
  const { context } = on;
  context.beginPath();
  let last = null;
  for (const { lon, lat } of places) {
    const here = on.at(lon, lat);
    if (here && last && on.joins(last, here)) context.lineTo(...here);
    else if (here) context.moveTo(...here);
    last = here;
  }
  stroke(context, colour, width, dash);
}

function drawSegments(on, segments, colour, dash) {
  const { context } = on;
  context.beginPath();
  for (const [lon0, lat0, lon1, lat1] of segments) {
    const from = on.at(lon0, lat0), to = on.at(lon1, lat1);
    if (from && to && on.joins(from, to)) {
      context.moveTo(...from);
      context.lineTo(...to);
    }
  }
  stroke(context, colour, 1.8, dash);
}

function stroke(context, colour, width, dash) {
  context.setLineDash(dash);
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke();
  context.setLineDash([]);
}

function drawLimb(on, observer) {
  const earth = observer.name === "Earth";
  line(on, limbOf(observer.longitude_deg, observer.latitude_deg), earth ? INK.limb : INK.generated, earth ? 1.5 : 1, earth ? [7, 5] : [2, 4]);
  if (!earth || on.narrow) return;
  const east = on.at(observer.longitude_deg - 90, 0.001), west = on.at(observer.longitude_deg + 90, 0.001);
  const y = on.globe ? 0 : on.height * 0.08;
  if (east) label(on, [east[0], on.globe ? east[1] + 4 : y], "east limb", INK.limb, "center", 12);
  if (west) label(on, [west[0], on.globe ? west[1] + 4 : y], "west limb", INK.limb, "center", 12);
}

function drawObserver(on, observer) {
  const at = on.at(observer.longitude_deg, observer.latitude_deg);
  if (!at) return;
  const { context } = on, earth = observer.name === "Earth";
  const colour = earth ? "#8fd0ff" : INK.generated;
  context.beginPath();
  context.arc(...at, 5.5, 0, 7);
  context.fillStyle = "rgb(9 12 18 / .75)";
  context.fill();
  stroke(context, colour, 2, []);
  context.beginPath();
  if (earth) { // ⊕
    context.moveTo(at[0] - 5.5, at[1]); context.lineTo(at[0] + 5.5, at[1]);
    context.moveTo(at[0], at[1] - 5.5); context.lineTo(at[0], at[1] + 5.5);
  } else {
    context.arc(...at, 1.5, 0, 7);
  }
  stroke(context, colour, 1.5, []);
  label(on, [at[0], at[1] - 11], observer.name, colour, "center", 12);
}

function drawRegion(on, region, chosen) {
  const at = on.at(region.longitude_deg, region.latitude_deg);
  if (!at) return;
  const radius = Math.max(Math.sqrt(region.area_msh / 1e6) * (on.globe ? on.size / 2 : on.width / 6.283) * 1.25, 11);
  const soon = region.far_side && region.days_to_east_limb <= 3;
  const colour = soon ? INK.soon : INK.region;
  on.context.beginPath();
  on.context.arc(...at, radius, 0, 7);
  stroke(on.context, colour, chosen ? 2.6 : 1.4, []);
  if (region.far_side || chosen) labelFree(on, at, radius, region.name, colour);
}

// Below its circle, or where no other label is: above, then further down.
function labelFree(on, at, radius, text, colour) {
  const taken = (on.taken ??= []), half = 30;
  for (const y of [at[1] + radius + 13, at[1] - radius - 6, at[1] + radius + 27, at[1] - radius - 20]) {
    if (taken.some(([x0, y0]) => Math.abs(x0 - at[0]) < 2 * half && Math.abs(y0 - y) < 14)) continue;
    taken.push([at[0], y]);
    label(on, [at[0], y], text, colour, "center", 12);
    return;
  }
}

function drawCursor(on, { lon, lat }) {
  const at = on.at(lon, lat);
  if (!at) return;
  const { context } = on;
  context.beginPath();
  for (const [x, y] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
    context.moveTo(at[0] + 4 * x, at[1] + 4 * y);
    context.lineTo(at[0] + 11 * x, at[1] + 11 * y);
  }
  stroke(context, "rgb(0 0 0 / .7)", 4, []);
  stroke(context, INK.cursor, 2, []);
}

function label(on, [x, y], text, colour, align, size) {
  const { context } = on;
  context.font = `600 ${size}px system-ui, "DejaVu Sans", sans-serif`;
  context.textAlign = align;
  const half = align === "center" ? context.measureText(text).width / 2 + 3 : 0;
  // The globe's canvas ends at its circle: the half chord at this height.
  const reach = on.globe ? Math.sqrt(Math.max((on.size / 2) ** 2 - (y - 5 - on.size / 2) ** 2, 0)) : on.size / 2;
  const inside = align === "center" && reach > half ? Math.min(Math.max(x, on.size / 2 - reach + half), on.size / 2 + reach - half) : x;
  context.lineWidth = 3.5;
  context.strokeStyle = "rgb(9 12 18 / .85)";
  context.strokeText(text, inside, y);
  context.fillStyle = colour;
  context.fillText(text, inside, y);
}

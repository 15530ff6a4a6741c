// What the map can be trusted for: flags in words, ages, the model and its scores, the next map.

import { onceJson } from "./api.js";
import { $, duration, el, utc } from "./dom.js";

const TRAINED = {
  SIMULATED: "It was trained on simulated Suns only; it has not seen the real Sun.",
  OBSERVED: "It was trained on observations.",
  NONE: "It was not trained.",
};

export async function showTrust(details, series) {
  $("trust").hidden = false;
  const cards = [quality(details), sources(details), next(details, series)];
  $("trust-cards").replaceChildren(...cards);
  const models = await modelsOf();
  if ($("trust-cards").firstChild === cards[0]) cards[1].after(model(details, models));
}

const card = (title, ...children) => el("div", { class: "card" }, el("h3", { text: title }), ...children);

function quality({ product }) {
  const flags = product.quality.length
    ? product.quality.map((flag) => el("li", { class: "flag" }, flag.meaning, el("small", { text: flag.name })))
    : [el("li", { class: "flag good", text: "No quality flag is set." })];
  return card("Quality of this map", el("ul", {}, ...flags));
}

function sources({ sources: all }) {
  return card("What it is made of, and how old", el("ul", {}, ...all.map((source) => el("li", {},
    el("span", { class: `tag ${source.kind}`, text: source.kind }),
    ` ${source.kind === "filled" ? "never seen" : source.instrument.replace("_", "-")}: ${source.kind === "filled" ? "" : `${duration(source.age_hours)} before, `}${Math.round(100 * source.share)} % of the Sun`,
    source.filename ? el("small", { text: source.filename }) : null,
    source.overlap !== null ? el("small", { text: `Correlation ${source.overlap.toFixed(2)} with Earth's view where both see` }) : null))));
}

function model({ product, sources: all }, models) {
  const recipe = models.find((each) => each.name === product.model && each.version === product.version);
  const made = all.find((each) => each.model);
  if (!product.model) return card("Model", el("p", { text: "No part of this map is generated." }));
  const scores = (recipe?.scores ?? []).slice(0, 3).map((score) => el("li", {}, el("strong", { text: score.value.toFixed(2) }), ` ${score.measure}`));
  return card("Model of the generated parts",
    el("p", { class: "big", text: `${product.model} ${product.version}` }),
    el("p", { text: TRAINED[made?.trained_on] ?? "" }),
    recipe ? el("p", { class: "note", text: `Training data: ${recipe.training.description}.` }) : null,
    scores.length ? el("ul", {}, ...scores) : el("p", { class: "note", text: made?.skill ? `Correlation with the truth in its Recipe: ${made.skill.toFixed(2)}.` : "No score is stated." }));
}

function next(details, series) {
  const due = series.next_expected;
  const lines = due
    ? [el("p", { class: "big", text: utc(due) }), el("p", { class: "note", text: `${series.late ? `late by ${duration((Date.now() - new Date(due)) / 36e5)}` : new Date(due) > new Date() ? `in ${duration((new Date(due) - Date.now()) / 36e5)}` : "due"}; a map every ${duration(series.cadence_minutes / 60)}, ${series.maps} so far` })]
    : [el("p", { class: "note", text: "A single map: no cadence is known." })];
  return card("Next map expected", ...lines, el("p", { class: "note", text: `This one was made ${utc(details.product.made)}.` }));
}

// Reasons to warn, in whole sentences.
export function warnings(state, series, details) {
  const found = [];
  if (series.late) found.push(`Stale: no map since ${utc(series.last)}; the next was expected ${utc(series.next_expected)}.`);
  const degraded = { NO_STEREO: "no spacecraft on the far side", NO_OBSERVED: "no observation from Earth", NO_BASE: "no base map", BASE_STALE: "an old base map", OVERLAP_LOW: "a generated part that disagrees with what Earth sees", ODD_IMAGE: "a doubtful EUV image" };
  const reasons = (details?.product.quality ?? []).map((flag) => degraded[flag.name]).filter(Boolean);
  if (reasons.length) found.push(`Degraded: this map has ${reasons.join(", ")}.`);
  return found;
}

export const modelsOf = () => onceJson("models").then((body) => body.models).catch(() => []);

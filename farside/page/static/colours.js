// Colours of layers: counts of a layer to RGBA, rows from the south as they come.

const UNKNOWN = -32768;
const NOTHING = [22, 29, 40];

// Anchors at equal steps, sampled from the colour maps of matplotlib (CC0).
const VIRIDIS = ["440154", "482878", "3e4989", "31688e", "26828e", "1f9e89", "35b779", "6ece58", "b5de2b", "fde725"];
const MAGMA = ["000004", "180f3d", "440f76", "721f81", "9e2f7f", "cd4071", "f1605d", "fd9668", "feca8d", "fcfdbf"];
const INFERNO = ["000004", "1b0c41", "4a0c6b", "781c6d", "a52c60", "cf4446", "ed6925", "fb9b06", "f7d13d", "fcffa4"];
const GREY = ["000000", "ffffff"];
const TRUST = ["7a2340", "b3544d", "d9a066", "9ecf9b", "3fb59a"];

const SCALES = { field: GREY, sigma: MAGMA, age: VIRIDIS, share: VIRIDIS, confidence: TRUST, euv304: INFERNO, euv195: INFERNO, euv171: INFERNO };

export const KINDS = { observed: [74, 144, 226], generated: [240, 138, 60], base: [120, 132, 150], filled: [70, 78, 92] };
const OPEN = { 1: [255, 120, 92], "-1": [86, 150, 255] };

function table(anchors) {
  const parsed = anchors.map((each) => [0, 2, 4].map((i) => parseInt(each.slice(i, i + 2), 16)));
  return Uint8ClampedArray.from({ length: 768 }, (_, index) => {
    const place = (Math.floor(index / 3) / 255) * (parsed.length - 1);
    const below = Math.min(Math.floor(place), parsed.length - 2);
    const [low, high] = [parsed[below][index % 3], parsed[below + 1][index % 3]];
    return low + (high - low) * (place - below);
  });
}

const tables = Object.fromEntries(Object.entries(SCALES).map(([name, anchors]) => [name, table(anchors)]));

export const isCategory = (name) => name === "source" || name === "open";

// Shades of one kind: the second spacecraft is lighter than the first.
export function sourceColour(sources, index) {
  const source = sources[index];
  if (!source) return NOTHING;
  const before = sources.slice(0, index).filter((each) => each.kind === source.kind).length;
  const light = Math.min(before * 0.28, 0.7);
  return (KINDS[source.kind] ?? NOTHING).map((value) => Math.round(value + (255 - value) * light));
}

export function paint(counts, layer, sources, field) {
  const pixels = new Uint8ClampedArray(counts.length * 4);
  const colour = colourOf(layer, sources, field);
  for (let i = 0; i < counts.length; i++) {
    const [red, green, blue] = colour(counts[i], i);
    pixels[4 * i] = red;
    pixels[4 * i + 1] = green;
    pixels[4 * i + 2] = blue;
    pixels[4 * i + 3] = 255;
  }
  return pixels;
}

function colourOf(layer, sources, field) {
  if (layer.name === "source") {
    const shades = sources.map((_, index) => sourceColour(sources, index));
    return (count) => shades[count] ?? NOTHING;
  }
  if (layer.name === "open") {
    return (count, i) => OPEN[count] ?? dim(field ? field[i] * 0.1 : 0);
  }
  const scale = tables[layer.name] ?? tables.age;
  const span = layer.high - layer.low;
  const found = [0, 0, 0];
  return (count) => {
    if (count === UNKNOWN) return NOTHING;
    const share = (count * layer.step - layer.low) / span;
    const place = 3 * Math.round(255 * Math.min(Math.max(share, 0), 1));
    for (let part = 0; part < 3; part++) found[part] = scale[place + part];
    return found;
  };
}

const dim = (gauss) => {
  const grey = 62 + 34 * Math.min(Math.max(gauss / 100, -1), 1);
  return [grey, grey, grey + 6];
};

export function paintScale(canvas, layer) {
  const context = canvas.getContext("2d");
  const scale = tables[layer.name] ?? tables.age;
  for (let x = 0; x < canvas.width; x++) {
    const place = 3 * Math.round((255 * x) / (canvas.width - 1));
    context.fillStyle = `rgb(${scale[place]} ${scale[place + 1]} ${scale[place + 2]})`;
    context.fillRect(x, 0, 1, canvas.height);
  }
}

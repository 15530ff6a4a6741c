// A small reader of FITS: cards of the headers, and images that are not compressed in tiles.

const BLOCK = 2880, CARD = 80, MOST_CARDS = 4000;

// Bytes of a file, unpacked if it is gzipped; null where the browser cannot.
export async function unpacked(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const stream = blob.stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// HDUs of a file: cards as [keyword, value, whole line], and where the data are.
export function hdus(bytes) {
  const found = [];
  let at = 0;
  while (at + BLOCK <= bytes.length && found.length < 64) {
    const cards = [];
    let ended = false;
    for (; !ended && at + CARD <= bytes.length && cards.length < MOST_CARDS; at += CARD) {
      const line = String.fromCharCode(...bytes.subarray(at, at + CARD));
      if (line.startsWith("END     ")) ended = true;
      else if (line.trim()) cards.push([line.slice(0, 8).trim(), valueOf(line), line.trimEnd()]);
    }
    if (!ended) break;
    at = Math.ceil(at / BLOCK) * BLOCK;
    const hdu = { cards, get: (name) => cards.find((each) => each[0] === name)?.[1], start: at };
    found.push(hdu);
    at += Math.ceil(sizeOf(hdu) / BLOCK) * BLOCK;
  }
  return found;
}

function valueOf(line) {
  if (line.slice(8, 10) !== "= ") return undefined;
  const text = line.slice(10);
  const quoted = text.match(/^\s*'((?:[^']|'')*)'/);
  if (quoted) return quoted[1].replaceAll("''", "'").trimEnd();
  const plain = text.split("/")[0].trim();
  return plain === "T" ? true : plain === "F" ? false : Number(plain.replace(/D/i, "E"));
}

function sizeOf(hdu) {
  const axes = hdu.get("NAXIS") || 0;
  if (!axes) return 0;
  let count = 1;
  for (let axis = 1; axis <= axes; axis++) count *= hdu.get(`NAXIS${axis}`) || 0;
  return (Math.abs(hdu.get("BITPIX") || 8) / 8) * (hdu.get("GCOUNT") || 1) * ((hdu.get("PCOUNT") || 0) + count);
}

// The first image of at least 16², thinned to at most `most` pixels a side, row 0 at the bottom.
export function image(bytes, all, most) {
  const hdu = all.find((each) => each.get("NAXIS") === 2 && each.get("NAXIS1") >= 16 && each.get("XTENSION") !== "BINTABLE");
  if (!hdu) return null;
  const width = hdu.get("NAXIS1"), height = hdu.get("NAXIS2"), bits = hdu.get("BITPIX");
  const readers = { 8: ["getUint8", 1], 16: ["getInt16", 2], 32: ["getInt32", 4], "-32": ["getFloat32", 4], "-64": ["getFloat64", 8] };
  if (!readers[bits] || hdu.start + (width * height * Math.abs(bits)) / 8 > bytes.length) return null;
  const [read, step] = readers[bits], view = new DataView(bytes.buffer, bytes.byteOffset + hdu.start);
  const scale = hdu.get("BSCALE") ?? 1, zero = hdu.get("BZERO") ?? 0, blank = hdu.get("BLANK");
  const every = Math.max(1, Math.ceil(Math.max(width, height) / most));
  const columns = Math.floor(width / every), rows = Math.floor(height / every);
  const values = new Float32Array(columns * rows);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const raw = view[read]((row * every * width + column * every) * step, false);
      values[row * columns + column] = raw === blank ? NaN : raw * scale + zero;
    }
  }
  return { columns, rows, values, unit: hdu.get("BUNIT") ?? "" };
}

// Draws an image in grey: a field at ±100 G, brightness on a logarithmic scale.
export function drawImage(canvas, { columns, rows, values }, isField) {
  [canvas.width, canvas.height] = [columns, rows];
  const context = canvas.getContext("2d"), pixels = context.createImageData(columns, rows);
  const sorted = isField ? null : Float32Array.from(values.filter((each) => each > 0)).sort();
  const [low, high] = isField ? [-100, 100] : [0.2, 0.998].map((part) => Math.log(sorted[Math.floor(part * (sorted.length - 1))] || 1));
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const value = values[row * columns + column];
      const place = isField ? value : Math.log(Math.max(value, 1e-6));
      const at = 4 * ((rows - 1 - row) * columns + column);
      pixels.data.fill((255 * (place - low)) / (high - low), at, at + 3);
      pixels.data[at + 3] = Number.isFinite(value) ? 255 : 0;
    }
  }
  context.putImageData(pixels, 0, 0);
}

const FRONT = /SDO|AIA|HMI/i;

// What a header says of its image, and the role that it suggests.
export function described(all) {
  const get = (name) => all.map((each) => each.get(name)).find((value) => value !== undefined);
  const text = (name) => String(get(name) ?? "").trim();
  const instrument = [text("OBSRVTRY"), text("TELESCOP"), text("INSTRUME"), text("DETECTOR")].join(" ");
  const band = get("WAVELNTH");
  const label = [text("OBSRVTRY") || text("TELESCOP"), text("DETECTOR") || text("INSTRUME"), Number.isFinite(band) && band > 1 ? `${band} Å` : ""].filter(Boolean).join(" ");
  return { label, time: text("DATE-OBS").slice(0, 16) || text("T_OBS").slice(0, 16), role: FRONT.test(instrument) && !/STEREO/i.test(instrument) ? "reference" : "observation", isField: /HMI/i.test(instrument) || /gauss/i.test(text("BUNIT")) };
}

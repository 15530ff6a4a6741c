// Heliographic geometry: degrees; Carrington longitude grows westward, to the right with north up.

const RAD = Math.PI / 180;

// Orthographic view of the unit sphere: x west, y north, z towards the viewer.
export function project(lon, lat, view) {
  const a = (lon - view.lon) * RAD, b = lat * RAD, t = view.lat * RAD;
  const facing = Math.cos(b) * Math.cos(a);
  return {
    x: Math.cos(b) * Math.sin(a),
    y: Math.sin(b) * Math.cos(t) - facing * Math.sin(t),
    z: Math.sin(b) * Math.sin(t) + facing * Math.cos(t),
  };
}

// The place that a view shows at (x, y); null beside the Sun.
export function unproject(x, y, view) {
  const r2 = x * x + y * y;
  if (r2 > 1) return null;
  const z = Math.sqrt(1 - r2), t = view.lat * RAD;
  const sine = y * Math.cos(t) + z * Math.sin(t);
  const facing = z * Math.cos(t) - y * Math.sin(t);
  return { lon: mod(view.lon + Math.atan2(x, facing) / RAD, 360), lat: Math.asin(clamp(sine, -1, 1)) / RAD };
}

export const mod = (value, period) => ((value % period) + period) % period;
export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
export const wrap = (degrees) => mod(degrees + 180, 360) - 180;

// Points of the circle 90° from a place: the limb that an observer above it sees.
export function limbOf(lon, lat, step = 3) {
  const points = [];
  const t = lat * RAD;
  for (let a = 0; a <= 360; a += step) {
    const west = Math.sin(a * RAD), north = Math.cos(a * RAD);
    const facing = -north * Math.sin(t);
    points.push({ lon: mod(lon + Math.atan2(west, facing) / RAD, 360), lat: Math.asin(north * Math.cos(t)) / RAD });
  }
  return points;
}

// Row of the grid at a latitude: rows are of equal area, or of equal latitude.
export function rowAt(lat, grid) {
  const share = grid.latitude === "sine" ? (Math.sin(lat * RAD) + 1) / 2 : (lat + 90) / 180;
  return clamp(Math.floor(share * grid.rows), 0, grid.rows - 1);
}

export function latitudeAt(share, grid) {
  return grid.latitude === "sine" ? Math.asin(clamp(2 * share - 1, -1, 1)) / RAD : 180 * share - 90;
}

export function shareAt(lat, grid) {
  return grid.latitude === "sine" ? (Math.sin(lat * RAD) + 1) / 2 : (lat + 90) / 180;
}

export function cellAt(lon, lat, grid) {
  const column = clamp(Math.floor((mod(lon, 360) / 360) * grid.columns), 0, grid.columns - 1);
  return rowAt(lat, grid) * grid.columns + column;
}

// Contours of a mask, smoothed over a cell: segments [lon, lat, lon, lat] by marching squares.
// At a level above ½ the line runs inside the mask, so that those of neighbours do not coincide.
export function contours(mask, grid, level = 0.62) {
  const smooth = blurred(blurred(mask, grid), grid);
  const { columns, rows } = grid;
  const place = (column, row) => [((column + 0.5) / columns) * 360, latitudeAt((row + 0.5) / rows, grid)];
  const found = [];
  for (let row = 0; row < rows - 1; row++) {
    for (let column = 0; column < columns; column++) {
      const right = (column + 1) % columns;
      const corners = [
        [column, row, smooth[row * columns + column]],
        [column + 1, row, smooth[row * columns + right]],
        [column + 1, row + 1, smooth[(row + 1) * columns + right]],
        [column, row + 1, smooth[(row + 1) * columns + column]],
      ];
      const crossings = [];
      for (let side = 0; side < 4; side++) {
        const [x0, y0, v0] = corners[side], [x1, y1, v1] = corners[(side + 1) % 4];
        if (v0 > level !== v1 > level) {
          const part = (level - v0) / (v1 - v0);
          crossings.push(place(x0 + part * (x1 - x0), y0 + part * (y1 - y0)));
        }
      }
      for (let pair = 0; pair + 1 < crossings.length; pair += 2) {
        found.push([...crossings[pair], ...crossings[pair + 1]]);
      }
    }
  }
  return found;
}

function blurred(values, { columns, rows }) {
  const made = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    const up = Math.min(row + 1, rows - 1) * columns, here = row * columns, down = Math.max(row - 1, 0) * columns;
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (const c of [(column + columns - 1) % columns, column, (column + 1) % columns]) {
        sum += values[up + c] + values[here + c] + values[down + c];
      }
      made[here + column] = sum / 9;
    }
  }
  return made;
}

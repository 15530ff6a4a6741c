// The Sun as a globe: one triangle, whose fragments meet the sphere, and a texture of the map.

import { clamp, mod, project, unproject } from "./geometry.js";

const VERTEX = `#version 300 es
in vec2 corner;
out vec2 place;
void main() { place = corner; gl_Position = vec4(corner, 0.0, 1.0); }`;

// In an orthographic view the sphere's point at (x, y) has z = √(1 − x² − y²); turned by the
// latitude of the view, its sine of latitude and its longitude are those of the texture.
const FRAGMENT = `#version 300 es
precision highp float;
in vec2 place;
out vec4 colour;
uniform sampler2D map;
uniform vec2 view;
uniform float zoom, pixel;
uniform bool sine;
const float PI = 3.14159265358979;
void main() {
  vec2 p = place / zoom;
  float r = length(p);
  float z = sqrt(max(1.0 - r * r, 0.0));
  float s = clamp(p.y * cos(view.y) + z * sin(view.y), -1.0, 1.0);
  float facing = z * cos(view.y) - p.y * sin(view.y);
  float u = fract((view.x + atan(p.x, facing)) / (2.0 * PI));
  float v = sine ? (s + 1.0) / 2.0 : asin(s) / PI + 0.5;
  vec3 shade = textureLod(map, vec2(u, v), 0.0).rgb * mix(0.80, 1.0, sqrt(z));
  float inside = 1.0 - smoothstep(1.0 - pixel, 1.0, r);
  float glow = 0.30 * exp(-max(r - 1.0, 0.0) * 38.0) * step(1.0 - pixel, r);
  vec3 rim = vec3(1.0, 0.70, 0.33);
  float alpha = max(inside, glow);
  colour = vec4(mix(rim * glow, shade, inside), alpha);
}`;

export const FILLS = 0.94; // of the canvas, at zoom 1

export class Globe {
  // Throws where there is no WebGL 2.
  constructor(canvas) {
    this.canvas = canvas;
    const gl = canvas.getContext("webgl2", { antialias: false, premultipliedAlpha: true, preserveDrawingBuffer: true });
    if (!gl) throw new Error("no WebGL 2");
    this.gl = gl;
    this.program = linked(gl);
    gl.useProgram(this.program);
    const corners = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, corners);
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([-1, -1, 3, -1, -1, 3]), gl.STATIC_DRAW);
    const place = gl.getAttribLocation(this.program, "corner");
    gl.enableVertexAttribArray(place);
    gl.vertexAttribPointer(place, 2, gl.FLOAT, false, 0, 0);
    this.texture = gl.createTexture();
    this.grid = null;
  }

  load(pixels, grid, smooth) {
    const { gl } = this;
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, grid.columns, grid.rows, 0, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(pixels.buffer));
    const filter = smooth ? gl.LINEAR : gl.NEAREST;
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, filter);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, filter);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.REPEAT);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    this.grid = grid;
  }

  draw(view) {
    if (!this.grid) return;
    const { gl, canvas } = this;
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    const set = (name) => gl.getUniformLocation(this.program, name);
    gl.uniform2f(set("view"), (view.lon * Math.PI) / 180, (view.lat * Math.PI) / 180);
    gl.uniform1f(set("zoom"), FILLS * view.zoom);
    gl.uniform1f(set("pixel"), 4 / (canvas.width * view.zoom));
    gl.uniform1i(set("sine"), this.grid.latitude === "sine" ? 1 : 0);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }
}

function linked(gl) {
  const program = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error("WebGL: the shader does not link");
  return program;
}

// Where a place is on the canvas, CSS pixels; null behind the limb.
export function toCanvas(lon, lat, view, size) {
  const { x, y, z } = project(lon, lat, view);
  if (z < 0) return null;
  const scale = (size / 2) * FILLS * view.zoom;
  return [size / 2 + x * scale, size / 2 - y * scale];
}

export function fromCanvas(x, y, view, size) {
  const scale = (size / 2) * FILLS * view.zoom;
  return unproject((x - size / 2) / scale, (size / 2 - y) / scale, view);
}

// Mouse, finger and keys turn the globe; two fingers and keys zoom.
export function turnable(canvas, view, { moved, pointed }) {
  const pointers = new Map();
  let spread = 0;
  const size = () => canvas.clientWidth;
  const place = (event) => fromCanvas(event.offsetX, event.offsetY, view, size());
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, [event.clientX, event.clientY]);
    spread = 0;
  });
  canvas.addEventListener("pointermove", (event) => {
    const last = pointers.get(event.pointerId);
    if (!last) {
      pointed(place(event));
      return;
    }
    pointers.set(event.pointerId, [event.clientX, event.clientY]);
    if (pointers.size === 2) {
      const [a, b] = [...pointers.values()];
      const now = Math.hypot(a[0] - b[0], a[1] - b[1]);
      if (spread) zoomBy(now / spread);
      spread = now;
      return;
    }
    const degrees = 115 / (size() * FILLS * view.zoom);
    turn(-(event.clientX - last[0]) * degrees, (event.clientY - last[1]) * degrees);
  });
  for (const name of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(name, (event) => {
      pointers.delete(event.pointerId);
      spread = 0;
      if (name === "pointerup") pointed(place(event));
    });
  }
  canvas.addEventListener("pointerleave", () => pointed(null));
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && document.activeElement !== canvas) return; // else the page cannot be scrolled
    event.preventDefault();
    zoomBy(Math.exp(-event.deltaY / 400));
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 15 : 5;
    const keys = {
      ArrowLeft: () => turn(-step, 0), ArrowRight: () => turn(step, 0),
      ArrowUp: () => turn(0, step), ArrowDown: () => turn(0, -step),
      "+": () => zoomBy(1.25), "=": () => zoomBy(1.25), "-": () => zoomBy(0.8), 0: () => moved("far side"),
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
    pointed({ lon: view.lon, lat: view.lat });
  });
  function turn(lon, lat) {
    view.lon = mod(view.lon + lon, 360);
    view.lat = clamp(view.lat + lat, -89, 89);
    moved();
  }
  function zoomBy(factor) {
    view.zoom = clamp(view.zoom * factor, 1, 6);
    moved();
  }
}

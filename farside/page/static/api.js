// Requests to the service. A key is kept in this module's memory and nowhere else.

let key = "";
let asking = null;

export class ServiceError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

export const headers = () => (key ? { Authorization: `Bearer ${key}` } : {});
export const hasKey = () => key !== "";

export async function request(path, options = {}) {
  const sent = headers();
  let answer;
  try {
    answer = await fetch(path, { ...options, headers: { ...sent, ...(options.headers ?? {}) } });
  } catch {
    throw new ServiceError("The service does not answer; it is tried again.", 0);
  }
  if (answer.status === 401 && (await askForKey(sent))) return request(path, options);
  if (!answer.ok) throw new ServiceError(await sentence(answer), answer.status);
  return answer;
}

export async function json(path) {
  return (await request(path)).json();
}

async function sentence(answer) {
  const text = await answer.text();
  return sentenceOf(text) ?? `The service answered ${answer.status} ${answer.statusText}.`;
}

// The sentence of the JSON object that every error of the service is.
export function sentenceOf(text) {
  try {
    return JSON.parse(text).error ?? null;
  } catch {
    return null;
  }
}

// One dialog at a time, however many requests ask for a key; none where another request has asked
// since `sent`, the headers that were refused.
export async function askForKey(sent) {
  if (!asking && key && sent.Authorization !== headers().Authorization) return true;
  asking ??= ask().finally(() => (asking = null));
  return asking;
}

function ask() {
  const dialog = document.getElementById("key");
  const field = document.getElementById("key-value");
  if (key) document.getElementById("key-text").textContent = "The service refused this key. Another one?";
  key = "";
  field.value = "";
  dialog.returnValue = "cancel";
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener("close", () => {
      if (dialog.returnValue === "use") key = field.value.trim();
      field.value = "";
      done(key !== "");
    }, { once: true });
  });
}

const kept = new Map();
const MOST_KEPT = 120; // 16 MB of layers

// What a product's id stands for never changes: each is fetched once.
export function once(path, read) {
  if (!kept.has(path)) {
    const promise = request(path).then(read);
    promise.catch(() => kept.delete(path));
    kept.set(path, promise);
    if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value);
  }
  return kept.get(path);
}

export const onceJson = (path) => once(path, (answer) => answer.json());

export async function counts(id, layer) {
  return once(`archive/${encodeURIComponent(id)}/layers/${layer}`, async (answer) => {
    const view = new DataView(await answer.arrayBuffer());
    return Int16Array.from({ length: view.byteLength / 2 }, (_, i) => view.getInt16(2 * i, true));
  });
}

// Saves a file under its name; with a key the browser cannot follow the link by itself.
export async function save(path, name) {
  const blob = await (await request(path)).blob();
  saveBlob(blob, name);
}

export function saveBlob(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

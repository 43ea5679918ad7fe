// Shows and filters passages, draws figures. Text of documents enters the page as text nodes only.
const PRINT_WIDTH = 640; // pixels that fit a printed page
const NARROW = 600; // below, names on the map would cover it: its legend has them
const LABEL = 20; // letters of a name that leave room for its bar
const STEP = 25; // passages shown at a time
const MANY = 5000; // passages whose map takes long to dim
const DARK_PAPER = "#1b1b1f"; // as in page.css
const figures = [...document.querySelectorAll("figure")].filter((f) => f.querySelector(".plot"));
const dark = matchMedia("(prefers-color-scheme: dark)");
const byId = (id) => document.getElementById(id);
const webgl = Boolean(document.createElement("canvas").getContext("webgl"));
const form = byId("choose");
let themes = new Map(), passages = []; // names of all themes by id; all passages
let found = [], hits = null; // passages that pass the form, and the words to mark in them
let dimming; // the timer of a large map, which waits for the last of several letters
let map = null; // the figure of all passages, and the passages of each of its traces

async function unpacked(id) {
  const bytes = Uint8Array.from(atob(byId(id).textContent), (c) => c.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// ---- passages

async function readPassages() {
  const data = JSON.parse(await unpacked("passages"));
  const { source: sources, country: countries } = data.groups;
  const documents = data.documents.map(([id, title, date, url, source, country]) =>
    ({ id, title, date, url, source: sources[source], country: countries[country] }));
  themes = new Map(data.themes);
  passages = data.passages.map(([place, start, end, text, carried, strongest], i) => ({
    number: i + 1, from: documents[place], start, end, text, strongest,
    carried: carried.map((theme) => data.themes[theme][0]),
  }));
}

// Small letters without accents, straight quotation marks. Marks that are letters' own, as in
// Japanese or Thai, stay.
const fold = (text) => text.normalize("NFD").toLowerCase().replace(/[\u0300-\u036f]/g, "")
  .normalize("NFC").replace(/[‘’‚‛′´`]/g, "'").replace(/[“”„‟«»″]/g, '"');

function patterns(words) {
  const parts = [...fold(words).matchAll(/"([^"]+)|[^\s"]+/g)].map((m) => (m[1] ?? m[0]).trim());
  return parts.filter(Boolean).map((part) =>
    part.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&").replace(/\s+/g, '["\\s]+'));
}

const holds = (wanted, own) => !wanted || (wanted === "none" ? !own.length : own.includes(wanted));

function passes(passage, wanted, tests) {
  const { from, carried } = passage;
  return holds(wanted.theme, carried)
    && ["source", "country"].every((field) => holds(wanted[field], [from[field] ?? []].flat()))
    && (!wanted.from || from.date >= wanted.from)
    && (!wanted.to || from.date <= wanted.to)
    && (!tests.length || tests.every((test) => test.test(passage.folded ??= fold(passage.text))));
}

function choose(unknown = "") {
  const wanted = Object.fromEntries(new FormData(form));
  const words = patterns(wanted.q ?? ""); // a report without texts has no field for them
  const tests = words.map((word) => new RegExp(word, "u"));
  hits = words.length ? new RegExp(words.join("|"), "gu") : null;
  found = passages.filter((passage) => passes(passage, wanted, tests));
  byId("count").textContent =
    `${found.length.toLocaleString("en-GB")} of ${passages.length.toLocaleString("en-GB")} passages`;
  const none = wanted.to && wanted.from > wanted.to
    ? "The first day is after the last, so no passage fits."
    : "No passage fits. Leave out a word or a filter.";
  byId("advice").textContent = [unknown, found.length ? "" : none].join(" ").trim();
  byId("advice").hidden = !byId("advice").textContent;
  byId("found").hidden = !found.length;
  byId("found").replaceChildren();
  showMore();
  countThemes();
  clearTimeout(dimming);
  if (passages.length < MANY) dim();
  else dimming = setTimeout(dim, 300);
}

function countThemes() {
  const rows = [...document.querySelectorAll("#by-theme tbody tr")];
  const counts = rows.map(({ dataset: { theme } }) => found.filter(({ carried }) => holds(theme, carried)).length);
  rows.forEach((row, i) => {
    row.cells[1].textContent = counts[i].toLocaleString("en-GB");
    row.querySelector(".bar").style.width = `${100 * counts[i] / Math.max(...counts, 1)}%`;
  });
}

function marked(text) {
  if (!hits) return [text];
  let folded = "", done = 0;
  const places = [], parts = []; // where each folded letter stands in the text
  for (const { 0: letter, index } of text.matchAll(/./gsu)) {
    const own = fold(letter);
    folded += own;
    places.push(...Array(own.length).fill(index));
  }
  for (const { 0: hit, index } of folded.matchAll(hits)) {
    const start = places[index], end = places[index + hit.length] ?? text.length;
    parts.push(text.slice(done, start), element("mark", {}, text.slice(start, end)));
    done = end;
  }
  return [...parts, text.slice(done)];
}

function quoted(passage) {
  const { number, from, start, end, text, carried } = passage;
  const about = [from.date, from.source, from.title].filter(Boolean);
  const apart = (parts) => parts.flatMap((part, i) => [i ? " · " : "", element("bdi", {}, part)]);
  const link = { href: from.url, target: "_blank", rel: "noopener noreferrer" };
  return element("blockquote", { tabIndex: -1 },
    text && element("p", { dir: "auto" }, ...marked(text), text.length < end - start ? " …" : ""),
    element("footer", {}, ...apart(about), element("br"),
      "Themes: ", ...apart(carried.length ? carried.map((theme) => themes.get(theme)) : ["none"]), element("br"),
      element("a", { href: `#p-${number}` }, `passage ${number}`), " · ",
      element("code", {}, element("bdi", {}, from.id), `, characters ${start}–${end}`),
      ...(from.url ? [" · ", element("a", link, "open its web page")] : [])));
}

// What a spreadsheet would take for a formula gets an apostrophe, as in sheets for labelling.
function cell(value) {
  const text = `${value ?? ""}`.replace(/(^|[;,\t\r\n])(?=\s*[=+\-@＝＋－＠])/g, "$1'");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function save() {
  const columns = ["document", "date", "source", "title", "themes", "start", "end", "text"];
  const rows = found.map(({ from, carried, start, end, text }) =>
    [from.id, from.date, from.source, from.title, carried.map((id) => themes.get(id)).join("; "), start, end, text]);
  const lines = [columns, ...rows].map((row) => `${row.map(cell).join(",")}\r\n`);
  const file = new Blob(["\ufeff", ...lines], { type: "text/csv" }); // so that Excel reads UTF-8
  const link = element("a", { href: URL.createObjectURL(file), download: "passages.csv" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

function showMore() {
  const list = byId("found");
  const next = found.slice(list.childElementCount, list.childElementCount + STEP).map(quoted);
  list.append(...next);
  byId("more").hidden = list.childElementCount >= found.length;
  return next[0];
}

// The address of the page holds what the form asks for.
function remember() {
  const state = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
  history.replaceState(null, "", `#${state.toString() || "explore"}`);
}

function restore(state) {
  const fields = [...form.elements].filter(({ name }) => name);
  for (const field of fields) field.value = state.get(field.name) ?? "";
  const unknown = fields.filter(({ name, value }) => value !== (state.get(name) ?? ""));
  for (const field of unknown) field.value = "";
  const told = unknown.map(({ name }) => `${name} ${state.get(name)}`).join(", ");
  choose(told && `This report does not have: ${told}.`);
  byId("explore").scrollIntoView();
}

function follow() {
  if (/^#(q|theme|source|country|from|to)=/.test(location.hash))
    restore(new URLSearchParams(location.hash.slice(1)));
  else pin();
}

function pin() {
  const number = /^#p-(\d+)$/.exec(location.hash)?.[1];
  if (location.hash === "#explore") byId("pinned").hidden = true;
  if (!number) return;
  const passage = passages[number - 1];
  if (!passage) return show(element("blockquote", { tabIndex: -1 },
    element("p", {}, `This report has no passage ${number}; the last is ${passages.length}.`)));
  const quote = Object.assign(quoted(passage), { id: `p-${passage.number}` });
  const beside = [["Previous", passages[passage.number - 2]], ["Next", passages[passage.number]]]
    .filter(([, other]) => other?.from === passage.from).flatMap(([name, { number }]) =>
      [element("a", { href: `#p-${number}` }, `${name} in this document`), " · "]);
  show(quote, ...beside);
}

function show(quote, ...links) {
  const pinned = byId("pinned");
  pinned.replaceChildren(quote,
    element("p", {}, ...links, element("a", { href: "#explore" }, "Close")));
  pinned.hidden = false;
  quote.focus({ preventScroll: true });
  const { top, bottom } = pinned.getBoundingClientRect();
  if (top < 0 || bottom > innerHeight) pinned.scrollIntoView();
}

// ---- figures

// The map has one trace a strongest theme, those without first, in the order of the passages.
function tracesOfMap() {
  const own = new Map([-1, ...[...themes.keys()].keys()].map((theme) => [theme, []]));
  for (const passage of passages) own.get(passage.strongest).push(passage);
  return [...own.values()].filter(({ length }) => length);
}

function connectMap(plot, traces) {
  if (!map) plot.on("plotly_click", ({ points: [{ curveNumber, pointNumber }] }) => {
    location.hash = `p-${traces[curveNumber][pointNumber].number}`;
  });
  map = { plot, traces };
  byId("on-map").hidden = false;
  dim();
}

// Plotly reads some HTML in its texts; these show as they stand.
function hover({ from, text }) {
  const plain = (part) => part.replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c]);
  const about = [from.date, from.source, from.title?.slice(0, 80)].filter(Boolean).join(" · ");
  const start = text.slice(0, 240).replace(/\s+/g, " ") + (text.length > 240 ? " …" : "");
  const lines = start.replace(/(.{1,70})(\s|$)/g, "$1\n").trimEnd();
  return (about ? `<b>${plain(about)}</b><br>` : "") + plain(lines).replaceAll("\n", "<br>");
}

function dim() {
  if (!map) return;
  const kept = new Set(found);
  const indices = (own) => own.flatMap((passage, i) => (kept.has(passage) ? [i] : []));
  const all = found.length === passages.length;
  const selectedpoints = map.traces.map((own) => (all ? null : indices(own)));
  Plotly.restyle(map.plot, { selectedpoints });
}

// A colour with its lightness turned round and its hue kept, a little paler; white as the page.
function turned(_, value) {
  const match = typeof value === "string"
    && /^(?:#([0-9a-f]{6})|rgba\(255, ?255, ?255, ?([\d.]+)\))$/i.exec(value);
  if (!match) return value;
  const rgb = [0, 2, 4].map((i) => parseInt((match[1] ?? "ffffff").slice(i, i + 2), 16));
  const shift = 255 - Math.max(...rgb) - Math.min(...rgb);
  const grey = rgb.reduce((sum, c) => sum + c + shift, 0) / 3;
  return `rgba(${rgb.map((c) => Math.round(28 + 0.68 * (c + shift) + 0.2 * grey))},${match[2] ?? 1})`;
}

async function draw(figure, { night = dark.matches, width } = {}) {
  const plot = figure.querySelector(".plot");
  const drawing = figure.querySelector("script").textContent;
  const { data, layout, config } = JSON.parse(drawing, night ? turned : undefined);
  const isMap = Boolean(layout.yaxis?.scaleanchor); // only a map keeps its proportions
  const traces = isMap && data[0].type !== "heatmap" ? tracesOfMap() : [];
  traces.forEach((own, i) => { data[i].text = own.map(hover); });
  if (!webgl) for (const trace of data) trace.type = trace.type?.replace(/gl$/, "");
  if (night) layout.paper_bgcolor = layout.plot_bgcolor = DARK_PAPER;
  if (width) layout.width = width;
  if (plot.clientWidth < NARROW) {
    config.displayModeBar = false;
    const long = data.flatMap(({ y }) => (Array.isArray(y) ? y : [])).filter((name) => name.length > LABEL);
    if (layout.yaxis) layout.yaxis.labelalias =
      Object.fromEntries(long.map((name) => [name, `${name.slice(0, LABEL - 1)}…`]));
    if (isMap) {
      delete layout.yaxis.scaleanchor;
      delete layout.annotations;
    }
    for (const bars of data) if (bars.orientation === "h") {
      bars.textposition = "auto";
      bars.text = bars.text.map((text) => text.split("  ")[0]); // why there are not more, the table says
    }
  }
  await Plotly.react(plot, data, layout, config);
  for (const svg of plot.querySelectorAll("svg.main-svg")) svg.ariaHidden = "true"; // a table says it
  if (traces.length && !width) connectMap(plot, traces); // paper shows all of it
  figure.dataset.drawn = "yes";
}

async function drawAll() {
  document.head.append(element("script", {}, await unpacked("plotly")));
  for (const figure of figures) {
    await draw(figure);
    await new Promise((done) => setTimeout(done));
  }
  document.body.dataset.drawn = figures.length;
}

// ---- what the reader does

byId("contents").open = !matchMedia("(max-width: 70rem)").matches;
const button = byId("show-code");
button.addEventListener("click", () => {
  const shown = document.body.classList.toggle("with-code");
  button.textContent = shown ? "Hide code" : "Show code";
  button.setAttribute("aria-pressed", shown);
});
const ask = () => { choose(); remember(); };
form.addEventListener("input", ask);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(ask));
byId("save").addEventListener("click", save);
byId("more").addEventListener("click", () => showMore().focus());
addEventListener("hashchange", follow);
addEventListener("beforeprint", () => figures.forEach((f) => draw(f, { night: false, width: PRINT_WIDTH })));
addEventListener("afterprint", () => figures.forEach(async (figure) => {
  await draw(figure);
  Plotly.relayout(figure.querySelector(".plot"), { width: null, autosize: true });
}));
dark.addEventListener("change", () => figures.forEach((figure) => draw(figure)));

if ("DecompressionStream" in window) readPassages().then(() => choose()).then(follow).then(drawAll);
else byId("too-old").hidden = false;

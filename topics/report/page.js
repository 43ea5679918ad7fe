// Shows and filters passages, draws figures. Text of documents enters the page as text nodes only.
const PRINT_WIDTH = 940; // pixels that fit a printed page at the zoom that page.css gives figures there
const NARROW = 460; // pixels of a figure, below which its panels stand in one column
const CELL = 42; // pixels of a column of a heat map, that a share fits in
const PANEL = 170; // pixels of a panel in a column
const ROWS = 10; // of a longer table, shown until all are asked for
const LABEL = 20; // letters of a name that leave room for its bar
const MOVES = [[0, 0], [0, -0.6], [0, 0.6], [-0.5, 0], [0.5, 0], [0, -1.1], [0, 1.1]]; // of a name, in its sizes
const NEAR = 0.7; // of the map's width, below which parts are named
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
let lists = []; // of them that are shown: each element, and its passages
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
  const { source: sources, country: countries, language: languages } = data.groups;
  const documents = data.documents.map(([id, title, date, url, source, country, language, independent]) => ({
    id, title, date, url, independent,
    source: sources[source], country: countries[country], language: languages[language],
  }));
  themes = new Map(data.themes);
  passages = data.passages.map(([place, start, end, text, numbers, strongest], i) => ({
    number: i + 1, from: documents[place], start, end, text, strongest,
    themeIds: numbers.map((theme) => data.themes[theme][0]),
  }));
}

// Small letters without accents, straight quotation marks. Marks that are letters' own, as in
// Japanese or Thai, stay.
const fold = (text) => text.normalize("NFD").toLowerCase().replace(/[\u0300-\u036f]/g, "")
  .normalize("NFC").replace(/[‘’‚‛′´`]/g, "'").replace(/[“”„‟«»″]/g, '"');

function patterns(words) {
  const parts = [...fold(words).matchAll(/"([^"]+)"?|[^\s"]+/g)].map((m) => (m[1] ?? m[0]).trim());
  return parts.filter(Boolean).map((part) =>
    part.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&").replace(/\s+/g, '["\\s]+'));
}

const holds = (wanted, own) => wanted === "none" ? !own.length : own.includes(wanted);
const grouped = (n) => n.toLocaleString("en-GB");

// Whether a passage fits all that is asked for but its themes.
function passes(passage, wanted, tests) {
  const { from, text } = passage;
  return ["source", "country", "language"].every((field) =>
    !wanted.get(field) || holds(wanted.get(field), [from[field] ?? []].flat()))
    && (!wanted.get("from") || from.date >= wanted.get("from"))
    && (!wanted.get("to") || from.date <= wanted.get("to"))
    && tests.every((test) => test.test(passage.folded ??= fold(text)));
}

function choose(unknown = "") {
  const wanted = new FormData(form);
  const words = patterns(wanted.get("q") ?? ""); // a report without texts has no field for them
  const tests = words.map((word) => new RegExp(word, "u"));
  hits = words.length ? new RegExp(words.join("|"), "gu") : null;
  const ticked = wanted.getAll("theme");
  const ofAnyTheme = passages.filter((passage) => passes(passage, wanted, tests));
  found = ofAnyTheme.filter(({ themeIds }) =>
    !ticked.length || ticked.some((theme) => holds(theme, themeIds)));
  tell(wanted, unknown);
  byId("found").replaceChildren();
  lists = ticked.length === 2 ? ticked.map(compared) : [[byId("found"), found]];
  showMore();
  countThemes(ofAnyTheme);
  markPeriods(wanted);
  clearTimeout(dimming);
  if (passages.length < MANY) dim();
  else dimming = setTimeout(dim, 300);
}

function tell(wanted, unknown) {
  const documents = [...new Set(found.map(({ from }) => from))];
  byId("count").textContent = `${grouped(found.length)} of ${grouped(passages.length)} passages, in ${
    grouped(documents.length)} documents (${grouped(documents.filter((d) => d.independent).length)} independent)`;
  const none = wanted.get("to") && wanted.get("from") > wanted.get("to")
    ? "The first day is after the last, so no passage fits."
    : "No passage fits. Leave out a word or a filter.";
  byId("advice").textContent = [unknown, found.length ? "" : none].join(" ").trim();
  byId("advice").hidden = !byId("advice").textContent;
  byId("found").hidden = !found.length;
}

// How many passages each theme has among those that fit all else: what ticking it would show.
function countThemes(among) {
  const labels = [...document.querySelectorAll("#by-theme label")];
  const counts = labels.map((label) => {
    const theme = label.querySelector("input").value;
    return among.filter(({ themeIds }) => holds(theme, themeIds)).length;
  });
  labels.forEach((label, i) => {
    label.querySelector("b").textContent = grouped(counts[i]);
    label.style.setProperty("--found", `${100 * counts[i] / Math.max(...counts, 1)}%`);
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
  const { number, from, start, end, text, themeIds } = passage;
  const about = [from.date, from.source, from.title].filter(Boolean);
  const apart = (parts) => parts.flatMap((part, i) => [i ? " · " : "", element("bdi", {}, part)]);
  const link = { href: from.url, target: "_blank", rel: "noopener noreferrer" };
  return element("blockquote", { tabIndex: -1 },
    text && element("p", { dir: "auto" }, ...marked(text), text.length < end - start ? " …" : ""),
    element("footer", {}, ...apart(about), element("br"),
      "Themes: ", ...apart(themeIds.length ? themeIds.map((theme) => themes.get(theme)) : ["none"]), element("br"),
      element("a", { href: `#p-${number}` }, `passage ${number}`), " · ",
      element("code", {}, element("bdi", {}, from.id), `, characters ${start}–${end}`),
      ...(from.url ? [" · ", element("a", link, "open its web page")] : []), " ",
      element("button", { type: "button", onclick: (event) => copy(event.target, passage) }, "Copy citation")));
}

function citation({ from, start, end, number }) {
  const place = `${from.id}, characters ${start}–${end}`;
  const link = from.url ?? `${location.href.replace(/#.*/, "")}#p-${number}`;
  return [from.source, from.date, from.title && `“${from.title}”`, place, link].filter(Boolean).join(", ");
}

async function copy(button, passage) {
  try {
    await navigator.clipboard.writeText(citation(passage));
    button.textContent = "Copied";
  } catch {
    button.replaceWith(citation(passage)); // to be copied by hand
  }
}

// What a spreadsheet would take for a formula, and is no number, gets an apostrophe, as in sheets
// for labelling.
function cell(value) {
  const given = `${value ?? ""}`;
  const text = isNaN(given) ? given.replace(/(^|[;,\t\r\n])(?=\s*[=+\-@＝＋－＠])/g, "$1'") : given;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function save() {
  const columns = ["document", "date", "source", "title", "themes", "start", "end", "text"];
  const rows = found.map(({ from, themeIds, start, end, text }) =>
    [from.id, from.date, from.source, from.title, themeIds.map((id) => themes.get(id)).join("; "), start, end, text]);
  saveTable([columns, ...rows], "passages");
}

function saveTable(rows, name) {
  const lines = rows.map((row) => `${row.map(cell).join(",")}\r\n`);
  const file = new Blob(["\ufeff", ...lines], { type: "text/csv" }); // so that Excel reads UTF-8
  const link = element("a", { href: URL.createObjectURL(file), download: `${name}.csv` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

const fileName = (text) => text.slice(0, 80).replace(/[^\p{L}\p{N}%.]+/gu, "-").replace(/^[-.]+|[-.]+$/g, "");

// Two themes stand side by side, each under its name.
function compared(theme) {
  const own = found.filter(({ themeIds }) => holds(theme, themeIds));
  const name = themes.get(theme) ?? "no theme";
  const list = element("div");
  byId("found").append(element("section", {}, element("h3", {}, `${name}: ${grouped(own.length)} passages`), list));
  return [list, own];
}

function showMore() {
  const next = lists.flatMap(([list, own]) => {
    const quotes = own.slice(list.childElementCount, list.childElementCount + STEP).map(quoted);
    list.append(...quotes);
    return quotes;
  });
  byId("more").hidden = lists.every(([list, own]) => list.childElementCount >= own.length);
  return next[0];
}

// The address of the page holds what the form asks for.
function remember() {
  const state = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
  history.replaceState(null, "", `#${state.toString() || "explore"}`);
}

function restore(state) {
  const fields = [...form.elements].filter(({ name }) => name);
  for (const field of fields) {
    if (field.type === "checkbox") field.checked = state.getAll(field.name).includes(field.value);
    else field.value = state.get(field.name) ?? "";
    if (field.selectedIndex === -1) field.value = "";
  }
  const known = new FormData(form);
  const told = [...state].filter(([name, value]) => !known.getAll(name).includes(value))
    .map((pair) => pair.join(" ")).join(", ");
  choose(told && `This report does not have: ${told}.`);
  byId(found.length ? "count" : "explore").scrollIntoView();
}

function follow() {
  if (/^#(q|theme|source|country|language|from|to)=/.test(location.hash))
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
  show(Object.assign(quoted(passage), { id: `p-${passage.number}` }), ...wholeDocument(passage));
}

// A document as far as its passages are here; what was left out between them is marked.
function wholeDocument({ from, text }) {
  const own = passages.filter((passage) => passage.from === from);
  if (!text || own.length < 2) return [];
  const paragraphs = own.map(({ number, start, text }, i) => element("p", { dir: "auto" },
    i && start > own[i - 1].end + 2 ? "[…] " : "", text, " ",
    element("a", { href: `#p-${number}` }, `passage ${number}`)));
  const summary = element("summary", {}, `The whole document: ${own.length} passages`);
  return [element("details", {}, summary, ...paragraphs)];
}

function show(quote, ...below) {
  const pinned = byId("pinned");
  pinned.replaceChildren(quote, ...below,
    element("p", {}, element("a", { href: "#explore" }, "Close")));
  pinned.hidden = false;
  quote.focus({ preventScroll: true });
  const { top, bottom } = pinned.getBoundingClientRect();
  if (top < 60 || bottom > innerHeight) pinned.scrollIntoView();
}

// ---- periods

function markPeriods(wanted) {
  const [from, to] = [wanted.get("from") || "0", wanted.get("to") || "9"];
  const all = from === "0" && to === "9";
  for (const bar of document.querySelectorAll("#brush button"))
    bar.ariaPressed = !all && bar.dataset.to >= from && bar.dataset.from <= to;
}

function connectBrush(brush) {
  const bars = [...brush.children];
  let first = null;
  const pick = (...places) => {
    form.elements.from.value = bars[Math.min(...places)].dataset.from;
    form.elements.to.value = bars[Math.max(...places)].dataset.to;
    ask();
  };
  brush.addEventListener("pointerdown", ({ target }) => { first = bars.indexOf(target); });
  brush.addEventListener("pointermove", ({ buttons, clientX, clientY }) => {
    const last = bars.indexOf(document.elementFromPoint(clientX, clientY));
    if (buttons && first >= 0 && last >= 0 && last !== first) pick(first, last);
  });
  brush.addEventListener("click", ({ target }) => {
    if (bars.includes(target)) pick(bars.indexOf(target));
  });
}

// ---- figures

// The map has one trace a strongest theme, those without first, in the order of the passages.
function tracesOfMap() {
  const own = new Map([-1, ...[...themes.keys()].keys()].map((theme) => [theme, []]));
  for (const passage of passages) own.get(passage.strongest).push(passage);
  return [...own.values()].filter(({ length }) => length);
}

function connectMap(plot, traces) {
  if (!map) {
    plot.on("plotly_click", ({ points: [{ curveNumber, pointNumber }] }) => {
      location.hash = `p-${traces[curveNumber][pointNumber].number}`;
    });
    plot.on("plotly_relayout", (change) => { if (!change.annotations) placeNames(plot); });
  }
  map = { plot, traces };
  dim();
}

const pen = document.createElement("canvas").getContext("2d");

function sizeOfName({ text, font }) {
  const lines = text.replace(/<\/?b>/g, "").split("<br>");
  if (pen) pen.font = `bold ${font.size}px ${getComputedStyle(document.body).fontFamily}`;
  const width = Math.max(...lines.map((line) => pen?.measureText(line).width ?? 8 * line.length));
  return { width: width + 6, height: 1.3 * font.size * lines.length + 6 };
}

// The largest theme's name first, each where none before it is in the way; others come as one zooms,
// and then those of parts of themes.
function placeNames(plot) {
  const { xaxis, yaxis } = plot._fullLayout, placed = [];
  const [left, right] = xaxis.range, near = right - left < NEAR * plot.dataset.across;
  const annotations = plot.layout.annotations.map((name) => {
    const { width, height } = sizeOfName(name);
    const x = xaxis.d2p(name.x), y = yaxis.d2p(name.y);
    const inside = x > 0 && y > 0 && x < xaxis._length && y < yaxis._length;
    const within = (place, size, room) => Math.min(Math.max(place, size / 2), room - size / 2);
    const boxes = MOVES.map(([right, down]) => ({ width, height,
      x: within(x + right * width, width, xaxis._length), y: within(y + down * height, height, yaxis._length) }));
    const free = boxes.find((box) => placed.every((other) =>
      Math.abs(box.x - other.x) >= (width + other.width) / 2
      || Math.abs(box.y - other.y) >= (height + other.height) / 2));
    const shown = Boolean(inside && free && (near || name.name !== "part"));
    if (shown) placed.push(free);
    return { ...name, visible: shown,
      xshift: free ? free.x - x : 0, yshift: free ? y - free.y : 0 };
  });
  return Plotly.relayout(plot, { annotations });
}

// Plotly reads some HTML in its texts; these show as they stand.
const plain = (part) => part.replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c]);

function hover({ from, text }) {
  const about = [from.date, from.source, from.title?.slice(0, 80)].filter(Boolean).join(" · ");
  const start = text.slice(0, 240).replace(/\s+/g, " ") + (text.length > 240 ? " …" : "");
  const lines = start.match(/\S.{0,69}(?!\S)|\S{1,70}/gu) ?? []; // some scripts have no blanks
  return [about && `<b>${plain(about)}</b>`, ...lines.map(plain)].filter(Boolean).join("<br>");
}

function dim() {
  if (!map) return;
  const kept = new Set(found), all = found.length === passages.length;
  const indices = (own) => own.flatMap((passage, i) => (kept.has(passage) ? [i] : []));
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

// The picture has the finding above it, and below that the title of the report.
function saveFigure(plot, finding) {
  const { data, layout } = plot;
  const lines = plain(finding).match(new RegExp(`.{1,${Math.floor(layout.width / 9)}}(\\s|$)`, "g"));
  const above = 20 * lines.length + 16;
  const title = { text: `${lines.join("<br>")}<br><sub>${plain(document.title)}</sub>`,
    x: 0, y: 1, yanchor: "top", font: { size: 15 }, pad: { l: 8, t: 20 } };
  const shown = { ...layout, title, height: layout.height + above,
    margin: { ...layout.margin, t: layout.margin.t + above } };
  const { width, height } = shown;
  return Plotly.downloadImage({ data, layout: shown },
    { format: "png", filename: fileName(finding), scale: 2, width, height });
}

// On a phone the panels of a figure stand in one column, and long names are cut.
function narrowed(plot, data, layout, config) {
  config.displayModeBar = false;
  const axes = [...new Set(data.map(({ yaxis }) => (yaxis ?? "y").replace("y", "yaxis")))];
  if (axes.length > 1) stack(layout, axes);
  if (data[0].type === "heatmap") { // its cells still hold their numbers: it is moved sideways in its place
    layout.width = CELL * data[0].x.length + 170;
    plot.tabIndex = 0;
  }
  const long = data.flatMap(({ y }) => (Array.isArray(y) ? y : [])).filter((name) => name?.length > LABEL);
  if (layout.yaxis) layout.yaxis.labelalias =
    Object.fromEntries(long.map((name) => [name, `${name.slice(0, LABEL - 1).replace(/&\w*$/, "")}…`]));
}

function stack(layout, axes) {
  axes.forEach((key, i) => {
    const other = key.replace("y", "x"), top = 1 - i / axes.length;
    layout[key] = { ...layout[key], domain: [top - 0.72 / axes.length, top], showticklabels: true };
    layout[other] = { ...layout[other], domain: [0, 1], showticklabels: true };
    Object.assign(layout.annotations[i], { x: 0, y: top, xanchor: "left" });
  });
  layout.height = PANEL * axes.length;
}

// Marks of themes have the colours that they have in figures.
function recolour(night = dark.matches) {
  for (const mark of document.querySelectorAll(".swatch, .spark")) {
    mark.dataset.light ??= mark.getAttribute("style").match(/#[0-9a-f]{6}/i)[0];
    const colour = night ? turned("", mark.dataset.light) : mark.dataset.light;
    mark.style[mark.matches(".spark") ? "color" : "background"] = colour;
  }
}

async function draw(figure, { night = dark.matches, width } = {}) {
  const plot = figure.querySelector(".plot");
  const drawing = figure.querySelector("script").textContent;
  const { data, layout, config } = JSON.parse(drawing, night ? turned : undefined);
  const isMap = figure.parentElement.id === "explore";
  const traces = isMap ? tracesOfMap() : [];
  traces.forEach((own, i) => { data[i].text = own.map(hover); });
  if (!webgl) for (const trace of data) trace.type = trace.type?.replace(/gl$/, "");
  if (night) layout.paper_bgcolor = layout.plot_bgcolor = DARK_PAPER;
  layout.width = width ?? plot.clientWidth;
  config.modeBarButtonsToAdd = [{ name: "Save as PNG", icon: Plotly.Icons.camera,
    click: () => saveFigure(plot, figure.querySelector("figcaption").textContent) }];
  if (plot.clientWidth < NARROW && !width) narrowed(plot, data, layout, config);
  plot.style.height = `${layout.height}px`;
  await Plotly.react(plot, data, layout, config);
  for (const svg of plot.querySelectorAll("svg.main-svg")) svg.ariaHidden = "true"; // a table says it
  if (isMap) plot.dataset.across ??= layout.xaxis.range[1] - layout.xaxis.range[0];
  if (isMap) placeNames(plot);
  if (isMap && !width) connectMap(plot, traces); // paper shows all of it
  if (!isMap && !figure.dataset.drawn) plot.on("plotly_click", ({ points: [{ customdata }] }) => {
    if (customdata) location.hash = customdata;
  });
  figure.classList.toggle("leads", data.some(({ customdata }) => customdata?.length));
  figure.dataset.drawn = "yes";
}

function redraw() {
  recolour();
  for (const figure of figures) if (figure.dataset.drawn) draw(figure);
}

// Figures are drawn when they come near the window.
async function drawWhenSeen() {
  document.head.append(element("script", {}, await unpacked("plotly")));
  const watch = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) if (isIntersecting) {
      watch.unobserve(target);
      draw(target);
    }
  }, { rootMargin: "800px" });
  for (const figure of figures) watch.observe(figure);
  document.body.dataset.ready = figures.length;
}

// ---- tables

const filled = (cell) => (cell.textContent === "–" ? "" : cell.textContent);
const asNumber = (text) => Number(text.replace(/[,%]| \(.*/g, ""));
const asDay = (text) => (/^(\d+ )?[A-Z][a-z]+ \d{4}$/.test(text) ? Date.parse(text.replace(/^\D/, "1 $&")) : NaN);

// Rows by a column, numbers from the largest and texts from A at first; those without one last.
function sort(heading) {
  const [body] = heading.closest("table").tBodies;
  const text = (row) => filled(row.cells[heading.cellIndex]);
  const rows = [...body.rows].filter(text), without = [...body.rows].filter((row) => !text(row));
  const read = [asNumber, asDay].find((read) => rows.every((row) => !isNaN(read(text(row)))));
  const order = (a, b) => (read ? read(text(a)) - read(text(b)) : text(a).localeCompare(text(b)));
  const down = heading.ariaSort ? heading.ariaSort === "ascending" : Boolean(read);
  body.append(...rows.sort((a, b) => (down ? order(b, a) : order(a, b))), ...without);
  for (const other of heading.parentElement.cells) other.ariaSort = null;
  heading.ariaSort = down ? "descending" : "ascending";
}

function connectTable(table) {
  const button = (onclick, ...children) => element("button", { type: "button", onclick }, ...children);
  const { length } = table.tBodies[0].rows;
  for (const heading of table.tHead.rows[0].cells) {
    const cells = [...table.tBodies[0].rows].map((row) => row.cells[heading.cellIndex]);
    if (cells.some(filled) && cells.every((cell) => !isNaN(asNumber(filled(cell)))))
      for (const cell of [heading, ...cells]) cell.classList.add("n");
    if (length > 1) heading.replaceChildren(button(() => sort(heading), ...heading.childNodes));
  }
  const about = [...document.querySelectorAll("h2, h3, figcaption")]
    .findLast((title) => title.compareDocumentPosition(table) & Node.DOCUMENT_POSITION_FOLLOWING);
  const label = table.matches(".cut") ? "Save these rows as CSV" : "Save as CSV";
  const values = (row) => [...row.cells].map((cell) =>
    filled(cell) || cell.querySelector("[aria-label]")?.ariaLabel);
  table.after(button(() => saveTable([...table.rows].map(values), fileName(about.textContent)), label));
  if (length <= ROWS + 2) return;
  table.classList.add("short");
  const all = button(() => { table.classList.remove("short"); all.remove(); }, `Show all ${grouped(length)} rows`);
  table.parentElement.after(all);
}

// ---- what the reader does

document.querySelectorAll("table.plain").forEach(connectTable);
byId("contents").addEventListener("click", ({ target }) => { if (target.href) byId("contents").open = false; });
const ask = () => { choose(); remember(); };
form.addEventListener("input", ask);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(ask));
byId("save").addEventListener("click", save);
byId("more").addEventListener("click", () => showMore().focus());
addEventListener("hashchange", follow);
if (byId("brush")) connectBrush(byId("brush"));
addEventListener("beforeprint", () => {
  recolour(false);
  figures.forEach((figure) => draw(figure, { night: false, width: PRINT_WIDTH }));
});
addEventListener("afterprint", redraw);
dark.addEventListener("change", redraw);
let width = innerWidth, resizing;
addEventListener("resize", () => {
  clearTimeout(resizing); // a phone's bars change its height while one scrolls
  if (width !== innerWidth) resizing = setTimeout(redraw, 200);
  width = innerWidth;
});
recolour();

if ("DecompressionStream" in window) readPassages().then(() => choose()).then(follow).then(drawWhenSeen);
else byId("too-old").hidden = false;

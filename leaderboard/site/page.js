"use strict";
// The page is whole without this: it sorts, filters, switches what is shown, and tells where a score comes from.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const made = (name, text = "", properties = {}) =>
    Object.assign(document.createElement(name), { textContent: text }, properties);
  const root = document.documentElement;
  const control = Object.fromEntries(
    ["metric", "factor", "architecture", "task", "recipe", "class", "badge"].map((id) => [id, document.getElementById(id)]));
  const lead = data.lead; // columns before the tasks
  let sorted = "";

  async function unpacked(script) {
    const bytes = Uint8Array.from(atob(script.textContent), (c) => c.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  }
  const provenance = unpacked(one("#facts")).then(JSON.parse);

  // theme

  function theme(name) {
    root.dataset.theme = name;
    for (const button of all(".theme button")) button.setAttribute("aria-pressed", button.dataset.theme === name);
    try {
      sessionStorage.setItem("theme", name);
    } catch {
      // storage may be forbidden to pages from disk: then the choice lasts as long as the page
    }
  }
  for (const button of all(".theme button")) button.addEventListener("click", () => theme(button.dataset.theme));
  theme(root.dataset.theme);

  // which sheet, rows and columns are shown

  const key = () => data.sheets[control.metric.selectedIndex * control.factor.length + control.factor.selectedIndex];
  const sheet = () => one(`#scores .sheet[data-sheet="${key()}"]`);

  function show() {
    close();
    for (const part of all(".sheet")) part.classList.toggle("on", part.dataset.sheet === key());
    prepare(sheet());
    filter();
  }

  const recipe = () => data.recipes.indexOf(control.recipe?.value ?? "");

  function filter() {
    const holds = (name, id) => name.toLowerCase().includes(control[id].value.trim().toLowerCase());
    const rows = data.models.map((name, i) =>
      holds(name, "architecture") && (recipe() < 0 || Object.values(data.rows).some((row) => row[recipe()] === i)) && (!control.badge.value || control.badge.value === (data.badges[i] || "our own")));
    const columns = data.tasks.map((name, i) =>
      holds(name, "task") && (!control.class.value || control.class.value === data.classes[i]));
    for (const row of all("#scores tr[data-model]")) row.hidden = !rows[row.dataset.model];
    for (const row of all("#scores .on tr"))
      columns.forEach((shown, i) => { row.cells[i + lead].hidden = !shown; });
    for (const row of all("#solves tr[data-name]")) row.hidden = !holds(row.dataset.name, "architecture");
    for (const part of all("#solves [data-t]")) {
      part.hidden = !columns[part.dataset.t] || (part.dataset.r && recipe() >= 0 && +part.dataset.r !== recipe());
      if (!part.dataset.r) part.colSpan = recipe() < 0 ? data.recipes.length : 1;
    }
    const count = (some, name) => `${some.filter(Boolean).length} of ${some.length} ${name}`;
    const hidden = columns.includes(false) ? "; rank, score and the like are of all tasks" : "";
    one("#count").textContent = `${count(rows, "architectures")}, ${count(columns, "tasks")}${hidden}${sorted}`;
    for (const table of [one(".map"), one("table", sheet())]) rove(table);
    remember();
    compare();
  }

  for (const id of ["metric", "factor"]) control[id].addEventListener("change", () => { sorted = ""; show(); });
  for (const id of ["architecture", "task", "recipe", "class", "badge"]) control[id]?.addEventListener("input", filter);
  one(".controls").addEventListener("submit", (event) => event.preventDefault());
  one(".controls").addEventListener("reset", () => setTimeout(() => { sorted = ""; first(); show(); }));
  addEventListener("hashchange", () => { if (ready && location.hash.startsWith("#?")) { recall(); show(); } });

  // buttons in a table, made when it is first shown

  function prepare(part) {
    if (part.dataset.ready) return;
    part.dataset.ready = "yes";
    const [corner] = all("thead th", part);
    corner.closest(".wide").style.scrollPadding = `${corner.closest("thead").offsetHeight}px 0 0 ${corner.offsetWidth}px`;
    for (const head of all("thead th[scope=col]", part)) {
      const button = made("button", "", { type: "button", className: "sort" });
      button.append(head.firstChild);
      head.prepend(button);
      button.addEventListener("click", () => sort(part, head));
    }
    for (const row of all("tr[data-model]", part)) [...row.cells].slice(lead, lead + data.tasks.length).forEach(wrap);
  }

  function wrap(cell) {
    const button = made("button", "", { type: "button", className: "cell", tabIndex: -1 });
    button.append(...cell.childNodes);
    button.setAttribute("aria-describedby", "details-said");
    if (cell.dataset.m) {
      const [model, task] = place_of(cell);
      button.setAttribute("aria-label", `${button.textContent} solve: ${data.models[model]} on ${data.tasks[task]}`);
    }
    cell.append(button);
  }

  // of a cell the numbers of its row and its task
  const place_of = (cell) => cell.dataset.m ? [+cell.dataset.m, +cell.dataset.t] : [+cell.closest("tr").dataset.model, cell.cellIndex - lead];

  function sort(part, head) {
    const column = head.cellIndex;
    const name = one("button", head).textContent.trim();
    const upward = ["architecture", "rank", "optimality gap", "parameters", "evaluations", "failed", "missing"].includes(name);
    const before = head.getAttribute("aria-sort");
    const order = before ? (before === "ascending" ? "descending" : "ascending") : upward ? "ascending" : "descending";
    for (const other of all("[aria-sort]", part)) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    const value = (row) => column ? parseFloat(row.cells[column].dataset.v ?? row.cells[column].textContent) : +row.dataset.model;
    const rows = all("tr[data-model]", part).sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      return isNaN(x) || isNaN(y) ? isNaN(x) - isNaN(y) : sign * (x - y);
    });
    one("tbody", part).append(...rows);
    sorted = `; sorted by ${name}, ${order}`;
    filter();
  }

  // arrow keys: one cell of a table is a tab stop

  const cells = (table) => all("tbody tr:not([hidden])", table)
    .map((row) => all("td:not([hidden]) > .cell", row)).filter((row) => row.length);

  function rove(table, chosen) {
    const grid = cells(table);
    const now = chosen ?? grid.flat().find((cell) => cell.tabIndex === 0) ?? grid[0]?.[0];
    for (const cell of all(".cell", table)) cell.tabIndex = cell === now ? 0 : -1;
  }

  one("main").addEventListener("keydown", (event) => {
    const cell = event.target.closest(".cell");
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], Home: [0, -1e6], End: [0, 1e6] };
    const step = steps[event.key];
    if (!cell || !step || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const table = cell.closest("table");
    const grid = cells(table);
    const row = grid.findIndex((some) => some.includes(cell));
    const within = (i, some) => Math.max(0, Math.min(some.length - 1, i));
    const next = grid[within(row + step[0], grid)];
    const target = next[within(grid[row].indexOf(cell) + step[1], next)];
    rove(table, target);
    target.focus();
  });

  // details of a cell

  const details = one("#details");
  let told = null;
  let held = null; // the cell that the keyboard or a click chose: its details come back when the mouse has looked elsewhere
  let dismissed = null;
  let leaving = 0;
  const fixed = (x) => x === null ? "unknown" : x.toFixed(3);

  function facts(known, model, task) {
    const { cells, notes: texts } = known.sheets[key()];
    const [normalised, shortcut, reference, failed, missing, ...notes] = cells[model][task];
    const [fits, solved, settles, ofFits, ofSolved, ofSettles, runs] = known.passed[model][task];
    const count = (some, of) => of ? `${some} of ${of} runs` : "not known";
    const out = [
      ["normalised", normalised === null ? `no scale: shortcut ${fixed(shortcut)}, reference ${fixed(reference)}`
        : `${fixed(normalised)}, from the shortcut ${fixed(shortcut)} to the reference ${fixed(reference)}`],
      ["solves", count(solved, ofSolved)], ["fits", count(fits, ofFits)], ["settles", count(settles, ofSettles)],
      ["runs", `${runs}, ${failed} failed, ${missing} missing`],
      ...notes.map((note) => ["note", texts[note]]),
    ];
    for (const [origin, seeds, records, weights, failures] of known.runs[model][task]) {
      const [code, commit, versions, recipe] = known.origins[origin];
      out.push(["seeds", seeds], ["records", records], ["failures", failures], ["code", code], ["commit", commit],
        ["versions", versions], ["training", recipe], ["weights, sha256", weights]);
    }
    return out.filter(([, text]) => text);
  }

  async function open(cell) {
    clearTimeout(leaving);
    if (told === cell) return;
    told = cell;
    const known = await provenance;
    if (told !== cell) return;
    const [model, task] = place_of(cell);
    one("h2", details).textContent = `${data.models[model]} on ${data.tasks[task]}`;
    const score = all("b, small", cell).map((part) => part.innerText).join(" ").replace("\n", ", ");
    const said = [...(score ? [["score", score]] : []), ...facts(known, model, task)];
    one("#details-said").textContent =
      [data.classes[task], ...said.filter(([name]) => ["normalised", "solves", "note"].includes(name)).map(([name, text]) => name === "solves" ? `solves: ${text}` : text)].join(". ");
    one("dl", details).replaceChildren(...said.flatMap(([name, text]) => [made("dt", name), made("dd", text)]));
    one(".curves", details).replaceChildren(...curves(known, model, task));
    details.hidden = false;
    place();
  }

  function place() {
    const [at, size] = [told.getBoundingClientRect(), details.getBoundingClientRect()];
    const below = at.bottom + size.height + 8 < innerHeight || at.top < size.height + 8;
    details.style.left = `${Math.max(8, Math.min(at.left, root.clientWidth - size.width - 8))}px`;
    details.style.top = `${Math.max(8, Math.min(below ? at.bottom + 4 : at.top - size.height - 4, innerHeight - size.height - 8))}px`;
  }

  function close() {
    if (!told) return;
    const from = told;
    told = null;
    if (details.contains(focused())) one("button", from).focus(); // which opens them again
    details.hidden = true;
    told = held = null;
  }

  const focused = () => document.activeElement;
  const leave = () => {
    clearTimeout(leaving);
    leaving = setTimeout(() => {
      if (details.contains(focused())) return;
      if (held?.contains(focused())) open(held);
      else close();
    }, 200);
  };
  const asked = (event) => event.target.closest?.("td:has(> .cell)");
  const scores = one("main");
  scores.addEventListener("pointermove", (event) => { // not as it comes over a cell: keys that scroll bring cells under it
    if (event.pointerType === "mouse" && asked(event) && asked(event) !== dismissed) open(asked(event));
  });
  scores.addEventListener("pointerout", (event) => {
    if (!asked(event) || event.pointerType !== "mouse") return;
    if (!asked(event).contains(event.relatedTarget)) dismissed = null;
    leave();
  });
  scores.addEventListener("focusin", (event) => {
    if (!asked(event)) return;
    rove(event.target.closest("table"), event.target);
    if (event.target.matches(":focus-visible")) open(held = asked(event));
  });
  scores.addEventListener("click", (event) => {
    if (!asked(event)) return;
    open(held = asked(event)).then(() => details.focus({ preventScroll: true }));
  });
  for (const part of [scores, details])
    part.addEventListener("focusout", (event) => { if (!details.contains(event.relatedTarget)) leave(); });
  details.addEventListener("pointerenter", () => clearTimeout(leaving));
  details.addEventListener("pointerleave", leave);
  one("button", details).addEventListener("click", close);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    dismissed = told; // the mouse may still be there: it has to leave before the details open again
    close();
  });
  addEventListener("scroll", (event) => { if (told && event.target !== details) place(); }, { capture: true, passive: true });

  // curves of the runs of a cell

  const drawing = (name, attributes) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    return node;
  };

  // lines: [class, points]; x and y on scales that `low` and `high` bound, logarithmic if they say so
  function plot(title, lines, x, y) {
    const shown = lines.map(([kind, points]) => [kind, points.filter(([a, b]) => a !== null && b !== null && (!x.log || a > 0) && (!y.log || b > 0))]);
    const every = shown.flatMap(([, points]) => points);
    if (!every.length) return [];
    const scale = ({ log, low, high }, values, from, to) => {
      const f = log ? Math.log : (v) => v;
      const [a, b] = [low ?? Math.min(...values), high ?? Math.max(...values)];
      return [(v) => from + (to - from) * (b === a ? .5 : (f(v) - f(a)) / (f(b) - f(a))), a, b];
    };
    const [X, left, right] = scale(x, every.map(([v]) => v), 26, 170);
    const [Y, bottom, top] = scale(y, every.map(([, v]) => v), 84, 8);
    const svg = drawing("svg", { viewBox: "0 0 176 100", role: "img", "aria-label": title });
    svg.append(drawing("path", { class: "axis", d: "M26 8V84H170" }));
    const told = (v) => Math.abs(v) >= 1e4 || (v && Math.abs(v) < .001) ? v.toExponential(0) : +v.toPrecision(3);
    for (const [text, px, py, anchor] of [[told(top), 23, 12, "end"], [told(bottom), 23, 84, "end"], [told(left), 26, 95, "middle"], [told(right), 168, 95, "middle"]]) {
      svg.append(Object.assign(drawing("text", { x: px, y: py, "text-anchor": anchor }), { textContent: text }));
    }
    for (const [kind, points] of shown)
      svg.append(drawing("path", { class: kind, d: points.map(([a, b], i) => `${i ? "L" : "M"}${X(a).toFixed(1)} ${Y(b).toFixed(1)}`).join("") }));
    const figure = made("figure");
    figure.append(svg, made("figcaption", title));
    return [figure];
  }

  // a space-time picture: cells to the right, layers downward, filled where the cell is right
  function picture(title, { cells, rows }, digits) {
    if (!digits) return [];
    const right = (i) => parseInt(digits[i >> 2], 16) >> (3 - (i & 3)) & 1;
    const svg = drawing("svg", { viewBox: `-.5 -.5 ${cells + 1} ${rows + 1}`, role: "img", "aria-label": title, class: "bits" });
    const filled = Array.from({ length: rows * cells }, (_, i) => i).filter(right);
    svg.append(drawing("rect", { width: cells, height: rows }));
    svg.append(drawing("path", { d: filled.map((i) => `M${i % cells} ${Math.floor(i / cells)}h1v1h-1z`).join("") }));
    const figure = made("figure");
    figure.append(svg, made("figcaption", title));
    return [figure];
  }

  function curves(known, model, task) {
    const runs = known.curves[model][task];
    if (!runs.length) return [];
    const drawn = known.pictures[model][task];
    const { lengths, depths, shortcut, reference, curve } = known.scales[task];
    const zip = (xs, ys) => xs.map((x, i) => [x, ys[i] ?? null]);
    const unit = control.metric.value;
    const each = (name, xs) => runs.filter((run) => run[name]).map((run) => ["run", zip(xs, run[name])]);
    const share = { low: 0, high: 1 };
    return [
      ...plot(`${unit === "word" ? "words" : "symbols"} right, by length, at the depth of each`,
        [["known", zip(lengths, reference[unit])], ["low", zip(lengths, shortcut[unit])], ...each(unit, lengths)], { log: true }, share),
      ...plot("answers at N that stand, by depth", each("stands", depths), { log: true }, share),
      ...plot("length of the solution curve, by n", [["known", zip(lengths, curve[model] ?? [])], ...each("curve", lengths)], { log: true }, { log: true }),
      ...plot("training loss, by step", runs.filter((run) => run.loss).map((run) => ["run", run.loss]), {}, { log: true }),
      ...(drawn ? picture(`seed ${drawn.seed}, trained: which of ${drawn.cells} cells are right, layer by layer to ${drawn.layers}`, drawn, drawn.trained) : []),
      ...(drawn ? picture("reference weights on the same word", drawn, drawn.reference) : []),
    ];
  }

  // two rows, paired over tasks and seeds

  async function compare() {
    if (!one("#compare")) return;
    const known = await provenance;
    const [first, second] = ["first", "second"].map((id) => +document.getElementById(id).value);
    const [unit, at] = [control.metric.value, control.factor.selectedIndex];
    const names = [data.models[first], data.models[second]];
    const head = made("tr");
    head.append(...["task", `${names[0]}: solve`, `${names[1]}: solve`, `${names[0]}: ${unit}s right`, `${names[1]}: ${unit}s right`, "pairs", "first better", "second better"].map((text) => made("th", text, { scope: "col" })));
    const total = [0, 0, 0];
    const rows = data.tasks.map((task, t) => {
      const [ours, theirs] = [first, second].map((row) => new Map(known.curves[row][t].filter((run) => run[unit]).map((run) => [run.seed, run[unit][at]])));
      const both = [...ours.keys()].filter((seed) => theirs.has(seed) && ours.get(seed) !== null && theirs.get(seed) !== null);
      const mean = (of) => both.length ? (both.reduce((sum, seed) => sum + of.get(seed), 0) / both.length).toFixed(3) : "–";
      const better = [both.filter((seed) => ours.get(seed) > theirs.get(seed)).length, both.filter((seed) => ours.get(seed) < theirs.get(seed)).length];
      [both.length, ...better].forEach((n, i) => { total[i] += n; });
      const solve = (row) => { const [, some, , , of] = known.passed[row][t]; return of ? `${some} of ${of}` : "–"; };
      const row = made("tr");
      row.append(made("th", task, { scope: "row" }), ...[solve(first), solve(second), mean(ours), mean(theirs), both.length, ...better].map((text) => made("td", text)));
      return row;
    });
    one("#compare thead").replaceChildren(head);
    one("#compare tbody").replaceChildren(...rows);
    const told = known.tests.find(([a, b]) => (a === first && b === second) || (a === second && b === first));
    const chance = (p) => p < .001 ? "below .001" : p.toFixed(3);
    one("#compared").textContent = first === second ? "Choose two rows." :
      `Of ${total[0]} pairs of runs ${names[0]} is better in ${total[1]}, ${names[1]} in ${total[2]}.` +
      (told ? ` At ${data.factors[data.first]} × the training length, per symbol: Wilcoxon's signed-rank test, p ${chance(told[2])}, and ${chance(told[3])} by Holm for all pairs of rows.` : "");
  }

  // a state of the page is its address

  const state = { ...control, first: document.getElementById("first"), second: document.getElementById("second") };
  const usual = {};
  let ready = false; // the lengths that an address may name have been unpacked
  function remember() {
    if (!ready) return;
    const said = Object.entries(state).filter(([id, part]) => part && part.value !== usual[id]).map(([id, part]) => [id, part.value]);
    const hash = said.length ? `#?${new URLSearchParams(said)}` : location.hash.startsWith("#?") ? "#" : null;
    if (hash !== null) history.replaceState(null, "", hash);
  }
  function recall() {
    if (!location.hash.startsWith("#?")) return;
    for (const [id, value] of new URLSearchParams(location.hash.slice(2))) if (state[id]) state[id].value = value;
    for (const part of Object.values(state)) if (part?.tagName === "SELECT" && part.selectedIndex < 0) part.selectedIndex = 0;
  }
  for (const id of ["first", "second"]) state[id]?.addEventListener("input", () => { compare(); remember(); });

  // what is shown, as CSV

  one("#csv").addEventListener("click", () => {
    const quoted = (text) => `"${(/^[=+\-@\t\n]/.test(text) ? "'" : "") + text.replaceAll('"', '""')}"`;
    const lines = all("tr:not([hidden])", one("table", sheet()))
      .map((row) => [...row.cells].filter((cell) => !cell.hidden).map((cell) => quoted((one("b, .sort", cell) ?? cell.firstChild ?? cell).textContent.trim())).join(","));
    const link = made("a", "", { href: URL.createObjectURL(new Blob([`${lines.join("\n")}\n`], { type: "text/csv" })), download: `realizable-${key()}.csv` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });

  // links into panels open them

  function reveal(id) {
    const target = document.getElementById(id);
    const panel = target?.closest("details");
    if (!panel) return;
    panel.open = true;
    target.scrollIntoView();
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (link) setTimeout(() => reveal(link.hash.slice(1)));
  });
  addEventListener("hashchange", () => reveal(location.hash.slice(1)));
  addEventListener("beforeprint", () => all("#tasks > details, #models > details").forEach((panel) => { panel.open = true; }));

  // other lengths come packed, and so does what is large: each part belongs into the element that it names

  async function unfold() {
    for (const script of all("script.packed"))
      for (const part of new DOMParser().parseFromString(await unpacked(script), "text/html").body.children)
        document.getElementById(part.dataset.part).append(...part.children);
  }

  const first = () => { control.factor.selectedIndex = data.first; if (state.second) [state.first.value, state.second.value] = [0, 1]; };
  for (const row of all(".map tr[data-name]"))
    [...row.cells].slice(1).forEach((cell, i) => {
      const [t, r] = [Math.floor(i / data.recipes.length), i % data.recipes.length];
      Object.assign(cell.dataset, { t, r });
      if (!cell.textContent) return;
      cell.dataset.m = data.rows[row.dataset.name][r];
      wrap(cell);
    });
  first();
  for (const [id, part] of Object.entries(state)) if (part) usual[id] = part.value;
  show();
  for (const id of ["metric", "factor"]) control[id].disabled = true;
  unfold().then(() => { for (const id of ["metric", "factor"]) control[id].disabled = false; ready = true; recall(); show(); });
  reveal(location.hash.slice(1));
})();

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
    ["metric", "factor", "architecture", "task", "class", "badge"].map((id) => [id, document.getElementById(id)]));
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

  function filter() {
    const holds = (name, id) => name.toLowerCase().includes(control[id].value.trim().toLowerCase());
    const rows = data.models.map((name, i) =>
      holds(name, "architecture") && (!control.badge.value || control.badge.value === (data.badges[i] || "our own")));
    const columns = data.tasks.map((name, i) =>
      holds(name, "task") && (!control.class.value || control.class.value === data.classes[i]));
    for (const row of all("#scores tr[data-model]")) row.hidden = !rows[row.dataset.model];
    for (const row of all("#scores .on tr"))
      columns.forEach((shown, i) => { row.cells[i + lead].hidden = !shown; });
    const count = (some, name) => `${some.filter(Boolean).length} of ${some.length} ${name}`;
    const hidden = columns.includes(false) ? "; rank, score and the like are of all tasks" : "";
    one("#count").textContent = `${count(rows, "architectures")}, ${count(columns, "tasks")}${hidden}${sorted}`;
    rove();
  }

  for (const id of ["metric", "factor"]) control[id].addEventListener("change", () => { sorted = ""; show(); });
  for (const id of ["architecture", "task", "class", "badge"]) control[id].addEventListener("input", filter);
  one(".controls").addEventListener("submit", (event) => event.preventDefault());
  one(".controls").addEventListener("reset", () => setTimeout(() => { sorted = ""; first(); show(); }));

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
    for (const row of all("tr[data-model]", part))
      for (const cell of [...row.cells].slice(lead, lead + data.tasks.length)) {
        const button = made("button", "", { type: "button", className: "cell", tabIndex: -1 });
        button.append(...cell.childNodes);
        button.setAttribute("aria-describedby", "details-said");
        cell.append(button);
      }
  }

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

  // arrow keys: one cell of the table is a tab stop

  const cells = () => all("tr[data-model]:not([hidden])", sheet())
    .map((row) => all("td:not([hidden]) > .cell", row)).filter((row) => row.length);

  function rove(chosen) {
    const grid = cells();
    const now = chosen ?? grid.flat().find((cell) => cell.tabIndex === 0) ?? grid[0]?.[0];
    for (const cell of all(".cell", sheet())) cell.tabIndex = cell === now ? 0 : -1;
  }

  one("#scores").addEventListener("keydown", (event) => {
    const cell = event.target.closest(".cell");
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], Home: [0, -1e6], End: [0, 1e6] };
    const step = steps[event.key];
    if (!cell || !step || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const grid = cells();
    const row = grid.findIndex((some) => some.includes(cell));
    const within = (i, some) => Math.max(0, Math.min(some.length - 1, i));
    const next = grid[within(row + step[0], grid)];
    const target = next[within(grid[row].indexOf(cell) + step[1], next)];
    rove(target);
    target.focus();
  });

  // details of a cell

  const details = one("#details");
  let told = null;
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
    const model = +cell.closest("tr").dataset.model;
    const task = cell.cellIndex - lead;
    one("h2", details).textContent = `${data.models[model]} on ${data.tasks[task]}`;
    const said = [["score", all("b, small", cell).map((part) => part.innerText).join(" ").replace("\n", ", ")], ...facts(known, model, task)];
    one("#details-said").textContent =
      [data.classes[task], ...said.filter(([name]) => ["normalised", "solves", "note"].includes(name)).map(([name, text]) => name === "solves" ? `solves: ${text}` : text)].join(". ");
    one("dl", details).replaceChildren(...said.flatMap(([name, text]) => [made("dt", name), made("dd", text)]));
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
    if (details.contains(focused())) one("button", from).focus();
    details.hidden = true;
    told = null;
  }

  const focused = () => document.activeElement;
  const leave = () => { // a cell that holds the focus keeps its details, wherever the mouse is
    clearTimeout(leaving);
    leaving = setTimeout(() => { if (!details.contains(focused()) && !told?.contains(focused())) close(); }, 200);
  };
  const asked = (event) => event.target.closest?.("td:has(> .cell)");
  const scores = one("#scores");
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
    rove(event.target);
    if (event.target.matches(":focus-visible")) open(asked(event));
  });
  scores.addEventListener("click", (event) => {
    if (!asked(event)) return;
    open(asked(event)).then(() => details.focus({ preventScroll: true }));
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

  const first = () => { control.factor.selectedIndex = data.first; };
  first();
  show();
  for (const id of ["metric", "factor"]) control[id].disabled = true;
  unfold().then(() => { for (const id of ["metric", "factor"]) control[id].disabled = false; });
  reveal(location.hash.slice(1));
})();

"use strict";
// Everything that somebody typed goes into the page as text, never as markup.

const PAUSE = 2000; // milliseconds between two questions to the server
const MANY = 3; // attempts without passing that are marked; see TRIES in room.py
const HEARD = 300; // seconds in which a learner counts as here

const at = (id) => document.getElementById(id);
const state = {
  key: "", room: "", version: 0, now: 0, columns: [], learners: new Map(), order: [], stuck: [],
  totals: [], answers: [], cells: new Map(), shown: "",
};
const shows = { names: true, answers: false, all: false };

function made(tag, text, attributes = {}) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// The key comes behind the link's # and leaves the address at once: a projector shows that.
function takeKey() {
  const given = location.hash.slice(1);
  if (given) {
    sessionStorage.setItem("key", given);
    history.replaceState(null, "", location.pathname);
  }
  state.key = sessionStorage.getItem("key") || "";
}

function ask(path) {
  return fetch(path, { headers: { Authorization: `Bearer ${state.key}` }, cache: "no-store" });
}

async function refresh() {
  try {
    const answer = await ask(`view?room=${state.room}&since=${state.version}`);
    if (!answer.ok) throw new Error((await answer.json()).error);
    take(await answer.json());
  } catch (error) {
    const away = error instanceof TypeError;
    say(at("problem"), away ? "The class does not answer. What is shown may be old." : error.message);
  }
  setTimeout(refresh, PAUSE);
}

function take(view) {
  if (view.fresh) {
    state.columns = view.columns;
    state.learners.clear();
    state.cells.clear();
    at("rows").replaceChildren();
    state.shown = "";
  }
  Object.assign(state, {
    room: view.room, version: view.version, now: view.now, order: view.order, stuck: view.stuck,
    totals: view.totals, answers: view.answers,
  });
  for (const row of view.gone) {
    state.learners.delete(row);
    state.cells.get(row)?.line.remove();
    state.cells.delete(row);
  }
  for (const learner of view.learners) {
    state.learners.set(learner.row, learner);
    learner.changed = true;
  }
  say(at("title"), view.title);
  document.title = view.title;
  showJoin(view.join);
  say(at("problem"), view.said);
  show();
}

function showJoin(join) {
  const place = at("join");
  if (join && !place.firstChild) place.append("To join: ", made("code", join));
}

function visible() {
  return state.columns.flatMap((column, place) =>
    shows.all || labIsTouched(column.lab) ? [place] : []);
}

function labIsTouched(lab) {
  const labs = new Set(state.columns.map((column) => column.lab));
  return labs.size <= 3 ||
    state.columns.some((column, place) =>
      column.lab === lab && (state.totals[place][0] > 0 || state.totals[place][2] > 0));
}

function show() {
  const columns = visible();
  const wanted = JSON.stringify([columns, shows]);
  if (wanted !== state.shown) {
    showHead(columns);
    for (const learner of state.learners.values()) learner.changed = true;
    state.shown = wanted;
  }
  showSums(columns);
  showRows(columns);
  showWords();
  showBars();
}

function short(column) {
  return column.name.replace("quiz", "q");
}

function long(column) {
  return column.name.replace("quiz", "question ").replace("ex", "exercise ");
}

function showHead(columns) {
  const labs = made("tr"), names = made("tr");
  labs.append(made("th", "Learner", { scope: "col", rowspan: 2 }));
  labs.append(made("th", "heard", { scope: "col", rowspan: 2 }));
  const widths = new Map();
  for (const place of columns) {
    const column = state.columns[place];
    widths.set(column.lab, (widths.get(column.lab) || 0) + 1);
    const head = made("th", undefined, { scope: "col", title: column.text });
    head.append(made("span", short(column), { "aria-hidden": "true" }));
    head.append(made("span", long(column), { class: "hidden" }));
    names.append(head);
  }
  for (const [lab, width] of widths) {
    labs.append(made("th", lab, { scope: "colgroup", colspan: width }));
  }
  at("head").replaceChildren(labs, names);
}

function showSums(columns) {
  const line = made("tr");
  line.append(made("th", "Passed", { scope: "row" }), made("td", ""));
  for (const place of columns) {
    const [tried, passed] = state.totals[place];
    const question = state.columns[place].options.length > 0;
    const cell = made("td");
    if (tried && question && !shows.answers) cell.append(both(`${tried}`, `${tried} answered`));
    else if (tried) cell.append(both(`${passed}/${tried}`, `${passed} of ${tried} passed`));
    line.append(cell);
  }
  if (!at("sums").firstChild?.isEqualNode(line)) at("sums").replaceChildren(line);
}

// What is seen, and what a screen reader says in its place.
function both(seen, said) {
  const part = document.createDocumentFragment();
  part.append(made("span", seen, { "aria-hidden": "true" }), made("span", said, { class: "hidden" }));
  return part;
}

function nameOf(learner) {
  return shows.names ? learner.name : learner.pseudonym;
}

function showRows(columns) {
  const stuck = new Map(state.stuck.map(([row, place, tries]) => [row, [place, tries]]));
  const body = at("rows");
  state.order.forEach((row, number) => {
    const learner = state.learners.get(row);
    if (!learner) return;
    let kept = state.cells.get(row);
    if (!kept) {
      kept = { line: made("tr") };
      state.cells.set(row, kept);
    }
    if (learner.changed) {
      fill(kept, learner, columns);
      learner.changed = false;
    }
    kept.line.classList.toggle("stuck", stuck.has(row));
    say(kept.seen, ago(state.now - learner.seen));
    if (body.children[number] !== kept.line) body.insertBefore(kept.line, body.children[number] || null);
  });
}

function fill(kept, learner, columns) {
  const head = made("th", undefined, { scope: "row" });
  head.append(made("bdi", nameOf(learner)));
  kept.seen = made("td", "", { class: "seen" });
  kept.line.replaceChildren(head, kept.seen);
  for (const place of columns) {
    kept.line.append(cellOf(learner.cells[place], state.columns[place]));
  }
}

function cellOf(figures, column) {
  const cell = made("td");
  if (!figures) return cell;
  const [attempts, hints, passed, choice, later] = figures;
  const times = attempts === 1 ? "1 attempt" : `${attempts} attempts`;
  if (column.options.length) {
    if (!choice) return cell;
    const told = shows.answers;
    const mark = !told ? "" : passed ? " ✓" : " ✗";
    const words = !told ? "" : passed ? ", right" : later ? ", wrong, right later" : ", wrong";
    cell.className = !told ? "chosen" : passed ? "passed" : "tried";
    cell.append(both(choice + mark, `chose ${choice}${words}`));
    return cell;
  }
  const help = hints ? ` ?${hints}` : "";
  const helped = hints ? `, ${hints} ${hints === 1 ? "hint" : "hints"} read` : "";
  if (passed) {
    cell.className = "passed";
    cell.append(both(`✓${attempts > 1 ? attempts : ""}${help}`, `passed, ${times}${helped}`));
  } else if (attempts) {
    cell.className = attempts >= MANY ? "many" : "tried";
    cell.append(both(`${attempts}${help}`, `not passed, ${times}${helped}`));
  } else {
    cell.append(both(help.trim(), `not tried${helped}`));
  }
  return cell;
}

function ago(seconds) {
  const minutes = Math.floor(Math.max(0, seconds) / 60);
  if (minutes < 1) return "now";
  if (minutes < 60) return `${minutes} min`;
  return minutes < 1440 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1440)} d`;
}

function showWords() {
  const all = [...state.learners.values()];
  const heard = all.filter((learner) => state.now - learner.seen < HEARD).length;
  const learners = all.length === 1 ? "1 learner" : `${all.length} learners`;
  say(at("summary"), all.length
    ? `${learners}, ${heard} heard from in the last five minutes.` : "Nobody has joined yet.");
  const stuck = state.stuck.map(([row, place, tries]) => {
    const column = state.columns[place], learner = state.learners.get(row);
    return `${learner ? nameOf(learner) : ""} (${column.lab} ${long(column)}, ${tries} attempts)`;
  });
  const more = stuck.length > 5 ? ` and ${stuck.length - 5} more` : "";
  say(at("stuck"), stuck.length ? `Stuck: ${stuck.slice(0, 5).join("; ")}${more}.` : "");
}

function showBars() {
  const bars = at("bars");
  state.columns.forEach((column, place) => {
    if (!column.options.length) return;
    const counts = state.answers[place], sum = counts.reduce((a, b) => a + b, 0);
    const id = `bar-${place}`, old = at(id);
    if (!sum) {
      old?.remove();
      return;
    }
    const wanted = JSON.stringify([counts, shows.answers, column.text]);
    if (old && old.dataset.shown === wanted) return;
    const chart = chartOf(column, counts, sum, old?.querySelector("details")?.open);
    chart.id = id;
    chart.dataset.shown = wanted;
    const next = [...bars.children].find((other) => Number(other.id.slice(4)) > place);
    if (old) old.replaceWith(chart);
    else bars.insertBefore(chart, next || null);
  });
  at("no-bars").hidden = bars.children.length > 0;
}

function chartOf(column, counts, sum, open) {
  const chart = made("article"), list = made("ul");
  chart.append(made("h3", `${column.lab}, ${long(column)}: ${sum} answered`));
  const details = made("details");
  details.open = Boolean(open);
  details.append(made("summary", "The question"), made("p", column.text));
  column.options.forEach(([letter, text, right], place) => {
    const mark = shows.answers && right ? " ✓" : "";
    const line = made("li"), track = made("div", undefined, { class: "track", "aria-hidden": "true" });
    const bar = made("div", undefined, { class: "bar" });
    bar.style.width = `${(100 * counts[place]) / sum}%`;
    track.append(bar);
    const share = Math.round((100 * counts[place]) / sum);
    line.append(made("span", letter + mark), track, made("span", `${counts[place]} (${share} %)`));
    list.append(line);
    details.append(made("p", `${letter}) ${text}${mark ? " (right)" : ""}`));
  });
  chart.append(list, details);
  return chart;
}

async function save() {
  const answer = await ask(`class.csv?names=${shows.names ? 1 : 0}`);
  if (!answer.ok) return;
  const link = made("a", "", { href: URL.createObjectURL(await answer.blob()), download: "class.csv" });
  link.click();
  URL.revokeObjectURL(link.href);
}

for (const name of Object.keys(shows)) {
  const kept = localStorage.getItem(`shows-${name}`);
  if (kept !== null) shows[name] = kept === "true";
  at(name).setAttribute("aria-checked", String(shows[name]));
  at(name).addEventListener("click", () => {
    shows[name] = !shows[name];
    localStorage.setItem(`shows-${name}`, String(shows[name]));
    at(name).setAttribute("aria-checked", String(shows[name]));
    show();
  });
}
at("save").addEventListener("click", save);
takeKey();
refresh();

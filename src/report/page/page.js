"use strict";
// Draws the figures of the page with Plotly. The data are in the element `data`; their form is `report::figure`.
(() => {
  const { figures, looks, sliders } = JSON.parse(document.getElementById("data").textContent);
  const MARKERS = ["circle", "square", "triangle-up", "diamond", "triangle-down", "star"];
  const ROWS_MAX = 200;
  const hidden = new Set(); // numbers of columns that are not shown
  let chosen = sliders ? sliders.chosen : null; // number of the point of the sweep that is shown
  const state = new Map(); // by element: { view, log: { x, y }, drawn }

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const plotlyDash = (dashes) => (dashes === "" ? "solid" : dashes.split(" ").map((n) => n + "px").join(","));
  // A column of the comparison is its number, what is true is a name.
  const look = (series) =>
    typeof series === "string" ? { name: series, colour: css("--text"), dashes: "", marker: 0 } : looks[series];
  const isShown = (series) => !hidden.has(series);
  const exact = (value) => value.toLocaleString("en", { maximumSignificantDigits: 6 });
  // Plotly reads names as markup: as text they show as themselves.
  const text = (name) => name.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const positive = (axis, values) => (axis ? values.map((value) => (value !== null && value > 0 ? value : null)) : values);

  function lines(figure, marks, log) {
    return marks.map(([series, x, y, isStep]) => {
      const { name, colour, dashes } = look(series);
      return {
        type: "scatter", mode: "lines", name: text(name), visible: isShown(series),
        x: positive(log.x, figure.columns[x]), y: positive(log.y, figure.columns[y]),
        line: { color: colour, dash: plotlyDash(dashes), width: 2, shape: isStep ? "hv" : "linear" },
        hovertemplate: "%{y:,.6~r}",
      };
    });
  }

  function dots(figure, marks, log) {
    const rows = marks.categories.length;
    return marks.series.map((row, at) => {
      const { name, colour, marker } = look(row.series);
      const offset = 0.8 * ((at + 1) / (marks.series.length + 1) - 0.5);
      return {
        type: "scatter", mode: "markers", name: text(name), visible: isShown(row.series),
        x: positive(log.x, row.values), y: marks.categories.map((_, number) => rows - number - offset),
        customdata: marks.categories.map(text),
        error_x: { type: "data", array: row.half_widths, visible: row.half_widths.some((width) => width !== null), color: colour },
        marker: { color: colour, symbol: MARKERS[marker], size: 10 },
        hovertemplate: "%{customdata}: %{x:,.6~r}<extra>" + text(name) + "</extra>",
      };
    });
  }

  function points(figure, marks) {
    const byName = new Map();
    for (const point of marks.points) {
      const { name } = look(point.series);
      if (!byName.has(name)) byName.set(name, []);
      byName.get(name).push(point);
    }
    const front = {
      type: "scatter", mode: "lines", name: "nothing better", hoverinfo: "skip",
      x: marks.front.map((corner) => corner[0]), y: marks.front.map((corner) => corner[1]),
      line: { color: css("--text"), dash: "4px,3px", width: 1 },
    };
    const traces = [...byName.values()].map((own) => {
      const { name, colour, marker } = look(own[0].series);
      const bars = (values) => ({ type: "data", array: values, visible: values.some((width) => width !== null), color: colour });
      return {
        type: "scatter", mode: "markers", name: text(name), visible: isShown(own[0].series),
        x: own.map((point) => point.x), y: own.map((point) => point.y), customdata: own.map((point) => text(point.name)),
        error_x: bars(own.map((point) => point.x_half_width)), error_y: bars(own.map((point) => point.y_half_width)),
        marker: { color: colour, symbol: MARKERS[marker], size: 11 },
        hovertemplate: "%{customdata}<br>%{x:,.6~r}, %{y:,.6~r}<extra>" + text(name) + "</extra>",
      };
    });
    const ringed = sliders ? marks.points.filter((point) => point.name === sliders.points[chosen].name && isShown(point.series)) : [];
    const ring = {
      type: "scatter", mode: "markers", name: "chosen", hoverinfo: "skip",
      x: ringed.map((point) => point.x), y: ringed.map((point) => point.y),
      marker: { color: css("--text"), symbol: "circle-open", size: 22, line: { color: css("--text"), width: 3 } },
    };
    return [...(marks.front.length > 1 ? [front] : []), ...traces, ...(ringed.length > 0 ? [ring] : [])];
  }

  const bytes = (count) => {
    for (const [factor, unit] of [[1e12, "TB"], [1e9, "GB"], [1e6, "MB"], [1e3, "kB"]]) {
      if (count >= factor) return (count / factor).toPrecision(3) + " " + unit;
    }
    return count + " B";
  };

  // Lines of one width and direction are one trace.
  function network(figure, marks) {
    const most = marks.edges.length > 0 ? Math.max(1, marks.edges[0][3]) : 1;
    const KINDS = { from: ["sent by an owner of a video", "#0072b2", "solid"], to: ["sent to one", "#d55e00", "7px,4px"], other: ["others", "#009e73", "2px,3px"] };
    const widest = Math.min(7, Math.max(2, 200 / marks.nodes.length));
    const groups = new Map();
    for (const [from, to, , amount] of marks.edges) {
      const [a, b] = [marks.nodes[from], marks.nodes[to]];
      const kind = a[1] ? "from" : b[1] ? "to" : "other";
      const width = Math.max(0.5, Math.round(2 * widest * (1 + Math.log10(Math.max(1, amount) / most) / 3.2)) / 2);
      const key = kind + width;
      if (!groups.has(key)) groups.set(key, { kind, width, x: [], y: [] });
      const [dx, dy] = [b[2] - a[2], b[3] - a[3]];
      const beside = 0.012 / Math.max(0.01, Math.hypot(dx, dy));
      const group = groups.get(key);
      group.x.push(a[2] + beside * dy, b[2] + beside * dy, null);
      group.y.push(a[3] - beside * dx, b[3] - beside * dx, null);
    }
    const named = new Set();
    const traces = [...groups.values()].map(({ kind, width, x, y }) => {
      const [name, color, dash] = KINDS[kind];
      const showlegend = !named.has(kind);
      named.add(kind);
      return { type: "scatter", mode: "lines", name, legendgroup: kind, showlegend, x, y, hoverinfo: "skip", line: { color, dash, width } };
    });
    traces.push({
      type: "scatter", mode: marks.nodes.length > 60 ? "markers" : "markers+text", name: "instances", showlegend: false,
      x: marks.nodes.map((node) => node[2]), y: marks.nodes.map((node) => node[3]),
      text: marks.nodes.map((node) => text(node[0])), textposition: marks.nodes.map((node) => (node[3] < 0 ? "bottom center" : "top center")),
      textfont: { size: 10, color: css("--text") },
      customdata: marks.nodes.map((node) => [text(node[0]), bytes(node[4]), bytes(node[5])]),
      marker: { color: marks.nodes.map((node) => (node[1] ? "#0072b2" : css("--text"))), size: marks.nodes.map((node) => (node[1] ? 18 : Math.max(3, Math.min(8, 500 / marks.nodes.length)))) },
      hovertemplate: "%{customdata[0]}<br>sends %{customdata[1]}<br>receives %{customdata[2]}<extra></extra>",
    });
    return traces;
  }

  function axis(of, isLog) {
    const shared = {
      title: { text: text(of.label) }, gridcolor: css("--grid"), zerolinecolor: css("--grid"), linecolor: css("--text"),
      type: isLog ? "log" : "linear", automargin: true, rangemode: "tozero",
    };
    return of.is_bytes
      ? { ...shared, tickformat: ".3~s", ticksuffix: "B", hoverformat: ",d", dtick: isLog ? 1 : undefined }
      : { ...shared, separatethousands: true, exponentformat: "none", dtick: isLog ? 1 : undefined };
  }

  function layout(figure, marks, log, isNarrow) {
    const colour = css("--text");
    const wanted = {
      paper_bgcolor: css("--ground"), plot_bgcolor: css("--ground"), font: { color: colour, size: 13, family: "system-ui, DejaVu Sans, Verdana, sans-serif" },
      margin: { t: 12, r: 12, b: 50, l: isNarrow ? 48 : 70 }, height: isNarrow ? 560 : 460, separators: ".,",
      legend: { orientation: "h", yref: "container", y: 0, yanchor: "bottom", x: 0 }, hoverlabel: { namelength: -1 },
      xaxis: axis(figure.x, log.x), yaxis: axis(figure.y, log.y),
    };
    if (marks.type === "lines") wanted.hovermode = "x unified";
    if (marks.type === "lines" && !log.x) wanted.xaxis.hoverformat = ",.6~r";
    if (marks.type === "dots") {
      const { categories, reference } = marks.marks;
      wanted.height = (isNarrow ? 260 : 170) + 40 * categories.length;
      const most = isNarrow ? 22 : 60;
      const label = (name) => text(name.length > most ? name.slice(0, most - 1) + "…" : name);
      Object.assign(wanted.yaxis, {
        tickvals: categories.map((_, at) => categories.length - at), ticktext: categories.map(label),
        range: [0.4, categories.length + 0.6], type: "linear", dtick: undefined,
      });
      if (reference !== null) {
        wanted.shapes = [{ type: "line", x0: reference, x1: reference, y0: 0, y1: 1, yref: "paper", line: { color: colour, width: 1, dash: "4px,3px" } }];
      }
    }
    if (marks.type === "network") {
      Object.assign(wanted, { height: isNarrow ? 460 : 720 });
      Object.assign(wanted.xaxis, { visible: false, range: [-1.25, 1.25] });
      Object.assign(wanted.yaxis, { visible: false, scaleanchor: "x", range: [-1.2, 1.2] });
    }
    return wanted;
  }

  const TRACES = { lines, dots, points, network };

  function draw(element) {
    const figure = figures[Number(element.dataset.figure)];
    const its = state.get(element);
    const marks = figure.views[its.view].marks;
    const plot = element.querySelector(".plot");
    const traces = TRACES[marks.type](figure, marks.marks, its.log);
    const config = { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["lasso2d", "select2d"], toImageButtonOptions: { filename: figure.kind } };
    its.drawn = true;
    Plotly.react(plot, traces, layout(figure, marks, its.log, element.clientWidth < 600), config);
    fillTable(element);
  }

  function tableOf(figure, marks) {
    if (marks.type === "lines") {
      const names = marks.marks.map(([series]) => look(series).name);
      const xs = new Set(marks.marks.map(([, x]) => x));
      const step = (length) => Math.max(1, Math.ceil(length / ROWS_MAX));
      if (xs.size === 1) {
        const [x] = xs;
        const rows = figure.columns[x].map((value, at) => [value, ...marks.marks.map(([, , y]) => figure.columns[y][at])]);
        return [[figure.x.label, ...names], rows.filter((_, at) => at % step(rows.length) === 0)];
      }
      const rows = marks.marks.flatMap(([, x, y], number) => {
        const own = figure.columns[x].map((value, at) => [names[number], value, figure.columns[y][at]]);
        return own.filter((_, at) => at % step(own.length * names.length) === 0);
      });
      return [["", figure.x.label, figure.y.label], rows];
    }
    if (marks.type === "dots") {
      const { categories, series } = marks.marks;
      return [["", ...series.map((row) => look(row.series).name)], categories.map((name, at) => [name, ...series.map((row) => row.values[at])])];
    }
    if (marks.type === "points") {
      const rows = marks.marks.points.map((point) => [look(point.series).name, point.name, point.x, point.y]);
      return [["", "", figure.x.label, figure.y.label], rows.slice(0, ROWS_MAX)];
    }
    const { nodes, edges } = marks.marks;
    return [["sender", "receiver", "messages", "bytes"], edges.slice(0, ROWS_MAX).map(([from, to, messages, amount]) => [nodes[from][0], nodes[to][0], messages, amount])];
  }

  function fillTable(element) {
    const details = element.querySelector(".numbers");
    if (!details.open) return;
    const figure = figures[Number(element.dataset.figure)];
    const [head, rows] = tableOf(figure, figure.views[state.get(element).view].marks);
    const table = document.createElement("table");
    const headRow = table.createTHead().insertRow();
    for (const name of head) {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.textContent = name;
      headRow.append(cell);
    }
    const body = table.createTBody();
    for (const values of rows) {
      const row = body.insertRow();
      for (const value of values) row.insertCell().textContent = value === null ? "" : typeof value === "number" ? exact(value) : value;
    }
    details.querySelector("div").replaceChildren(table);
  }

  // The point that has a value of a parameter and else shares most with the chosen one.
  function nearest(parameter, value) {
    const now = sliders.points[chosen].at;
    const shared = (at) => at.filter((other, number) => number !== parameter && other === now[number]).length;
    let best = chosen;
    let most = -1;
    sliders.points.forEach(({ at }, number) => {
      if (at[parameter] === value && shared(at) > most) [best, most] = [number, shared(at)];
    });
    return best;
  }

  function choose(point) {
    chosen = point;
    const { at, rows } = sliders.points[point];
    document.getElementById("point").textContent = sliders.points[point].title;
    for (const input of document.querySelectorAll("[data-slider]")) {
      const number = Number(input.dataset.slider);
      const value = sliders.parameters[number].values[at[number]] || "as in the file";
      input.value = String(at[number]);
      input.setAttribute("aria-valuetext", value);
      input.parentElement.querySelector("output").textContent = value;
    }
    const table = document.querySelector("#comparison table");
    for (const body of [...table.tBodies]) body.remove();
    let title = null;
    for (const [number, cells] of rows) {
      const [group, label, metric] = sliders.rows[number];
      const headCell = (text, scope) => {
        const cell = document.createElement("th");
        cell.scope = scope;
        cell.textContent = text;
        return cell;
      };
      if (group !== title) {
        const head = headCell(sliders.titles[group], "rowgroup");
        head.className = "group";
        head.colSpan = cells.length + 1;
        table.createTBody().insertRow().append(head);
        title = group;
      }
      const row = table.tBodies[table.tBodies.length - 1].insertRow();
      const head = headCell(label, "row");
      head.title = metric;
      row.append(head);
      for (const cell of cells) row.insertCell().textContent = cell;
    }
    drawnFigures().filter((element) => figures[Number(element.dataset.figure)].kind === "pareto").forEach(draw);
  }

  function drawnFigures() {
    return [...state.keys()].filter((element) => state.get(element).drawn);
  }

  function paintSwatches() {
    for (const swatch of document.querySelectorAll("[data-swatch]")) {
      const { colour, dashes } = looks[Number(swatch.dataset.swatch)];
      const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      svg.setAttribute("width", "26");
      svg.setAttribute("height", "12");
      svg.setAttribute("aria-hidden", "true");
      const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
      for (const [key, value] of Object.entries({ x1: 0, y1: 6, x2: 26, y2: 6, stroke: colour, "stroke-width": 3, "stroke-dasharray": dashes })) line.setAttribute(key, value);
      svg.append(line);
      swatch.replaceChildren(svg);
    }
  }

  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting && !state.get(entry.target).drawn) draw(entry.target);
    }
  }, { rootMargin: "300px" });

  for (const element of document.querySelectorAll("figure[data-figure]")) {
    const figure = figures[Number(element.dataset.figure)];
    state.set(element, { view: 0, log: { x: figure.x.is_log, y: figure.y.is_log }, drawn: false });
    element.querySelector("[data-choose]")?.addEventListener("change", (event) => {
      state.get(element).view = Number(event.target.value);
      draw(element);
    });
    for (const box of element.querySelectorAll("[data-log]")) {
      box.addEventListener("change", () => {
        state.get(element).log[box.dataset.log] = box.checked;
        draw(element);
      });
    }
    element.querySelector(".numbers").addEventListener("toggle", () => fillTable(element));
    seen.observe(element);
  }
  for (const box of document.querySelectorAll("[data-series]")) {
    box.addEventListener("change", () => {
      if (box.checked) hidden.delete(Number(box.dataset.series));
      else hidden.add(Number(box.dataset.series));
      drawnFigures().forEach(draw);
    });
  }
  for (const input of document.querySelectorAll("[data-slider]")) {
    input.addEventListener("input", () => choose(nearest(Number(input.dataset.slider), Number(input.value))));
  }
  paintSwatches();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawnFigures().forEach(draw));
  addEventListener("beforeprint", () => state.forEach((its, element) => its.drawn || draw(element)));
})();

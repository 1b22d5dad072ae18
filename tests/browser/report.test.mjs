// Opens reports in a real browser, with the network refused, and uses them as a reader does. The folder of the runs is in
// the environment variable RUNS, the browser in CHROMIUM. `scripts/browser-test` makes the runs and calls this.
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const RUNS = process.env.RUNS;
const SHOTS = process.env.SHOTS;
let browser;

before(async () => {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
});
after(() => browser.close());

/** A report, opened; what the browser complained about and asked for. */
async function open(run, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, colorScheme: "light", offline: true, ...options });
  const page = await context.newPage();
  const seen = { complaints: [], requests: [], dialogs: 0 };
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && seen.complaints.push(message.text()));
  page.on("pageerror", (error) => seen.complaints.push(error.message));
  page.on("request", (request) => request.url().startsWith("file:") || request.url().startsWith("data:") || request.url().startsWith("blob:") || seen.requests.push(request.url()));
  page.on("dialog", (dialog) => { seen.dialogs += 1; return dialog.dismiss(); });
  const start = performance.now();
  await page.goto(pathToFileURL(`${RUNS}/${run}/report.html`).href);
  const opened_ms = performance.now() - start;
  for (const figure of await page.$$("figure[data-figure]")) {
    await figure.scrollIntoViewIfNeeded();
    await figure.waitForSelector(".plot .main-svg");
  }
  return { page, seen, opened_ms, close: () => context.close() };
}

/** What a file of records says, as objects. */
function records(run, file) {
  const cells = (line) => [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain);
  const [head, ...rows] = readFileSync(`${RUNS}/${run}/${file}`, "utf8").trim().split("\n").map(cells);
  return rows.map((row) => Object.fromEntries(head.map((name, at) => [name, row[at]])));
}

/** Moves the mouse to a point of a line, and reads what appears. */
async function hover(page, kind, series, wanted_x) {
  await page.locator(`#figure-${kind}`).scrollIntoViewIfNeeded();
  const place = await page.evaluate(([kind, series, wanted_x]) => {
    const plot = document.querySelector(`#figure-${kind} .plot`);
    const trace = plot.data.find((trace) => trace.name === series);
    const at = trace.x.findIndex((x) => Math.abs(x - wanted_x) < 1e-6);
    const { xaxis, yaxis } = plot._fullLayout;
    const box = plot.getBoundingClientRect();
    return { x: box.left + xaxis._offset + xaxis.d2p(trace.x[at]), y: box.top + yaxis._offset + yaxis.d2p(trace.y[at]) };
  }, [kind, series, wanted_x]);
  await page.mouse.move(place.x, place.y - 40);
  await page.mouse.move(place.x, place.y, { steps: 4 });
  await page.locator(`#figure-${kind} .hoverlayer text`).first().waitFor();
  return (await page.locator(`#figure-${kind} .hoverlayer`).textContent()).replaceAll("\u2009", "");
}

test("the page carries plotly.js as npm has it", () => {
  const plotly = readFileSync(new URL("node_modules/plotly.js-dist-min/plotly.min.js", import.meta.url), "utf8");
  assert.ok(plotly.length > 1e6);
  assert.ok(readFileSync(`${RUNS}/viral/report.html`, "utf8").includes(plotly));
});

for (const run of ["viral", "sweep", "thousand"]) {
  test(`${run}: opens offline without a complaint, and is small`, async () => {
    const { page, seen, opened_ms, close } = await open(run);
    assert.deepEqual(seen, { complaints: [], requests: [], dialogs: 0 });
    const { size } = statSync(`${RUNS}/${run}/report.html`);
    console.log(`${run}: ${size} bytes, open after ${opened_ms.toFixed(0)} ms`);
    assert.ok(size < 6e6, `${size} bytes`);
    assert.ok((await page.locator("figure[data-figure]").count()) >= 9);
    await close();
  });

  for (const [width, colorScheme] of [[1280, "light"], [1280, "dark"], [400, "light"], [400, "dark"]]) {
    test(`${run}: fits ${width} pixels, ${colorScheme}, with contrast`, async () => {
      const { page, close } = await open(run, { viewport: { width, height: 900 }, colorScheme });
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "nothing sticks out");
      for (const [element, ratio] of await page.evaluate(contrasts)) assert.ok(ratio >= 4.5, `${element}: ${ratio}`);
      if (SHOTS) await page.screenshot({ path: `${SHOTS}/${run}-${width}-${colorScheme}.png`, fullPage: true });
      await close();
    });
  }
}

/** The contrast of kinds of text against the ground (WCAG 2.2). Runs in the page. */
function contrasts() {
  const channel = (byte) => (byte / 255 <= 0.04045 ? byte / 255 / 12.92 : ((byte / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = (colour) => {
    const [r, g, b] = colour.match(/\d+/g).map(Number).map(channel);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = luminance(getComputedStyle(document.body).backgroundColor);
  const against = (colour) => (Math.max(luminance(colour), ground) + 0.05) / (Math.min(luminance(colour), ground) + 0.05);
  const failed = document.createElement("tr");
  failed.className = "failed";
  failed.append(document.createElement("td"));
  document.querySelector("tbody").append(failed);
  const texts = ["h1", "p", "a", "figcaption", "td", "label", "select", "summary", ".failed td"];
  const ticks = [...document.querySelectorAll(".xtick text")].slice(0, 1).map((tick) => ["tick", against(getComputedStyle(tick).fill)]);
  return [...texts.flatMap((name) => [...document.querySelectorAll(name)].slice(0, 1).map((element) => [name, against(getComputedStyle(element).color)])), ...ticks];
}

test("a protocol is switched off and on, by mouse and by keyboard, in all figures", async () => {
  const { page, close } = await open("viral");
  const shown = () => page.evaluate(() => [...document.querySelectorAll(".plot")].flatMap((plot) => plot.data.filter((trace) => trace.name === "v2").map((trace) => trace.visible)));
  assert.deepEqual([...new Set(await shown())], [true]);
  assert.ok((await shown()).length >= 8);
  await page.getByLabel("v2", { exact: true }).uncheck();
  assert.deepEqual([...new Set(await shown())], [false]);
  await page.getByLabel("v2", { exact: true }).focus();
  await page.keyboard.press("Space");
  assert.deepEqual([...new Set(await shown())], [true]);
  // and in one figure alone, by its legend
  await page.locator("#figure-bytes").scrollIntoViewIfNeeded();
  await page.locator("#figure-bytes .legendtoggle").nth(1).click();
  await page.waitForFunction(() => document.querySelector("#figure-bytes .plot").data[1].visible === "legendonly");
  await close();
});

test("hovering tells the value of the records", async () => {
  const { page, close } = await open("viral");
  const name = await page.locator("#figure-displayed select option").nth(1).textContent();
  assert.equal(name, "origin");
  for (const instance of ["origin", "followers-7"]) {
    await page.locator("#figure-displayed select").selectOption({ label: instance });
    const row = records("viral", "counters.csv").find((row) => row.protocol === "v2" && row.instance === instance && row.time_ms === "1200000");
    const text = await hover(page, "displayed", "v2", 20);
    const number = (value) => Number(value).toLocaleString("en");
    assert.ok(text.includes(`v2 : ${number(row.displayed_viewers)}`), `${text} has ${row.displayed_viewers}`);
    assert.ok(text.includes(`true viewers : ${number(row.true_viewers)}`), `${text} has ${row.true_viewers}`);
  }
  await close();
});

test("the numbers of a figure are in a table, and an axis becomes logarithmic", async () => {
  const { page, close } = await open("viral");
  const figure = page.locator("#figure-payers");
  await figure.locator("summary").click();
  const sent = records("viral", "summary.csv").find((row) => row.protocol === "v1" && row.metric === "payer_origin_bytes_out");
  const cell = await figure.locator("table tbody tr").first().locator("td").nth(1).textContent();
  assert.equal(cell, Number(sent.value).toLocaleString("en", { maximumSignificantDigits: 6 }));
  const type = () => page.evaluate(() => document.querySelector("#figure-bytes .plot").layout.yaxis.type);
  assert.equal(await type(), "linear");
  await page.locator("#figure-bytes").getByLabel("logarithmic bytes").check();
  assert.equal(await type(), "log");
  for (const figure of await page.$$("figure[data-figure]")) {
    await (await figure.$("details")).evaluate((details) => { details.open = true; });
    await figure.waitForSelector("details table td");
  }
  await close();
});

test("a slider moves the mark on the front and shows that point's table", async () => {
  const { page, close } = await open("sweep");
  const rows = records("sweep", "summary.csv").filter((row) => row.protocol === "v2");
  const at = async (loss) => {
    const own = rows.filter((row) => row["network.loss"] === loss && row.metric === "viewer_bytes_sent");
    return own.reduce((sum, row) => sum + Number(row.value), 0) / own.length;
  };
  const ring = () => page.evaluate(() => document.querySelector("#figure-pareto .plot").data.find((trace) => trace.name === "chosen").x);
  const cell = () => page.locator('#comparison th[title="viewer_bytes_sent"]').locator("xpath=..").locator("td").nth(1).textContent();
  const has = (values, wanted) => values.some((value) => Math.abs(value - wanted) < 1e-6 * wanted);
  const before = await cell();
  const [first, lossy] = [await at("1 %"), await at("10 %")];
  assert.ok(has(await ring(), first) && !has(await ring(), lossy));
  const slider = page.locator('#sliders label:has-text("network.loss") input');
  await slider.focus();
  const steps = await slider.evaluate((input) => Number(input.max));
  for (let step = 0; step < steps && (await slider.getAttribute("aria-valuetext")) !== "10 %"; step += 1) await page.keyboard.press("ArrowRight");
  assert.equal(await slider.getAttribute("aria-valuetext"), "10 %");
  assert.ok(has(await ring(), lossy) && !has(await ring(), first), `${await ring()} has ${lossy}`);
  assert.notEqual(await cell(), before);
  const mega = (await cell()).match(/^([0-9.]+) MB/);
  assert.ok(mega && Math.abs(Number(mega[1]) - lossy / 1e6) < 0.006 * Number(mega[1]), `${await cell()} is ${lossy}`);
  assert.equal(await page.locator("#point").textContent() === "1", false);
  await close();
});

test("the sliders of a search choose a candidate", async () => {
  const { page, close } = await open("search");
  const rows = records("search", "candidates.csv");
  const row = (lifetime, threshold) => rows.find(({ protocol }) => protocol.includes(`lifetime: ${lifetime}, threshold: ${threshold}}`));
  const ring = () => page.evaluate(() => document.querySelector("#figure-pareto .plot").data.find((trace) => trace.name === "chosen"));
  const slider = (name) => page.locator(`#sliders label:has-text("${name}") input`);
  const move = async (name, wanted) => {
    await slider(name).focus();
    await page.keyboard.press("Home");
    for (let step = 0; step < 3 && (await slider(name).getAttribute("aria-valuetext")) !== wanted; step += 1) await page.keyboard.press("ArrowRight");
    assert.equal(await slider(name).getAttribute("aria-valuetext"), wanted);
  };
  const complete = rows.filter(({ replications, protocol }) => replications === "3" && protocol.startsWith("{"));
  const lifetimes = [...new Set(complete.map(({ protocol }) => protocol.match(/lifetime: (\d+ \w+)/)[1]))];
  assert.ok(lifetimes.length > 1);
  for (const lifetime of lifetimes.reverse()) {
    await move("lifetime", lifetime);
    const threshold = await slider("threshold").getAttribute("aria-valuetext");
    const expected = row(lifetime, threshold);
    assert.equal(await page.locator("#point").textContent(), expected.candidate);
    const { x, y } = await ring();
    assert.ok(Math.abs(x[0] - Number(expected.cost)) < 1e-9 && Math.abs(y[0] - Number(expected.error_hostile)) < 1e-9, `${x} ${y}`);
    const cell = await page.locator('#comparison th[title="seen_error_relative"]').locator("xpath=..").locator("td").first().textContent();
    assert.ok(Math.abs(Number.parseFloat(cell) - 100 * Number(expected.error_hostile)) < 0.06 * Number.parseFloat(cell), cell);
  }
  assert.equal(await page.evaluate(() => globalThis.hacked), undefined);
  await close();
});

test("dragging enlarges", async () => {
  const { page, close } = await open("viral");
  const plot = page.locator("#figure-error .nsewdrag");
  await plot.scrollIntoViewIfNeeded();
  const box = await plot.boundingBox();
  await page.mouse.move(box.x + box.width * 0.25, box.y + box.height * 0.5);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.5, { steps: 5 });
  await page.mouse.up();
  const [low, high] = await page.evaluate(() => document.querySelector("#figure-error .plot").layout.xaxis.range);
  assert.ok(low > 10 && high < 35, `${low} to ${high} min`);
  await close();
});

test("a description that looks like markup is text", async () => {
  const { page, seen, close } = await open("hostile");
  assert.deepEqual(seen, { complaints: [], requests: [], dialogs: 0 });
  assert.equal(await page.evaluate(() => globalThis.hacked), undefined);
  const hostile = `</script><img src=x onerror="hacked=1"><script>hacked=1</script>`;
  assert.ok((await page.locator(".question").textContent()).includes(hostile));
  assert.ok((await page.locator("#expectations").textContent()).includes(hostile));
  assert.equal(await page.locator("img").count(), 0);
  await close();
});

// Reports as a browser shows them: nothing is asked for, nothing complains, all is there without the script.
// Needs the program (cargo build -p openbell) and a Chromium; without one of them it fails, and is not skipped.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const root = join(import.meta.dirname, "../../../..");
const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");
const program = process.env.OPENBELL ?? join(target, "debug/openbell");
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const axe = readFileSync(join(import.meta.dirname, "../node_modules/axe-core/axe.min.js"), "utf8");
/** Where screenshots are kept, if anywhere. */
const shots = process.env.SCREENSHOTS;

const hostileName = "</script><img src=x onerror=\"document.title='taken'\">\u202e";
const reports = {};
let folder, browser;

/** Runs a session file of the repository, changed by `change`, and returns its report. */
function run(name, change = (config) => config) {
  const config = change(JSON.parse(readFileSync(join(root, "session_configs", `${name}.json`), "utf8")));
  delete config.$schema;
  config.data_config.store = join(root, "tests/data/bar_data");
  const path = join(folder, `${name}.json`);
  writeFileSync(path, JSON.stringify(config));
  const out = join(folder, `${name}.html`);
  execFileSync(program, ["run", path, "--report", out, "--no-progress"], { stdio: ["ignore", "ignore", "pipe"] });
  return out;
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "openbell-report-"));
  copyFileSync(join(root, "session_configs/universe.txt"), join(folder, "universe.txt"));
  reports.paper = run("on_paper");
  reports.added = run("example_session");
  reports.scanned = run("scanners");
  reports.indicators = run("indicators");
  reports.hostile = run("minimal", (config) => ({ ...config, session_name: hostileName, metadata: { [hostileName]: hostileName } }));
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
});

after(async () => {
  await browser?.close();
  if (folder) rmSync(folder, { recursive: true });
});

/** A page of a report, with all that it asks for and complains of. */
async function opened(file, options = {}) {
  const context = await browser.newContext({ offline: true, viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const said = [];
  page.on("console", (message) => said.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => said.push(`error: ${error.message}`));
  page.on("request", (request) => request.url() !== pathToFileURL(file).href && said.push(`asks for ${request.url()}`));
  await page.goto(pathToFileURL(file).href);
  if (options.javaScriptEnabled !== false) {
    await page.waitForSelector("body[data-ready]");
    await page.waitForSelector("#chart canvas");
  }
  return { context, page, said };
}

/** Waits until the chart's canvas is there and drawn: with more than five colours. One that stays blank fails. */
const drawn = (page) => page.waitForFunction(() => {
  const canvas = document.querySelector("#chart canvas");
  if (!canvas?.width || !canvas.height) return false; // It is made anew after a choice.
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return new Set(new Uint32Array(data.buffer)).size > 5;
});

for (const name of ["paper", "added", "scanned", "indicators", "hostile"]) {
  test(`${name}: nothing is asked for, nothing complains, the chart is drawn`, async () => {
    const { context, page, said } = await opened(reports[name]);
    await drawn(page);
    assert.deepEqual(said, []);
    await context.close();
  });

  for (const colorScheme of ["light", "dark"]) {
    for (const width of [360, 1280]) {
      test(`${name}: ${colorScheme}, ${width} wide: axe finds nothing, and nothing sticks out`, async () => {
        const { context, page } = await opened(reports[name], { colorScheme, viewport: { width, height: 900 }, bypassCSP: true });
        assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width);
        await page.addScriptTag({ content: axe });
        const { violations } = await page.evaluate(() => axe.run(document, {
          runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
        }));
        const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`);
        assert.deepEqual(found, []);
        if (shots) {
          mkdirSync(shots, { recursive: true });
          await page.screenshot({ path: join(shots, `${name}-${colorScheme}-${width}.png`), fullPage: true });
        }
        await context.close();
      });
    }
  }
}

test("with scripts off the tables, the drawings and the words are there", async () => {
  const { context, page } = await opened(reports.paper, { javaScriptEnabled: false });
  const text = await page.innerText("main");
  for (const words of ["11,160 bars of 1m were delivered", "Monthly returns", "channel_breakout", "95,635.64"]) {
    assert.ok(text.includes(words), words);
  }
  assert.ok((await page.locator("svg.curve").count()) === 2);
  assert.ok((await page.locator("svg.lane").count()) === 10);
  assert.ok(text.includes("which your browser does not run"));
  await context.close();
});

test("a hostile name is text", async () => {
  const { context, page } = await opened(reports.hostile);
  assert.equal(await page.locator("img").count(), 0);
  const title = await page.title();
  assert.ok(title.startsWith("</script><img src=x onerror="), title);
  assert.ok((await page.locator("h1").innerText()).includes("⟨U+202E⟩"));
  await context.close();
});

test("the keys move the cursor, and what stands there is said", async () => {
  const { context, page, said } = await opened(reports.indicators);
  await page.locator(".chart").focus();
  await page.keyboard.press("Home");
  const first = await page.locator(".readout").innerText();
  assert.match(first, /^2025-07-02 09:30: open \d+\.\d\d, high \d+\.\d\d, low \d+\.\d\d, close \d+\.\d\d; volume [\d,]+; /);
  await page.keyboard.press("ArrowRight");
  assert.match(await page.locator(".readout").innerText(), /^2025-07-02 09:31: /);
  await page.keyboard.press("t");
  assert.ok((await page.locator(".wide[aria-label=Bars] tbody tr").count()) === 200);
  assert.deepEqual(said, []);
  await context.close();
});

test("bars of the chart are those that were delivered", async () => {
  const { context, page } = await opened(reports.added);
  await page.selectOption("select >> nth=0", { label: "AAPL" });
  await page.selectOption("select >> nth=2", { label: "2025-07-02" });
  await page.locator(".chart").focus();
  await page.keyboard.press("Home");
  const readout = await page.locator(".readout").innerText();
  // The session's table has its open, high, low and close; the first bar opens where it does.
  const row = await page.locator(".small figure:has(summary bdi:text-is('AAPL')) tbody tr").first().innerHTML();
  const open = row.match(/value="([\d.]+)"/)[1];
  assert.ok(readout.includes(`open ${Number(open).toFixed(2)},`), `${readout} ${open}`);
  await context.close();
});

test("the theme is switched, the interval and the session are chosen, without a complaint", async () => {
  const { context, page, said } = await opened(reports.indicators);
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.click("nav button");
  const light = await ground();
  await page.click("nav button");
  assert.notEqual(await ground(), light);
  const options = await page.locator("select >> nth=1").locator("option").count();
  assert.ok(options >= 2, `${options} intervals`);
  await page.selectOption("select >> nth=1", { index: 1 });
  await page.selectOption("select >> nth=2", { index: 1 });
  await drawn(page);
  assert.deepEqual(said, []);
  await context.close();
});

test("what is dark on a screen is printed dark on white", async () => {
  const { context, page } = await opened(reports.paper, { colorScheme: "dark" });
  const ink = () => page.evaluate(() => getComputedStyle(document.body).color);
  const onScreen = await ink();
  await page.click("nav button");
  await page.click("nav button");
  assert.equal(await ink(), onScreen);
  await page.emulateMedia({ media: "print" });
  assert.equal(await ink(), "rgb(23, 28, 38)");
  await context.close();
});

test("it prints as a document of pages", async () => {
  const { context, page } = await opened(reports.paper);
  for (const format of ["A4", "Letter"]) {
    const pdf = await page.pdf({ format });
    const pages = pdf.toString("latin1").match(/\/Type\s*\/Page\b/g).length;
    assert.ok(pages >= 2 && pages <= 20, `${format}: ${pages} pages`);
    if (shots) writeFileSync(join(shots, `paper-${format}.pdf`), pdf);
  }
  await context.close();
});

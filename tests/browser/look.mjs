// Looks at pages as a reader would: on a wide screen and on a phone, in light and in dark.
//
// Each finding is one line that says where. It must not know what a page is about: only what every page owes
// its readers.

import { mkdir } from "node:fs/promises";
import path from "node:path";

import axe from "axe-core";
import { chromium } from "playwright-core";

const CHROMIUM_ARGUMENTS = [
  "--headless",
  "--no-sandbox", // containers run it as root
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const SCHEMES = ["light", "dark"];
const SCREENS = [
  { width: 1280, height: 800, isMobile: false },
  { width: 390, height: 844, isMobile: true },
];
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"];
const LOAD_MS_MAX = 15_000;
/** What comes late, such as a failing script or a live stream, has this long to show itself. */
const SETTLE_MS = 250;
const ROUTES_MAX = 100;

/** Starts the browser at `executablePath`. */
export const launch = (executablePath) => chromium.launch({ executablePath, args: CHROMIUM_ARGUMENTS });

/**
 * The problems of `routes` below `url`, one line each.
 *
 * A route is a path, or `{ from, link }`: the first link on the page `from` whose path begins with `link`, for
 * pages whose address nobody knows before.
 */
export async function look(browser, url, routes, { screenshots, token } = {}) {
  if (ROUTES_MAX < routes.length) return [`${routes.length} routes; at most ${ROUTES_MAX} are looked at`];
  const problems = [];
  const paths = await pathsOf(browser, url, routes, token, problems);
  if (screenshots) await mkdir(screenshots, { recursive: true });
  for (const route of paths) {
    const views = SCREENS.flatMap((screen) => SCHEMES.map((scheme) => ({ screen, scheme })));
    const found = views.map(async ({ screen, scheme }) => {
      const context = await contextOf(browser, url, token, screen, scheme);
      const problems = await lookAt(context, url, route, screen, scheme, screenshots);
      await context.close();
      return problems.map((it) => `${route} (${scheme}, ${screen.width} px): ${it}`);
    });
    problems.push(...(await Promise.all(found)).flat());
  }
  return problems;
}

function contextOf(browser, url, token, { width, height, isMobile }, colorScheme) {
  return browser.newContext({
    baseURL: url,
    viewport: { width, height },
    isMobile,
    hasTouch: isMobile,
    colorScheme,
    reducedMotion: "reduce",
    extraHTTPHeaders: token ? { authorization: `Bearer ${token}` } : {},
  });
}

async function pathsOf(browser, url, routes, token, problems) {
  const context = await contextOf(browser, url, token, SCREENS[0], SCHEMES[0]);
  const page = await context.newPage();
  const paths = [];
  for (const route of routes) {
    if (typeof route === "string") {
      paths.push(route);
      continue;
    }
    await page.goto(new URL(route.from, url).href, { timeout: LOAD_MS_MAX });
    const links = await page.$$eval("a[href]", (all) => all.map((it) => [new URL(it.href).origin, new URL(it.href).pathname]));
    const here = new URL(url).origin;
    const found = links.find(([origin, it]) => origin === here && it.startsWith(route.link) && it !== route.link);
    if (found) paths.push(found[1]);
    else problems.push(`${route.from}: no link to ${route.link}…`);
  }
  await context.close();
  return paths;
}

async function lookAt(context, url, route, { width }, scheme, screenshots) {
  const problems = [];
  const page = await context.newPage();
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(`console error: ${message.text()}`);
  });
  page.on("pageerror", (error) => problems.push(`script error: ${error.message}`));
  page.on("request", (request) => {
    const target = new URL(request.url());
    const isInline = target.protocol === "data:" || target.protocol === "blob:";
    if (!isInline && target.origin !== new URL(url).origin) problems.push(`request to ${target.origin}`);
  });
  await page.exposeFunction("ninesViolated", (what) => problems.push(`content security policy: ${what}`));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      window.ninesViolated(`${event.violatedDirective} forbids ${event.blockedURI || "inline"}`);
    });
  });

  try {
    const response = await page.goto(new URL(route, url).href, { timeout: LOAD_MS_MAX, waitUntil: "load" });
    if (response.status() !== 200) problems.push(`status ${response.status()}`);
    await page.waitForTimeout(SETTLE_MS);
    problems.push(...(await page.evaluate(shapeProblems, width)));
    problems.push(...(await accessibilityProblems(page)));
    if (screenshots) {
      const name = `${nameOf(route)}-${scheme}-${width}.png`;
      await page.screenshot({ path: path.join(screenshots, name), fullPage: true });
    }
  } catch (error) {
    problems.push(error.message.split("\n")[0]);
  }
  return problems;
}

/** Runs in the page. */
function shapeProblems(width) {
  const problems = [];
  const headings = document.querySelectorAll("h1").length;
  if (headings !== 1) problems.push(`${headings} h1, not one`);
  if (window.innerWidth !== width) problems.push(`laid out for ${window.innerWidth} px: no viewport meta, or too wide`);
  const root = document.documentElement;
  if (root.clientWidth < root.scrollWidth) problems.push(`scrolls sideways: ${root.scrollWidth} px wide`);
  return problems;
}

async function accessibilityProblems(page) {
  await page.evaluate(axe.source);
  const violations = await page.evaluate(
    async (values) => (await window.axe.run(document, { runOnly: { type: "tag", values } })).violations,
    RULES,
  );
  return violations.map(({ id, help, nodes }) => {
    const places = nodes.slice(0, 3).map((it) => it.target.join(" "));
    return `accessibility: ${id}: ${help} (${nodes.length}×: ${places.join(", ")})`;
  });
}

const nameOf = (route) => route.replace(/[^A-Za-z0-9]+/g, "-").replace(/^-|-$/g, "") || "home";

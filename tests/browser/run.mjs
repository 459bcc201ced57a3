// node run.mjs URL [--screenshots FOLDER] [--routes FILE.json | ROUTE...]
//
// Looks at the pages of a running server; started by `cargo xtask browser`. Ends with 0 if they are fine, with 1
// if they have problems, with 2 if it was asked wrongly. The browser is $CHROMIUM or Debian's; a token is in
// $NINES_TOKEN.

import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";

import { launch, look } from "./look.mjs";

const USAGE = "usage: node run.mjs URL [--screenshots FOLDER] [--routes FILE.json | ROUTE...]";

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { screenshots: { type: "string" }, routes: { type: "string" } },
  });
  const [url, ...given] = positionals;
  const routes = values.routes ? JSON.parse(await readFile(values.routes, "utf8")) : given;
  if (!url || !Array.isArray(routes) || routes.length === 0) {
    console.error(USAGE);
    return 2;
  }
  const browser = await launch(process.env.CHROMIUM ?? "/usr/bin/chromium");
  try {
    const { screenshots } = values;
    const problems = await look(browser, url, routes, { screenshots, token: process.env.NINES_TOKEN });
    problems.forEach((it) => console.log(`browser: ${it}`));
    console.log(`browser: ${routes.length} routes, ${problems.length} problems`);
    return problems.length === 0 ? 0 : 1;
  } finally {
    await browser.close();
  }
}

process.exitCode = await main();

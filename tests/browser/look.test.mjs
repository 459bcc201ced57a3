// The checks themselves: a page that is fine, and one for each way to be wrong.

import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";

import { launch, look } from "./look.mjs";

const page = (body, head = "") => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark"><title>A page</title>
    <link rel="icon" href="data:,"><style>a { color: inherit }</style>${head}
  </head>
  <body><main>${body}</main></body>
</html>`;

const PAGES = {
  "/": page('<h1>Fine</h1><p><a href="/things/7">Seven</a></p>'),
  "/things/7": page("<h1>Seven</h1>"),
  "/headings": page("<h1>One</h1><h1>Two</h1>"),
  "/wide": page('<h1>Wide</h1><div style="width: 2000px">…</div>'),
  "/pale": page('<h1>Pale</h1><p style="color: #777; background: #888">read me</p>'),
  "/foreign": page('<h1>Foreign</h1><img alt="" src="http://localhost:9/x.png">'),
  "/script": page("<h1>Script</h1><script>missing()</script>"),
  "/policy": page(
    '<h1>Policy</h1><script>document.title = "ran"</script>',
    '<meta http-equiv="content-security-policy" content="script-src \'none\'">',
  ),
};

let browser, server, url;

before(async () => {
  server = createServer((request, response) => {
    const text = PAGES[request.url];
    response.writeHead(text ? 200 : 404, { "content-type": "text/html" });
    response.end(text ?? page("<h1>Not found</h1>"));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${server.address().port}`;
  browser = await launch(process.env.CHROMIUM ?? "/usr/bin/chromium");
});

after(async () => {
  await browser?.close();
  server?.close();
});

/** What is found on one page, each thing once. */
async function found(route) {
  const problems = await look(browser, url, [route]);
  return [...new Set(problems.map((it) => it.replace(/^.*? px\): /, "")))];
}

test("a good page has no problems, and leaves four screenshots", async () => {
  const screenshots = await mkdtemp(path.join(tmpdir(), "nines-look-"));
  try {
    assert.deepEqual(await look(browser, url, ["/"], { screenshots }), []);
    const expected = ["home-dark-1280.png", "home-dark-390.png", "home-light-1280.png", "home-light-390.png"];
    assert.deepEqual((await readdir(screenshots)).sort(), expected);
  } finally {
    await rm(screenshots, { recursive: true });
  }
});

test("a page whose address is not known before is found by its link", async () => {
  assert.deepEqual(await look(browser, url, [{ from: "/", link: "/things/" }]), []);
  const missing = await look(browser, url, [{ from: "/", link: "/incidents/" }]);
  assert.deepEqual(missing, ["/: no link to /incidents/…"]);
});

test("each way to be wrong is found", async (t) => {
  const check = (route, pattern) =>
    t.test(route, async () => assert.match((await found(route)).join("\n"), pattern));
  await check("/nowhere", /^status 404$/m);
  await check("/headings", /^2 h1, not one$/m);
  await check("/wide", /^scrolls sideways: \d+ px wide$/m);
  await check("/pale", /^accessibility: color-contrast: /m);
  await check("/foreign", /^request to http:\/\/localhost:9$/m);
  await check("/script", /^script error: missing is not defined$/m);
  await check("/policy", /^content security policy: script-src-elem forbids inline$/m);
});

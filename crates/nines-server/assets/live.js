// Keeps a page current: when the server says that something changed, the page is fetched again and what
// differs is put in place, unless the reader is in the middle of something there. Everything works without it.
"use strict";

const LOST_MS = 5000, SILENT_MS = 20000;
const byId = (id) => document.getElementById(id);
let seen = new Set(keys(document)), lastEvent = Date.now(), lostSince = 0, busy = false, again = false;

function keys(root) {
  return [...root.querySelectorAll("#firing li")].map((it) => it.dataset.key);
}

// A reader who types, or has text selected, must not lose it.
function inUse(part) {
  const active = document.activeElement, selected = getSelection();
  if (part.contains(active) && active.matches("input,select,textarea")) return true;
  if (selected && !selected.isCollapsed && part.contains(selected.anchorNode)) return true;
  if (part.querySelector(".refusal")) return true;
  return [...part.querySelectorAll("input,textarea")].some((it) => it.value !== it.defaultValue)
    || [...part.querySelectorAll("option")].some((it) => it.selected !== it.defaultSelected && it.index > 0);
}

function replace(id, next) {
  const old = byId(id), fresh = next.getElementById(id);
  if (!old || !fresh || old.outerHTML === fresh.outerHTML || inUse(old)) return;
  for (const it of old.querySelectorAll("details[id]")) {
    const same = fresh.querySelector("#" + CSS.escape(it.id));
    if (same) same.open = it.open;
  }
  const same = (it) => it.tagName + it.textContent + (it.getAttribute("href") || "");
  const active = old.contains(document.activeElement) && document.activeElement !== old
    ? same(document.activeElement) : null;
  old.replaceWith(document.adoptNode(fresh));
  if (active) {
    const found = [...fresh.querySelectorAll("a,button,summary")].find((it) => same(it) === active);
    (found || byId("main")).focus({ preventScroll: true });
  }
}

function announce(next) {
  const news = [...next.querySelectorAll("#firing li")].filter((it) => !seen.has(it.dataset.key));
  seen = new Set(keys(next));
  if (news.length) byId("news").textContent = "New alert: " + news.map((it) => it.textContent).join("; ");
}

async function refresh() {
  if (busy) { again = true; return; }
  busy = true;
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!answer.ok) throw new Error("the server answered " + answer.status);
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    announce(next);
    for (const id of ["nav", "now", "strips", "main"]) replace(id, next);
    lostSince = 0;
  } catch {
    lostSince = lostSince || Date.now();
  }
  busy = false;
  if (again) { again = false; refresh(); }
}

const stream = new EventSource("/api/nines/v1/stream");
stream.onopen = () => { lastEvent = Date.now(); if (lostSince) refresh(); };
stream.onerror = () => { lostSince = lostSince || Date.now(); };
stream.addEventListener("changed", () => { lastEvent = Date.now(); refresh(); });

setInterval(() => {
  const now = Date.now();
  if (!lostSince && now - lastEvent > SILENT_MS) lostSince = lastEvent;
  const lost = lostSince && now - lostSince > LOST_MS;
  const text = lost ? "▲ stale since " + byId("asof").textContent.slice(-8) + " UTC, retrying" : "";
  if (byId("stale").textContent !== text) byId("stale").textContent = text;
  if (lost && !document.hidden) refresh();
}, 2000);

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.hasAttribute("data-fetch")) return;
  event.preventDefault();
  const outcome = byId("outcome");
  outcome.textContent = "…";
  try {
    const answer = await fetch(form.action, { method: "POST" });
    const body = await answer.json();
    const changes = (body.changes || []).map((it) => it.summary || it.service || "done");
    outcome.textContent = answer.ok ? "● " + (changes.join("; ") || "nothing to do") : "■ " + body.detail;
  } catch (error) {
    outcome.textContent = "■ unknown whether it happened: " + error.message;
  }
});

// Every page works without this file. It adds the keyboard, the live tail, the copy
// button, and renews relative times.
"use strict";

const every = (selector, root = document) => [...root.querySelectorAll(selector)];

// Relative times, in the units of the server's.
const ago = (seconds) => {
  const s = Math.max(0, seconds);
  if (s < 120) return `${Math.round(s)} s`;
  if (s < 7200) return `${Math.round(s / 60)} min`;
  if (s < 172800) return `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86400)} d`;
};

const renewTimes = () => {
  for (const time of every("time")) {
    const seconds = (Date.now() - Date.parse(time.dateTime)) / 1000;
    time.textContent = seconds < -1 ? `in ${ago(-seconds)}` : `${ago(seconds)} ago`;
  }
};
setInterval(renewTimes, 10000);

// A row opens its link.
document.addEventListener("click", (event) => {
  const row = event.target.closest(".events [data-row]");
  if (row && !event.target.closest("a") && !String(getSelection())) row.querySelector("a").click();
});

// Keys: / searches, j and k move between rows, x selects one, g and a letter go to a page.
const pages = { o: "/", e: "/events", f: "/failures", s: "/send", d: "/doctor" };
const typing = "input:not([type=checkbox]), select, textarea"; // takes the keys itself
let leader = false;

const move = (step) => {
  const links = every("[data-row]").map((row) => row.querySelector("a") || row.querySelector("input")).filter(Boolean);
  const at = links.findIndex((link) => link.closest("[data-row]").contains(document.activeElement));
  const next = links[at < 0 ? (step > 0 ? 0 : links.length - 1) : at + step];
  if (next) next.focus();
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest(typing)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const led = leader;
  leader = false;
  if (led && pages[event.key]) location.assign(pages[event.key]);
  else if (event.key === "g") leader = true;
  else if (event.key === "j") move(1);
  else if (event.key === "k") move(-1);
  else if (event.key === "x") event.target.closest("[data-row]")?.querySelector("[name=key]")?.click();
  else if (event.key === "/") event.preventDefault(); // Firefox would search the page
});

// The search takes the focus when the key goes up, so that it does not receive the key.
document.addEventListener("keyup", (event) => {
  if (event.key === "/" && !event.target.closest(typing)) document.querySelector(".search input").focus();
});

// The link that selects all messages does it in place, and the button says how many it plans.
const selector = document.querySelector("[data-select]");
if (selector) {
  const boxes = every("[name=key]");
  const button = selector.parentElement.querySelector("button");
  const say = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };
  const show = () => {
    const n = boxes.filter((box) => box.checked).length;
    say(selector, n === boxes.length ? "Select none" : "Select all shown");
    say(button, `Plan a replay of ${n || "the"} selected`);
  };
  selector.addEventListener("click", (event) => {
    event.preventDefault();
    const checked = boxes.some((box) => !box.checked);
    for (const box of boxes) box.checked = checked;
    show();
  });
  document.addEventListener("change", show);
  addEventListener("pageshow", show); // the browser has restored what was selected
}

// The copy button takes the exact bytes, which the page may show in part.
for (const button of every("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      const answer = await fetch(button.dataset.copy);
      if (!answer.ok) throw new Error(answer.statusText);
      await navigator.clipboard.writeText(await answer.text());
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not copied: download it";
    }
  });
}

// The live tail reads the first page again. It waits while a row is pointed at or
// has the focus, so that nothing moves under the hand.
const live = document.querySelector("[data-live]");
if (live) {
  const wait = 5000;
  let paused = sessionStorage.getItem("tail") === "paused";
  const show = () => {
    live.setAttribute("aria-pressed", String(!paused));
    live.textContent = paused ? "Paused" : "Live";
  };
  live.hidden = false;
  show();
  live.addEventListener("click", () => {
    paused = !paused;
    sessionStorage.setItem("tail", paused ? "paused" : "live");
    show();
  });
  const follow = async () => {
    const rows = document.getElementById("rows");
    if (paused || document.hidden || rows.matches(":hover, :focus-within")) return;
    const answer = await fetch(location.href);
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("rows");
    if (paused || !fresh || rows.matches(":hover, :focus-within")) return;
    const known = new Set(every("[data-id]", rows).map((row) => row.dataset.id));
    for (const row of every("[data-id]", fresh)) row.classList.toggle("new", !known.has(row.dataset.id));
    rows.replaceChildren(...fresh.childNodes);
  };
  setInterval(() => follow().catch(() => {}), wait);
}

// The page of a replay follows it until it ends.
const renewRun = async () => {
  const run = document.querySelector("[data-active]");
  if (!run || document.hidden || run.querySelector("button:active")) return;
  const answer = await fetch(location.href);
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".run");
  if (!fresh) return;
  const held = run.contains(document.activeElement);
  run.replaceWith(fresh);
  if (held) fresh.querySelector("button")?.focus();
};
setInterval(() => renewRun().catch(() => {}), 1000);

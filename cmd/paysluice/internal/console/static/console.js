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
  else if (event.key === "/") {
    event.preventDefault(); // the search would receive the key, and Firefox would search the page
    document.querySelector(".search input").focus();
  }
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

// The copy button takes the exact text, which the page may show in part. Bytes that are no text are not copied.
for (const button of every("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      const answer = await fetch(button.dataset.copy);
      if (!answer.ok) throw new Error(answer.statusText);
      const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await answer.arrayBuffer()); // ignoreBOM keeps it
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not copied: download it";
    }
  });
}

// Some pages read themselves again. If the console does not answer, or AWS lists no events, the page says so and
// keeps what it has, with its time.
const renewal = 20000; // more than the console waits for AWS

const tell = (text) => {
  const state = document.getElementById("state");
  if (state.textContent === text) return; // said only once
  state.className = text ? "problem bad" : "";
  state.textContent = text;
};

// again returns the page of now, or of another address, or null.
const again = async (address = location.href) => {
  let why = "The console does not answer.";
  try {
    const answer = await fetch(address, { signal: AbortSignal.timeout(renewal) });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const worse = fresh.querySelector("[data-failed]") && document.querySelector("[data-id]");
    if (answer.ok && fresh.getElementById("rows") && !worse) {
      tell("");
      return fresh;
    }
    why = fresh.querySelector("main p")?.textContent || why;
  } catch {} // no connection, or no answer in time
  tell(`${why} This is the state of ${document.getElementById("read").dataset.clock}.`);
  return null;
};

// show replaces the part that changes, and the time of the page.
const show = (fresh) => {
  for (const id of ["rows", "read"]) document.getElementById(id).replaceWith(fresh.getElementById(id));
};

const repeat = (task, wait) => setTimeout(() => task().finally(() => repeat(task, wait)), wait);

// The live tail reads the first page again. While a row is pointed at or has the focus, or the list
// is scrolled, nothing moves under the hand.
const live = document.querySelector("[data-live]");
if (live) {
  let paused = sessionStorage.getItem("tail") === "paused";
  const label = (text) => {
    live.setAttribute("aria-pressed", String(!paused));
    live.textContent = paused ? "Paused" : text;
    live.classList.toggle("bad", live.textContent === "Not live");
  };
  live.hidden = false;
  label("Live");
  live.addEventListener("click", () => {
    paused = !paused;
    sessionStorage.setItem("tail", paused ? "paused" : "live");
    tell("");
    label("Live");
  });
  repeat(async () => {
    if (paused || document.hidden) return;
    const fresh = await again();
    if (paused) return tell("");
    if (!fresh) return label("Not live");
    const rows = document.getElementById("rows");
    const known = new Set(every("[data-id]", rows).map((row) => row.dataset.id));
    const added = every("[data-id]", fresh).filter((row) => !known.has(row.dataset.id));
    const held = known.size && (rows.matches(":hover, :focus-within") ? "when you leave the list" : rows.getBoundingClientRect().top < 0 && "at the top");
    if (held) return label(added.length ? `Live: ${added.length} new ${held}` : "Live");
    for (const row of added) row.classList.add("new");
    label(fresh.querySelector("[data-failed]") ? "Not live" : "Live");
    show(fresh);
  }, 5000);
}

// What a form would send follows the form. The last change counts.
const compose = document.querySelector(".compose");
let changes = 0;
compose?.addEventListener("change", async () => {
  const mine = ++changes;
  const asked = new URLSearchParams(new FormData(compose));
  if (new URL(location.href).searchParams.has("show")) asked.set("show", "body");
  const fresh = await again(`/send?${asked}`);
  if (fresh && mine === changes) show(fresh);
});

// The page of a replay or of a sent webhook follows it until it ends, and announces the end.
repeat(async () => {
  const run = document.querySelector("[data-active]");
  if (!run || document.hidden || run.querySelector("button:active")) return;
  const fresh = await again();
  if (!fresh || run.querySelector("button:active")) return;
  const held = run.contains(document.activeElement);
  show(fresh);
  const [heading, state] = [document.querySelector("h1"), document.getElementById("state")];
  if (!document.querySelector("[data-active]")) [state.className, state.textContent] = ["hide", heading.textContent];
  if (held) (document.querySelector(".run button") || heading).focus();
}, 1000);

// A plan and an examination take long. The link or the button that asks for one says so at
// once, and asks only once.
const begin = (control, event) => {
  if (!control?.dataset.working || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (control.ariaDisabled) return event.preventDefault();
  const [before, state] = [control.textContent, document.getElementById("state")];
  const say = (label, text) => {
    control.textContent = label;
    control.ariaDisabled = text ? "true" : null;
    [state.className, state.textContent] = [text ? "note" : "", text];
  };
  say(control.dataset.working, "The console is at work. The answer can take some minutes.");
  addEventListener("pageshow", () => say(before, ""), { once: true }); // the viewer came back to this page
};
document.addEventListener("click", (event) => begin(event.target.closest("a"), event));
document.addEventListener("submit", (event) => begin(event.submitter, event));

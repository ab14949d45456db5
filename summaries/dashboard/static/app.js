// The page as the server sent it is complete. This makes it live: parts that changed arrive
// as HTML over server-sent events and are morphed into place; charts are drawn from data
// attributes. Nothing from the outside is ever parsed as a script.

import { morph } from "./morph.js";
import { drawChart, restyleChart } from "./chart.js";
import { drawTreemap } from "./treemap.js";

const status = document.getElementById("status");
const pause = document.getElementById("pause");
const waiting = new Map(); // parts that arrived, by name
let stream = null;

// Milliseconds of a frame that updates may take; what is left waits for the next frame.
const budget = 6;

// What is drawn by scripts, and by what.
const drawings = { series: ["chart", drawChart], treemap: ["treemap", drawTreemap] };

function draw(name) {
	const [id, by] = drawings[name];
	const element = document.getElementById(id);
	if (element) by(element);
}

// apply puts parts in place for as long as this frame allows.
function apply() {
	const began = performance.now();
	for (const [name, html] of waiting) {
		waiting.delete(name);
		replace(name, html);
		if (performance.now() - began > budget) break;
	}
	if (waiting.size > 0) requestAnimationFrame(apply);
	// What the browser tests read: complete updates, and the time of each frame.
	if (waiting.size === 0) document.body.dataset.updates = String(Number(document.body.dataset.updates ?? 0) + 1);
	document.dispatchEvent(new CustomEvent("updated", { detail: performance.now() - began }));
}

function replace(name, html) {
	const live = document.querySelector(`[data-part="${CSS.escape(name)}"]`);
	if (!live) return;
	const holder = document.createElement("template");
	holder.innerHTML = html;
	if (holder.content.firstElementChild) morph(live, holder.content.firstElementChild);
	if (name in drawings) draw(name);
}

function connect() {
	const source = document.body.dataset.live;
	if (!source) return;
	stream = new EventSource(source);
	stream.addEventListener("parts", (event) => {
		if (waiting.size === 0) requestAnimationFrame(apply);
		for (const [name, html] of Object.entries(JSON.parse(event.data))) waiting.set(name, html);
	});
	stream.addEventListener("open", () => say("live"));
	stream.addEventListener("error", () => say("connection lost, trying again"));
}

let said = "";
function say(text) {
	if (status && said !== text) status.textContent = said = text;
}

// setPause is the address of a page of ours with pause=1, or without.
function setPause(href, paused) {
	const url = new URL(href);
	if (paused) url.searchParams.set("pause", "1");
	else url.searchParams.delete("pause");
	return url.pathname + url.search + url.hash;
}

// setPaused stops or resumes. The address, the form and the links to other pages keep it.
function setPaused(paused) {
	history.replaceState(null, "", setPause(location.href, paused));
	for (const link of document.querySelectorAll('a[href^="/"]:not([download])')) link.href = setPause(link.href, paused);
	const field = document.querySelector('form.filter input[name="pause"]');
	if (field) field.disabled = !paused;
	pause.setAttribute("aria-pressed", String(paused));
	pause.textContent = paused ? "Resume" : "Pause";
	stream?.close();
	stream = null;
	waiting.clear();
	if (paused) say("paused");
	else connect();
}

function toggle() {
	setPaused(pause.getAttribute("aria-pressed") !== "true");
}

pause.addEventListener("click", toggle);
document.addEventListener("keydown", (event) => {
	if (event.target.closest("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
	if (event.key === "p") toggle();
	if (event.key === "/") {
		document.querySelector('form.filter input[name="prefix"]')?.focus();
		event.preventDefault();
	}
});

for (const name of Object.keys(drawings)) {
	const element = document.getElementById(drawings[name][0]);
	// Drawn when it comes near the screen, and again when its width changes.
	let near = false;
	const sight = new IntersectionObserver((entries) => {
		if (!entries.some((entry) => entry.isIntersecting)) return;
		near = true;
		sight.disconnect();
		draw(name);
	}, { rootMargin: "600px" });
	sight.observe(element);
	new ResizeObserver(() => near && draw(name)).observe(element);
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => restyleChart(document.getElementById("chart")));
setPaused(pause.getAttribute("aria-pressed") === "true");

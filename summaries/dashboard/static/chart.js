// The series of events by kind, drawn by uPlot from the element's data-series: {"at": […],
// "per": seconds, "kinds": [{"id", "name", "events": […]}]}. A null is a stretch of which no window
// is there: it stays a gap, and is hatched. Dragging over the chart sets the time range of
// the page. All times are UTC, as everywhere on the page.

import uPlot from "./vendor/uPlot-1.6.32.js";

// By the number of a kind: create, write, truncate, rename, link, clone, copy, exchange, unlink,
// setattr, close_modified, mapped_write, other.
const colours = ["#2f7ed8", "#e07b00", "#3a9d5d", "#b0489c", "#8a6d3b", "#7a6ff0", "#16a3a3", "#a04000", "#c0392b", "#d4ac0d", "#6b8e23", "#117a65", "#808b96"];
const height = 190;

let plot = null;
let series = null; // what is drawn
let drawn = ""; // the text that it comes from

export function drawChart(element) {
	const text = element.dataset.series;
	const width = element.clientWidth;
	if (plot && plot.width !== width) plot.setSize({ width, height });
	if (drawn === text) return;
	const before = series;
	series = JSON.parse(text);
	drawn = text;
	if (plot && names(before) === names(series)) {
		plot.setData(stacked(series));
		return;
	}
	plot?.destroy();
	plot = new uPlot(options(width), stacked(series), element);
}

// restyleChart draws the chart in the colours that hold now.
export function restyleChart(element) {
	plot?.destroy();
	plot = null;
	drawn = "";
	drawChart(element);
}

function names(series) {
	return series.kinds.map((kind) => kind.name).join();
}

// stacked adds the kinds up from below, so that the top line is all events.
function stacked(series) {
	const sum = series.at.map(() => 0);
	const lines = series.kinds.map((kind) => kind.events.map((n, i) => (n === null ? null : (sum[i] += n))));
	return [series.at, ...lines.reverse()];
}

function options(width) {
	const style = getComputedStyle(document.documentElement);
	const text = style.getPropertyValue("--quiet").trim();
	const line = style.getPropertyValue("--line").trim();
	const font = "12px " + style.getPropertyValue("--sans").trim();
	const axis = { stroke: text, font, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
	return {
		width,
		height,
		padding: [null, 28, null, null], // for half of the last label
		tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
		cursor: { drag: { x: true, y: false, setScale: false } },
		legend: { live: true },
		scales: { y: { range: (_, __, max) => [0, Math.max(max, 1) * 1.05] } },
		axes: [
			{ ...axis, values: clockTimes },
			{ ...axis, size: 60, values: (_, ticks) => ticks.map(short) },
		],
		series: [{ label: "UTC", value: (_, at) => (at === null ? "" : moment(at)) }, ...lines()],
		hooks: { drawClear: [hatchGaps], setSelect: [choose] },
	};
}

// lighter is a colour on the background of the page. It is opaque: an area covers those that
// reach above it, and has the one colour of its kind.
function lighter(colour) {
	const card = getComputedStyle(document.documentElement).getPropertyValue("--card").trim();
	const parts = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
	const back = parts(card);
	return `rgb(${parts(colour).map((c, i) => Math.round(0.55 * c + 0.45 * back[i])).join(" ")})`;
}

// lines are the kinds, the last one first: each is drawn over by those below it.
function lines() {
	return series.kinds
		.map((kind, i) => ({
			label: kind.name,
			stroke: colours[kind.id % colours.length],
			fill: lighter(colours[kind.id % colours.length]),
			width: 1,
			spanGaps: false,
			paths: uPlot.paths.stepped({ align: 1 }),
			points: { show: false },
			value: (_, __, ___, at) => rate(i, at),
		}))
		.reverse();
}

function rate(kind, at) {
	if (at === null) return "";
	const n = series.kinds[kind].events[at];
	return n === null ? "unknown" : n.toLocaleString("en", { maximumFractionDigits: 1 }) + "/s";
}

// hatchGaps marks the time of which nothing is known, behind the lines.
function hatchGaps(u) {
	const { ctx, bbox } = u;
	const known = series.kinds[0].events;
	ctx.save();
	ctx.beginPath();
	for (let i = 0; i < known.length; i++) {
		if (known[i] !== null) continue;
		const from = i;
		while (i + 1 < known.length && known[i + 1] === null) i++;
		const left = Math.max(u.valToPos(series.at[from], "x", true), bbox.left);
		const right = Math.min(u.valToPos(series.at[i] + series.per, "x", true), bbox.left + bbox.width);
		if (right > left) ctx.rect(left, bbox.top, right - left, bbox.height);
	}
	ctx.clip();
	ctx.strokeStyle = u.axes[0].stroke(u, 0);
	ctx.globalAlpha = 0.45;
	ctx.lineWidth = devicePixelRatio;
	ctx.beginPath();
	const step = 7 * devicePixelRatio;
	for (let x = bbox.left - bbox.height; x < bbox.left + bbox.width; x += step) {
		ctx.moveTo(x, bbox.top + bbox.height);
		ctx.lineTo(x + bbox.height, bbox.top);
	}
	ctx.stroke();
	ctx.restore();
}

// choose goes to the range that was dragged over.
function choose(u) {
	if (u.select.width < 4) return;
	const url = new URL(location.href);
	url.searchParams.delete("range");
	url.searchParams.set("from", new Date(Math.floor(u.posToVal(u.select.left, "x")) * 1000).toISOString());
	url.searchParams.set("to", new Date(Math.ceil(u.posToVal(u.select.left + u.select.width, "x")) * 1000).toISOString());
	location.assign(url);
}

function moment(seconds) {
	return new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ");
}

// clockTimes are the labels of the x axis: the time of day, and the day where it changes.
function clockTimes(_, ticks, __, ___, apart) {
	let day = "";
	return ticks.map((at) => {
		const [date, time] = moment(at).split(" ");
		const label = apart >= 86400 ? date.slice(5) : time.slice(0, apart < 60 ? 8 : 5);
		const text = date === day || apart >= 86400 ? label : label + "\n" + date;
		day = date;
		return text;
	});
}

function short(n) {
	if (n >= 1e9) return n / 1e9 + "G";
	if (n >= 1e6) return n / 1e6 + "M";
	if (n >= 1e3) return n / 1e3 + "k";
	return String(n);
}

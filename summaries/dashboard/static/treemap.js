// Directories as areas: the area is events, the colour how many different files they went
// to at most. Drawn from the element's data-tree, a tree of {"name", "path", "events",
// "files", "href", "children"}. Each tile is a link, and the table of directories says the
// same.

import { hierarchy, treemap, treemapSquarify } from "./vendor/d3-hierarchy-3.1.3.js";

let drawn = "";

export function drawTreemap(element) {
	const { clientWidth: width, clientHeight: height } = element;
	const key = element.dataset.tree + width;
	if (drawn === key) return;
	drawn = key;
	const root = hierarchy(JSON.parse(element.dataset.tree), (d) => d.children)
		.sum((d) => (d.children ? 0 : d.events))
		.sort((a, b) => b.value - a.value);
	treemap().tile(treemapSquarify).size([width, height]).paddingInner(1)(root);
	const most = Math.max(1, ...root.leaves().map((leaf) => leaf.data.files));
	const have = new Map([...element.children].map((tile) => [tile.dataset.path, tile]));
	for (const leaf of root.leaves()) {
		if (!leaf.data.path) continue;
		const tile = have.get(leaf.data.path) ?? element.appendChild(document.createElement("a"));
		have.delete(leaf.data.path);
		place(tile, leaf, most);
	}
	for (const gone of have.values()) gone.remove();
}

function place(tile, leaf, most) {
	const { path, events, files, href } = leaf.data;
	tile.dataset.path = path;
	tile.href = href;
	const room = (leaf.x1 - leaf.x0 - 12) / 7; // characters
	tile.textContent = room >= path.length ? path : room < 3 ? "" : path.split("/").filter(Boolean).at(-1) ?? "/";
	const label = `${path}: ${events.toLocaleString("en")} events, at most ${files.toLocaleString("en")} files`;
	tile.title = label;
	tile.setAttribute("aria-label", label);
	const share = Math.log1p(files) / Math.log1p(most); // as the scale above the map
	Object.assign(tile.style, {
		left: leaf.x0 + "px",
		top: leaf.y0 + "px",
		width: leaf.x1 - leaf.x0 + "px",
		height: leaf.y1 - leaf.y0 + "px",
		backgroundColor: `color-mix(in srgb, var(--many) ${100 * share}%, var(--few))`,
	});
	tile.hidden = leaf.x1 - leaf.x0 < 3 || leaf.y1 - leaf.y0 < 3;
}

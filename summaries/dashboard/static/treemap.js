// Directories as areas: the area is events, the colour how many different files they went
// to; it is hatched where more were folded up. Drawn from the element's data-tree, a tree of
// {"name", "path", "events", "files", "folded", "href", "children"}. Each tile is a link, and
// the table of directories says the same.

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
	const { path, events, files, folded, href } = leaf.data;
	tile.dataset.path = path;
	tile.href = href;
	tile.textContent = path;
	const label = `${path}: ${events.toLocaleString("en")} events, ${folded ? "more than " : ""}${files.toLocaleString("en")} files`;
	tile.title = label;
	tile.setAttribute("aria-label", label);
	tile.className = folded ? "folded" : "";
	const share = Math.log1p(files) / Math.log1p(most);
	Object.assign(tile.style, {
		left: leaf.x0 + "px",
		top: leaf.y0 + "px",
		width: leaf.x1 - leaf.x0 + "px",
		height: leaf.y1 - leaf.y0 + "px",
		backgroundColor: `hsl(${210 - 180 * share} ${60 + 25 * share}% ${86 - 20 * share}%)`,
	});
	tile.hidden = leaf.x1 - leaf.x0 < 3 || leaf.y1 - leaf.y0 < 3;
}

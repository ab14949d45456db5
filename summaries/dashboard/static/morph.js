// morph makes a live element equal to a freshly rendered one, changing only what differs:
// focus, selection, scroll and open details stay as they are, and a screen reader hears only
// what is new. Children that carry data-key keep their identity when they change places.

/** @param {Element} live @param {Element} fresh */
export function morph(live, fresh) {
	syncAttributes(live, fresh);
	syncChildren(live, fresh);
}

function syncAttributes(live, fresh) {
	for (const { name, value } of fresh.attributes) {
		if (live.getAttribute(name) !== value) live.setAttribute(name, value);
	}
	for (const name of live.getAttributeNames()) {
		// What the user opened stays open.
		if (!fresh.hasAttribute(name) && !(name === "open" && live.localName === "details") && name !== "style") {
			live.removeAttribute(name);
		}
	}
}

function syncChildren(live, fresh) {
	if (live.hasAttribute("data-own")) return; // drawn by a script
	const keyed = new Map();
	for (const child of live.children) {
		if (child.dataset.key !== undefined) keyed.set(child.dataset.key, child);
	}
	let at = live.firstChild;
	for (const want of [...fresh.childNodes]) {
		const key = want.dataset?.key;
		const have = key !== undefined ? keyed.get(key) : at;
		if (!have || !same(have, want)) {
			live.insertBefore(want, at);
			continue;
		}
		if (have !== at) live.insertBefore(have, at);
		else at = at.nextSibling;
		if (have.nodeType === Node.ELEMENT_NODE) morph(have, want);
		else if (have.nodeValue !== want.nodeValue) have.nodeValue = want.nodeValue;
	}
	while (at) {
		const next = at.nextSibling;
		at.remove();
		at = next;
	}
}

function same(a, b) {
	return a.nodeType === b.nodeType && a.nodeName === b.nodeName && a.dataset?.key === b.dataset?.key;
}

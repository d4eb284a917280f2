"use strict";
(() => {
  const { pictures, features, palettes } = JSON.parse(document.getElementById("gallery").textContent);
  const A_PORTION = 48; // pictures shown at a time: some screens full
  const NEIGHBOURS = 6;
  const $ = (id) => document.getElementById(id);
  const element = (tag, attributes = {}, ...children) => {
    const node = tag === "svg" || tag === "rect"
      ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) if (value !== undefined) node.setAttribute(name, value);
    node.append(...children.filter((child) => child !== null));
    return node;
  };

  // ── Similarity: one picture is compared with all others when it is looked at. ──

  const unpack = ({ length, values }) => {
    const bytes = Int8Array.from(atob(values), (c) => c.charCodeAt(0));
    const rows = pictures.map((_, n) => bytes.subarray(n * length, (n + 1) * length));
    const norms = rows.map((row) => Math.sqrt(row.reduce((sum, x) => sum + x * x, 0)));
    return { rows, norms };
  };
  const vectors = { features: unpack(features), colour: unpack(palettes) };

  /** The cosines of picture `one` with all, by number; null where they cannot be compared. */
  const similarities = (one, by) => {
    const { rows, norms } = vectors[by];
    const own = rows[one];
    return rows.map((row, n) => {
      if (norms[n] === 0 || norms[one] === 0) return null;
      let dot = 0;
      for (let i = 0; i < own.length; i += 1) dot += own[i] * row[i];
      return dot / (norms[n] * norms[one]);
    });
  };
  const ranked = (one, by) => {
    const similarity = similarities(one, by);
    const others = [...pictures.keys()].filter((n) => n !== one && similarity[n] !== null);
    others.sort((a, b) => similarity[b] - similarity[a] || a - b);
    return { others, similarity };
  };

  // ── Colour: in OKLab, where distances are about as large as they look. By Björn Ottosson, 2020:
  // bottosson.github.io/posts/oklab, whose matrices these are; sRGB's curve is that of IEC 61966-2-1. ──

  const oklab = (hex) => {
    const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
    const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
    const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
    return [0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
      1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
      0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s];
  };
  for (const picture of pictures) {
    picture.lab = picture.colour ? oklab(picture.colour) : null;
    picture.colours = picture.palette.map(([hex, percent]) => ({ lab: oklab(hex), share: percent / 100 }));
  }
  const WIDTH = 0.1; // of a colour: bins of the palette lie about 0.1 apart
  // People call dark and light by one name, but not blue and grey: hue and strength count for more.
  const WEIGHTS = [0.6, 2, 2];
  /** How much of a picture has a colour, 0 to 1. */
  const amount = (picture, lab) => picture.colours.reduce((sum, { lab: own, share }) => {
    const squared = own.reduce((total, x, i) => total + (WEIGHTS[i] * (x - lab[i])) ** 2, 0);
    return sum + share * Math.exp(-squared / (2 * WIDTH * WIDTH));
  }, 0);
  const ENOUGH = 0.08;
  const COLOURS = { red: "#c8281e", orange: "#e07b1f", yellow: "#e8cf3a", green: "#3f8f3a", teal: "#2a8c8c",
    blue: "#2f5fb8", purple: "#7a3f98", pink: "#e08aa8", brown: "#704a2c", black: "#141414", grey: "#808080", white: "#f2f0ea" };

  // ── Which pictures, in which order. The address says it, so that a link and the back button do. ──

  const wish = () => {
    const said = new URLSearchParams(location.hash.slice(1));
    const like = pictures.findIndex((picture) => picture.id === said.get("like"));
    const colour = said.get("colour") ?? "";
    return {
      name: said.get("name") ?? "",
      order: ["hue", "light", "ratio"].includes(said.get("order")) ? said.get("order") : "name",
      colour: /^[0-9a-f]{6}$/i.test(colour) ? `#${colour.toLowerCase()}` : "",
      like,
      by: said.get("by") === "colour" ? "colour" : "features",
    };
  };
  const address = (changes) => {
    const { name, order, colour, like, by } = { ...wish(), ...changes };
    const said = new URLSearchParams();
    if (name) said.set("name", name);
    if (order !== "name") said.set("order", order);
    if (colour) said.set("colour", colour.slice(1));
    if (like >= 0) { said.set("like", pictures[like].id); said.set("by", by); }
    return `#${said}`;
  };
  const go = (changes) => { location.hash = address(changes); };

  const hue = ({ lab }) => {
    if (lab === null) return [2, 0];
    const [lightness, a, b] = lab; // greys after the colours, from dark to light
    return Math.hypot(a, b) < 0.02 ? [1, lightness] : [0, Math.atan2(b, a)];
  };
  const last = (value) => value ?? Infinity;
  const KEYS = {
    name: () => [0],
    hue,
    light: (picture) => [last(picture.lab?.[0])],
    ratio: (picture) => [last(picture.ratio)],
  };
  /** Numbers of pictures by `key`, equal ones by name, as they come. */
  const sorted = (numbers, key) => {
    const keys = new Map(numbers.map((n) => [n, key(pictures[n])]));
    return [...numbers].sort((a, b) => {
      const [one, other] = [keys.get(a), keys.get(b)];
      for (let i = 0; i < one.length; i += 1) if (one[i] !== other[i]) return one[i] - other[i];
      return a - b;
    });
  };
  const chosen = ({ name, order, colour, like, by }) => {
    let numbers = sorted([...pictures.keys()], KEYS[order]);
    let similarity = null;
    if (like >= 0) {
      const { others, similarity: found } = ranked(like, by);
      numbers = [like, ...others];
      similarity = found;
    }
    if (name) {
      const words = name.toLowerCase().split(/\s+/);
      numbers = numbers.filter((n) => words.every((word) => pictures[n].name.toLowerCase().includes(word)));
    }
    if (colour) {
      const lab = oklab(colour);
      const amounts = new Map(numbers.map((n) => [n, amount(pictures[n], lab)]));
      numbers = numbers.filter((n) => amounts.get(n) >= ENOUGH);
      if (like < 0 && order === "name") numbers = sorted(numbers, (picture) => [-amount(picture, lab)]);
    }
    return { numbers, similarity };
  };

  // ── One picture. ──

  const chip = (colour) => element("svg", { class: "chip", viewBox: "0 0 1 1", "aria-hidden": "true" },
    element("rect", { width: 1, height: 1, fill: colour }));
  const image = ({ name, thumbnail: [src, width, height] }, alt = name) =>
    element("img", { src, width, height, alt, loading: "lazy", decoding: "async" });
  const plate = (picture) => {
    const { thumbnail, href, colour, name } = picture;
    if (!thumbnail) {
      return element("div", { class: "plate gone", tabindex: "0", role: "img", "aria-label": `${name}, cannot be shown` },
        colour ? chip(colour) : null, element("p", {}, "Its file can no longer be shown."));
    }
    return href ? element("a", { class: "plate", href, title: "Open the file" }, image(picture))
      : element("div", { class: "plate", tabindex: "0" }, image(picture));
  };
  const fact = (name, ...value) => element("div", {}, element("dt", {}, name), element("dd", {}, ...value));
  const proportion = (ratio) => (ratio >= 1 ? `${ratio.toFixed(2)} : 1` : `1 : ${(1 / ratio).toFixed(2)}`);
  const facts = ({ ratio, colour }, similarity) => element("dl", { class: "facts" },
    similarity === undefined ? null : fact("Similarity", similarity.toFixed(2)),
    ratio ? fact("Aspect ratio", proportion(ratio)) : null,
    colour ? fact("Average colour", chip(colour), colour) : null);
  const bars = ({ palette }) => {
    if (palette.length === 0) return null;
    const words = palette.map(([hex, percent]) => `${hex} ${Math.round(percent)} %`).join(", ");
    const svg = element("svg", { class: "palette", viewBox: "0 0 100 1", preserveAspectRatio: "none", role: "img",
      "aria-label": `Strongest colours: ${words}` });
    let x = 0;
    for (const [fill, percent] of palette) {
      // Each one reaches a little under the next, so that no light shines through between them.
      svg.append(element("rect", { x, width: Math.min(percent + 0.5, 100 - x), height: 1, fill }));
      x = Math.min(x + percent, 100);
    }
    return svg;
  };
  const tiny = (n, similarity, by) => {
    const picture = pictures[n];
    const words = `${picture.name}, similarity ${similarity.toFixed(2)}`;
    return element("li", {}, element("a", { class: "tiny", href: address({ like: n, by, name: "", colour: "" }), title: words },
      picture.thumbnail ? image(picture, "") : chip(picture.colour ?? "#808080"), element("span", { class: "unseen" }, words)));
  };
  const strip = (one, by, title) => {
    const { others, similarity } = ranked(one, by);
    if (others.length === 0) return null;
    const neighbours = others.slice(0, NEIGHBOURS).map((n) => tiny(n, similarity[n], by));
    const all = element("a", { class: "all", href: address({ like: one, by, name: "", colour: "" }) }, "all",
      element("span", { class: "unseen" }, ` ${title.toLowerCase()} as ${pictures[one].name}`));
    return element("section", { class: "strip" }, element("h3", {}, title, " ", all), element("ol", { "aria-label": title }, ...neighbours));
  };
  const entry = (n, similarity) => {
    const picture = pictures[n];
    const heading = element("h2", { title: picture.name }, element("bdi", {}, picture.name));
    const label = element("div", { class: "label" }, heading, facts(picture, similarity), bars(picture));
    const article = element("article", { class: "entry", id: `p-${picture.id}` }, plate(picture), label);
    article.number = n;
    looked.observe(article);
    return article;
  };
  const compare = (article) => {
    const strips = [strip(article.number, "features", "Similar by features"), strip(article.number, "colour", "Similar by colour")];
    article.querySelector(".label").append(...strips.filter((one) => one !== null));
  };
  /** Neighbours are looked for when a picture comes into view. */
  const looked = new IntersectionObserver((seen) => {
    for (const { target, isIntersecting } of seen) {
      if (!isIntersecting) continue;
      looked.unobserve(target);
      setTimeout(compare, 0, target); // one after the other, so that scrolling goes on between them
    }
  }, { rootMargin: "400px" });

  // ── All of them, a portion at a time. ──

  const place = $("pictures");
  const more = element("button", { type: "button", class: "more" }, "Show more");
  let waiting = () => {};
  more.addEventListener("click", () => {
    const { length } = place.children;
    waiting();
    place.children[length]?.querySelector(".plate").focus();
  });
  new IntersectionObserver((seen) => { if (seen.some((one) => one.isIntersecting)) waiting(); }, { rootMargin: "1200px" }).observe(more);

  const show = () => {
    const wished = wish();
    const { numbers, similarity } = chosen(wished);
    looked.disconnect();
    place.replaceChildren();
    let next = 0;
    waiting = () => {
      for (const n of numbers.slice(next, next + A_PORTION)) {
        place.append(entry(n, similarity && n !== wished.like ? similarity[n] : undefined));
      }
      next += A_PORTION;
      more.hidden = next >= numbers.length;
    };
    place.after(more);
    waiting();
    reflect(wished, numbers.length);
  };
  const count = (number) => (number === 1 ? "1 picture" : `${number.toLocaleString("en")} pictures`);
  const reflect = ({ name, order, colour, like, by }, number) => {
    const all = number === pictures.length;
    $("found").textContent = all ? count(number) : `${number === 0 ? "None" : count(number)} of ${pictures.length.toLocaleString("en")}`;
    $("anchor").replaceChildren();
    if (like >= 0) {
      const other = by === "features" ? "colour" : "features";
      $("anchor").append(element("span", {}, `Similar by ${by} to `, element("bdi", {}, pictures[like].name), "; "),
        element("a", { href: address({ by: other }) }, `by ${other} instead`));
    }
    $("reset").hidden = !(name || colour || like >= 0 || order !== "name");
    if ($("name") !== document.activeElement) $("name").value = name;
    $("order").value = order;
    $("order").disabled = like >= 0; // the order is the similarity then
    for (const button of $("colours").children) button.setAttribute("aria-pressed", String(button.value === colour));
    if (colour) $("colour").value = colour;
  };

  for (const [name, hex] of Object.entries(COLOURS)) {
    const button = element("button", { type: "button", value: hex, title: name, "aria-label": name, "aria-pressed": "false" });
    button.style.backgroundColor = hex;
    button.addEventListener("click", () => go({ colour: wish().colour === hex ? "" : hex }));
    $("colours").append(button);
  }
  $("colour").addEventListener("change", (event) => go({ colour: event.target.value }));
  $("order").addEventListener("change", (event) => go({ order: event.target.value }));
  $("name").addEventListener("input", (event) => {
    // Not a step of the history for each letter.
    history.replaceState(null, "", address({ name: event.target.value.trim() }));
    show();
  });
  $("reset").addEventListener("click", () => { location.hash = ""; });

  const typing = (target) => target.matches("input, select, textarea");
  const step = (by) => {
    const entries = [...place.children];
    const at = entries.findIndex((one) => one.contains(document.activeElement));
    const plates = entries[Math.max(0, Math.min(at + by, entries.length - 1))]?.querySelector(".plate");
    plates?.focus();
    plates?.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      document.activeElement?.blur();
      location.hash = "";
    } else if (typing(event.target)) {
      return;
    } else if (event.key === "/") {
      $("name").focus();
    } else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      step(event.key === "ArrowRight" ? 1 : -1);
    } else if (event.key === "s") {
      const at = document.activeElement?.closest(".entry");
      if (!at) return;
      go({ like: at.number, by: "features" });
    } else {
      return;
    }
    event.preventDefault();
  });
  window.addEventListener("hashchange", () => {
    const { hash } = location;
    if (hash === "#parked" || hash === "#main") return; // places in the page
    show();
    if (wish().like >= 0) {
      scrollTo({ top: $("found").getBoundingClientRect().top + scrollY - 16 });
      place.firstElementChild?.querySelector(".plate").focus({ preventScroll: true });
    }
  });
  show();
})();

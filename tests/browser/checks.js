// Looks for faults in the page and returns them as a list of sentences.
(async () => {
  const faults = [];
  const called = (element) => {
    const name = [element.tagName.toLowerCase(), ...element.classList].join(".");
    return `${name} “${(element.textContent || element.alt || element.ariaLabel || "").trim().slice(0, 40)}”`;
  };
  const fault = (what, element) => faults.push(element ? `${what}: ${called(element)}` : what);
  const all = [...document.body.querySelectorAll("*")];

  // Nothing runs.
  if (window.harmed !== undefined) fault("script: a name ran as one");
  for (const element of document.querySelectorAll("iframe, object, embed, base, form")) fault("script", element);
  for (const element of document.querySelectorAll("script")) {
    const data = element.id === "gallery" && element.type === "application/json";
    const own = element.parentElement.id === "main" && element.previousElementSibling?.id === "gallery";
    if (!data && !own) fault("script", element);
  }
  for (const element of document.querySelectorAll("*"))
    for (const { name, value } of element.attributes) {
      if (name.startsWith("on")) fault(`script: attribute ${name}`, element);
      if (/^(href|src|action|xlink:href)$/.test(name) && /^\s*javascript:/i.test(value)) fault("script: address", element);
    }

  // Nothing sticks out.
  const width = window.innerWidth;
  if (document.documentElement.scrollWidth > width)
    fault(`overflow: ${document.documentElement.scrollWidth} of ${width} pixels`);
  for (const element of all) {
    const box = element.getBoundingClientRect();
    if (box.width > 0 && (box.right > width + 0.5 || box.left < -0.5) && !element.closest(".unseen, .skip"))
      fault(`overflow: from ${box.left} to ${box.right}`, element);
  }

  // Text can be read.
  const parse = (colour) => {
    const [red, green, blue, alpha = 1] = colour.match(/[\d.]+/g).map(Number);
    return { rgb: [red, green, blue], alpha };
  };
  const over = (top, bottom) => top.rgb.map((c, i) => c * top.alpha + bottom[i] * (1 - top.alpha));
  const background = (element) => {
    if (!element) return matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18] : [255, 255, 255];
    const own = parse(getComputedStyle(element).backgroundColor);
    return own.alpha === 1 ? own.rgb : over(own, background(element.parentElement));
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  let texts = 0;
  for (const element of all) {
    const ownText = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!ownText || element.closest("svg, .unseen, .skip")) continue;
    texts += 1;
    const back = background(element);
    const front = over(parse(getComputedStyle(element).color), back);
    if (contrast(front, back) < 4.5) fault(`contrast: ${contrast(front, back).toFixed(2)}`, element);
    if (parseFloat(getComputedStyle(element).fontSize) < 12) fault("small text", element);
  }
  if (texts < 3) fault("text: hardly any");

  // Controls can be seen: their edge or their inside stands out from what is around them (WCAG 1.4.11).
  for (const control of document.querySelectorAll("input, select, button")) {
    const style = getComputedStyle(control);
    if (control.disabled || control.getBoundingClientRect().width === 0) continue;
    const around = background(control.parentElement);
    const edge = parseFloat(style.borderTopWidth) > 0 ? over(parse(style.borderTopColor), around) : around;
    const most = Math.max(contrast(edge, around), contrast(background(control), around));
    if (most < 3) fault(`edge: ${most.toFixed(2)}`, control);
  }

  // Pictures are there and named.
  for (const image of document.images) {
    image.loading = "eager";
    await image.decode().catch(() => fault("image: broken", image));
    const told = image.closest(".tiny")?.textContent ?? image.alt;
    if (!told.trim()) fault("alt: none", image);
    const box = image.getBoundingClientRect();
    if (box.width < 1 || box.height < 1) fault("image: unseen", image);
    const drawn = box.width / box.height / (image.naturalWidth / image.naturalHeight);
    const cut = getComputedStyle(image).objectFit === "cover";
    if (!cut && Math.min(box.width, box.height) > 4 && Math.abs(drawn - 1) > 0.02) fault("image: distorted", image);
  }
  for (const graphic of document.querySelectorAll("svg:not([aria-hidden]), [role=img]"))
    if (!graphic.getAttribute("aria-label")) fault("alt: none", graphic);
  for (const link of document.querySelectorAll("a[href]")) {
    const words = link.textContent.trim() || [...link.querySelectorAll("img")].map((image) => image.alt).join("");
    if (!words) fault("link: without words", link);
  }
  for (const tiny of document.querySelectorAll(".tiny")) {
    if (!tiny.querySelector("img, svg.chip")) fault("tiny: neither picture nor colour", tiny);
    if (parseFloat(getComputedStyle(tiny).width) < 24) fault("tiny: too small to touch", tiny);
  }
  for (const control of document.querySelectorAll("input, select, button"))
    if (!(control.labels?.length || control.textContent.trim() || control.ariaLabel)) fault("control: without a name", control);

  // One outline, one of each id.
  if (document.querySelectorAll("h1").length !== 1) fault("headings: not one h1");
  if (!document.title.trim() || !document.documentElement.lang) fault("head: no title or language");
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  if (new Set(ids).size !== ids.length) fault("ids: one twice");
  for (const entry of document.querySelectorAll(".entry"))
    for (const tiny of entry.querySelectorAll(".tiny"))
      if (new URLSearchParams(tiny.hash.slice(1)).get("like") === entry.id.slice(2)) fault("neighbours: itself", entry);
  return faults;
})()

// Uses the page as a person would and returns what did not happen, as a list of sentences. Colours are
// judged by the browser's own arithmetic, not the page's.
async (only) => {
  const faults = [];
  const $ = (selector) => document.querySelector(selector);
  const rest = () => new Promise((done) => setTimeout(done, 60));
  const until = async (true_) => { for (let n = 0; n < 50 && !true_(); n += 1) await rest(); return true_(); };
  const expect = (is, what) => { if (!is) faults.push(what); };
  const { pictures } = JSON.parse($("#gallery")?.textContent ?? '{"pictures": []}');
  const byId = new Map(pictures.map((picture) => [`p-${picture.id}`, picture]));
  const entries = () => [...document.querySelectorAll(".pictures > .entry")];
  const shown = () => entries().map((entry) => byId.get(entry.id));
  const all = async () => { while ($(".more") && !$(".more").hidden) { $(".more").click(); await rest(); } };
  const again = async () => { location.hash = ""; await rest(); };
  const rising = (numbers) => numbers.every((number, n) => n === 0 || numbers[n - 1] <= number + 1e-3); // both round
  const probe = document.createElement("i");
  const computed = new Map();
  const oklab = (colour) => {
    if (!computed.has(colour)) {
      document.head.append(probe);
      probe.style.color = `oklab(from ${colour} l a b)`;
      const [lightness, a, b] = getComputedStyle(probe).color.match(/-?[\d.]+(e-?\d+)?/g).map(Number);
      probe.remove();
      computed.set(colour, { lightness, a, b });
    }
    return computed.get(colour);
  };
  const type = (value) => { $("#name").value = value; $("#name").dispatchEvent(new Event("input")); };
  const choose = (value) => { $("#order").value = value; $("#order").dispatchEvent(new Event("change")); };

  const uses = {
    async more() {
      await all();
      expect(entries().length === pictures.length, `${entries().length} of ${pictures.length} pictures are shown`);
      expect(new Set(entries().map((entry) => entry.id)).size === pictures.length, "one is shown twice");
      expect(shown().every((picture, n) => picture === pictures[n]), "they are not in the order of their names");
    },
    async order() {
      for (const [order, key] of Object.entries({
        ratio: ({ ratio }) => ratio,
        light: ({ colour }) => oklab(colour).lightness,
        hue: ({ colour }) => {
          const { lightness, a, b } = oklab(colour);
          return Math.hypot(a, b) < 0.02 ? 10 + lightness : Math.atan2(b, a);
        },
      })) {
        choose(order);
        await rest();
        await all();
        expect(entries().length === pictures.length, `${order}: some are lost`);
        expect(rising(shown().map(key)), `not from one end of ${order} to the other`);
      }
    },
    async name() {
      const words = pictures.at(-1).name.slice(0, 40).toUpperCase();
      type(words);
      await rest();
      await all();
      const wanted = pictures.filter(({ name }) => words.trim().split(/\s+/).every((word) => name.toUpperCase().includes(word)));
      expect(entries().length === wanted.length && wanted.length > 0, `${entries().length} instead of ${wanted.length} pictures for ${words}`);
      expect($("#found").textContent.length > 0, "nobody says how many there are");
      type("no picture is called so");
      await rest();
      expect(entries().length === 0 && /None/.test($("#found").textContent), "a name that is none has pictures");
      type("");
      await rest();
    },
    async colour() {
      const far = (one, other) => Math.hypot(one.lightness - other.lightness, one.a - other.a, one.b - other.b);
      const nearest = ({ palette }, lab) => Math.min(...palette.map(([hex]) => far(oklab(hex), lab)));
      let some = 0;
      for (const button of document.querySelectorAll("#colours button")) {
        button.click();
        await rest();
        await all();
        const lab = oklab(button.value);
        const found = new Set(shown());
        some += found.size;
        expect(button.getAttribute("aria-pressed") === "true", `${button.ariaLabel} is not shown to be chosen`);
        for (const picture of pictures) {
          if (found.has(picture)) expect(nearest(picture, lab) < 0.45, `${picture.name} has no ${button.ariaLabel}`);
          else expect(!picture.palette.some(([hex, percent]) => percent > 40 && far(oklab(hex), lab) < 0.04), `${picture.name} has ${button.ariaLabel}`);
        }
        button.click();
        await rest();
      }
      expect(some > 0, "no colour has a picture");
      expect(entries().length > 0 && location.hash.length < 2, "the second press does not undo the first");
    },
    async similar() {
      const first = entries()[0];
      expect(await until(() => first.querySelector(".tiny")), "no neighbours come");
      const link = first.querySelector(".tiny");
      const like = new URLSearchParams(link.hash.slice(1)).get("like");
      link.click();
      expect(await until(() => entries()[0]?.id === `p-${like}`), "a click on a neighbour does not lead to it");
      expect(document.activeElement === entries()[0].querySelector(".plate"), "the focus is not on it");
      await all();
      const said = entries().slice(1).map((entry) => Number(entry.querySelector(".facts dd").textContent));
      expect(said.length > 0 && rising(said.map((x) => -x)), "the similar ones are not in the order of their similarity");
      expect(said.every((x) => x >= -1 && x <= 1), "a similarity is no cosine");
      history.back();
      expect(await until(() => entries()[0]?.id === first.id), "the way back does not lead back");
    },
    async together() {
      const like = `like=${pictures[0].id}&by=features`;
      const found = async (wish) => { location.hash = wish; await rest(); await all(); return entries().map(({ id }) => id); };
      const similar = await found(like);
      let most = 0;
      for (const button of document.querySelectorAll("#colours button")) {
        const coloured = await found(`colour=${button.value.slice(1)}`);
        const wanted = similar.filter((id) => coloured.includes(id));
        most = Math.max(most, wanted.length);
        location.hash = like;
        await rest();
        button.click();
        await rest();
        await all();
        expect(entries().map(({ id }) => id).join() === wanted.join(),
          `the ${button.ariaLabel} ones of the similar are not those, in the order of their similarity`);
        expect(location.hash.includes(like) && location.hash.includes("colour="), "one wish ends the other");
      }
      expect(most > 0, "no similar one has a colour");
    },
  };
  for (const [name, use] of Object.entries(uses)) {
    if (!name.startsWith(only)) continue;
    const before = faults.length;
    try {
      await again();
      await use();
    } catch (error) {
      faults.push(String(error));
    }
    for (let n = before; n < faults.length; n += 1) faults[n] = `${name}: ${faults[n]}`;
  }
  await again();
  return faults.slice(0, 20);
}

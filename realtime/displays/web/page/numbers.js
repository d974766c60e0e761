// The bars of one face, the timeline of the last minute, and what a screen reader hears.

const MINUTE = 60000;
const COLUMN = 250; // milliseconds a column of the timeline
const LONGEST_COLUMN = 1000; // milliseconds that a slow column stands for; what is longer is a gap
const SPOKEN_EVERY = 2000; // milliseconds between announcements

export class Bars {
  constructor(list, classes) {
    this.rows = classes.map((name) => {
      const row = document.createElement("li");
      const label = element("span", "label", name);
      const track = element("span", "track");
      const fill = track.appendChild(element("span", "fill"));
      const value = element("span", "value", "-");
      row.append(label, track, value);
      return { row, fill, value };
    });
    list.replaceChildren(...this.rows.map(({ row }) => row));
  }

  show(probabilities) {
    const best = probabilities ? Math.max(...probabilities) : null;
    this.rows.forEach(({ row, fill, value }, number) => {
      const share = probabilities ? probabilities[number] : 0;
      fill.style.transform = `scaleX(${share})`;
      value.textContent = probabilities ? `${Math.round(share * 100)} %` : "-";
      row.classList.toggle("best", probabilities !== null && share === best);
    });
  }
}

export class Timeline {
  constructor(canvas, classes) {
    this.canvas = canvas;
    this.classes = classes;
    this.columns = []; // [time, probabilities], oldest first
  }

  add(probabilities, now) {
    const last = this.columns.at(-1);
    if (!last || now - last[0] >= COLUMN) this.columns.push([now, probabilities]);
  }

  draw(now) {
    while (this.columns.length && now - this.columns[0][0] > MINUTE) this.columns.shift();
    const { clientWidth, clientHeight } = this.canvas;
    this.canvas.width = clientWidth * devicePixelRatio;
    this.canvas.height = clientHeight * devicePixelRatio;
    const context = this.canvas.getContext("2d");
    context.scale(devicePixelRatio, devicePixelRatio);
    const style = getComputedStyle(this.canvas);
    const names = 88;
    const row = (clientHeight - 18) / this.classes.length;
    const wide = clientWidth - names;
    context.font = "13px system-ui, sans-serif";
    context.textBaseline = "middle";
    context.fillStyle = style.color;
    this.classes.forEach((name, number) => context.fillText(name, 0, (number + 0.5) * row, names - 6));
    context.fillText("60 s ago", names, clientHeight - 8);
    context.textAlign = "right";
    context.fillText("now", clientWidth, clientHeight - 8);
    context.fillStyle = style.getPropertyValue("--bar");
    const place = (at) => names + (1 - (now - at) / MINUTE) * wide;
    this.columns.forEach(([at, probabilities], order) => {
      const until = Math.min(this.columns[order + 1]?.[0] ?? at + COLUMN, at + LONGEST_COLUMN);
      probabilities?.forEach((share, number) => {
        context.globalAlpha = share;
        context.fillRect(place(at), number * row + 1, place(until) - place(at), row - 2);
      });
    });
    context.globalAlpha = 0.4;
    context.strokeStyle = style.getPropertyValue("--line");
    for (let number = 0; number <= this.classes.length; number += 1) {
      context.strokeRect(names, number * row, wide, 0);
    }
  }
}

export class Speech {
  constructor(place) {
    this.place = place;
    this.said = "";
    this.at = -Infinity;
  }

  say(text, now) {
    if (text === this.said || now - this.at < SPOKEN_EVERY) return;
    this.place.textContent = text;
    this.said = text;
    this.at = now;
  }
}

function element(tag, name, text = "") {
  const made = document.createElement(tag);
  made.className = name;
  made.textContent = text;
  return made;
}

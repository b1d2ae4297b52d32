// The script of the report: the large chart, and the switch of the theme. All else is there without it.
import { render } from "preact";
import { useState } from "preact/hooks";
import { index as readIndex, marks as readMarks, type Index, type Marks } from "./block";
import { Chart } from "./chart";

const THEMES = ["system", "light", "dark"] as const;

function Theme({ changed }: { changed: (theme: string) => void }) {
  const [nth, setNth] = useState(0);
  const next = () => {
    const place = (nth + 1) % THEMES.length;
    const theme = THEMES[place]!;
    if (theme === "system") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme;
    setNth(place);
    changed(theme);
  };
  return <button type="button" onClick={next}>Theme: {THEMES[nth]}</button>;
}

function draw(host: HTMLElement, index: Index, marks: Marks, theme: string) {
  render(<Chart index={index} marks={marks} theme={theme} />, host);
}

async function start() {
  const host = document.getElementById("chart");
  const index = readIndex();
  const marks = host && index && index.symbols.length > 0 ? await readMarks() : undefined;
  const redraw = (theme: string) => {
    if (host && index && marks) draw(host, index, marks, theme);
  };
  const nav = document.querySelector("nav");
  if (nav) {
    const place = document.createElement("div");
    nav.append(place);
    render(<Theme changed={redraw} />, place);
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (event) => redraw(event.matches ? "to dark" : "to light"));
  redraw("system");
  document.body.dataset["ready"] = "true";
}

void start();

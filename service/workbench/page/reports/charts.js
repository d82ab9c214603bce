// Charts as drawings in the page. The numbers stand in a table beside each, which is what a screen
// reader is told of.
import { number } from "../core/format.js";
import { html } from "../core/html.js";

const WIDTH = 640;
const LABEL = 170;
const BAR = 26;
const INKS = ["a", "b", "c"];

/** What the colours mean. @param {{names: string[]}} props */
export const Legend = ({ names }) =>
  html`<p class="legend">${names.map((name, n) => html`<span key=${name}><i class=${INKS[n]}></i>${name}</span>`)}</p>`;

/** At most so many characters of a name. @param {string} text */
const short = (text) => ([...text].length > 24 ? `${[...text].slice(0, 23).join("")}…` : text);

/**
 * Bars, one below the other, each of several values.
 * @param {{label: string, rows: {name: string, values: number[]}[], write?: (value: number) => string}} props
 */
export function Bars({ label, rows, write = number }) {
  const most = Math.max(1, ...rows.flatMap((row) => row.values));
  const inks = rows[0]?.values.length || 1;
  const each = Math.max(BAR, inks * 14 + 8);
  const room = WIDTH - LABEL - 60;
  return html`<svg class="chart" viewBox="0 0 ${WIDTH} ${rows.length * each}" role="img" aria-label=${label}>
    ${rows.map((row, n) => html`<g key=${row.name + n} transform="translate(0 ${n * each})">
      <title>${row.name}</title>
      <text x=${LABEL - 8} y=${each / 2 + 4} text-anchor="end">${short(row.name)}</text>
      ${row.values.map((value, ink) => {
        const height = (each - 8) / inks - 2;
        const y = 4 + ink * (height + 2);
        const width = Math.max(value > 0 ? 2 : 0, (value / most) * room);
        return html`<g key=${ink}><rect class=${INKS[ink]} x=${LABEL} y=${y} width=${width} height=${height} rx="2" />
          <text class="soft" x=${LABEL + width + 6} y=${y + height / 2 + 4}>${write(value)}</text></g>`;
      })}
    </g>`)}
  </svg>`;
}

/**
 * Lines over periods.
 * @param {{label: string, names: string[], series: number[][], write?: (value: number) => string}} props
 *   names: of the periods; series: a value for each, null where there is none
 */
export function Lines({ label, names, series, write = number }) {
  const height = 200;
  const most = Math.max(1, ...series.flat().map((value) => value || 0));
  const x = (n) => 48 + (names.length < 2 ? 0 : (n * (WIDTH - 72)) / (names.length - 1));
  const y = (value) => height - 28 - (value / most) * (height - 48);
  const every = Math.max(1, Math.ceil(names.length / 8));
  return html`<svg class="chart" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label=${label}>
    ${[0, most / 2, most].map((value) => html`<g key=${value}><line class="axis" x1="44" x2=${WIDTH - 16} y1=${y(value)} y2=${y(value)} />
      <text class="soft" x="40" y=${y(value) + 4} text-anchor="end">${write(value)}</text></g>`)}
    ${names.map((name, n) => n % every === 0 && html`<text key=${n} class="soft" x=${x(n)} y=${height - 8} text-anchor="middle">${name}</text>`)}
    ${series.map((values, ink) => {
      const points = values.map((value, n) => [n, value]).filter(([, value]) => value !== null && value !== undefined);
      const path = points.map(([n, value], place) => `${place ? "L" : "M"}${x(n)} ${y(value)}`).join("");
      return html`<g key=${ink} class=${INKS[ink]}><path class=${INKS[ink]} d=${path} />
        ${points.map(([n, value]) => html`<circle key=${n} class=${INKS[ink]} cx=${x(n)} cy=${y(value)} r="3"><title>${names[n]}: ${write(value)}</title></circle>`)}</g>`;
    })}
  </svg>`;
}

/**
 * From many to few: each step as a part of the first.
 * @param {{label: string, steps: [string, number][]}} props
 */
export function Funnel({ label, steps }) {
  const most = Math.max(1, steps[0]?.[1] || 0);
  const room = WIDTH - LABEL - 110;
  return html`<svg class="chart" viewBox="0 0 ${WIDTH} ${steps.length * 36}" role="img" aria-label=${label}>
    ${steps.map(([name, value], n) => {
      const width = (value / most) * room;
      return html`<g key=${name} transform="translate(0 ${n * 36})">
        <text x=${LABEL - 8} y="22" text-anchor="end">${short(name)}</text>
        <rect class="a" x=${LABEL + (room - width) / 2} y="4" width=${width} height="26" rx="3" />
        <text class="soft" x=${LABEL + room + 8} y="22">${number(value)} · ${number((100 * value) / most)} %</text></g>`;
    })}
  </svg>`;
}

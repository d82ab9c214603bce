// Line drawings of 24 by 24, in the colour of the text.
import { html } from "./html.js";

const PATHS = {
  offers: "M4 6h16v9H8l-4 4zM8 10h8",
  leads: "M8 11a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM2 20c0-4 2.500-6.500 6-6.500s6 2.500 6 6.500M15 5h7M15 10h7M17 15h5",
  market: "M4 10v10h16V10M3 10l2-6h14l2 6M3 10a3 3 0 0 0 6 0 3 3 0 0 0 6 0 3 3 0 0 0 6 0",
  give: "M12 3v11M8 10l4 4 4-4M4 15v5h16v-5",
  company: "M4 21V5h9v16M13 9h7v12M7 9h3M7 13h3M7 17h3M16 13h1M16 17h1M2 21h20",
  search: "M10.500 17a6.500 6.500 0 1 0 0-13 6.500 6.500 0 0 0 0 13zM15.500 15.500L21 21",
  phone: "M6 3h3l2 5-2.500 2a13 13 0 0 0 5.500 5.500l2-2.500 5 2v3c0 2-1.500 3-3 3A16 16 0 0 1 3 6c0-1.500 1-3 3-3z",
  mail: "M3 6h18v12H3zM3 7l9 7 9-7",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3.500 2",
  check: "M5 12.500l4.500 4.500L19 7",
  cross: "M6 6l12 12M18 6L6 18",
  back: "M14 5l-7 7 7 7",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  user: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21c0-4.500 3.500-7 8-7s8 2.500 8 7",
  star: "M12 4l2.500 5.200 5.700.7-4.200 3.900 1.100 5.700L12 16.700l-5.100 2.800L8 13.800 3.800 9.900l5.700-.7z",
  file: "M6 3h8l5 5v13H6zM14 3v5h5",
  bell: "M6 17V11a6 6 0 0 1 12 0v6l1.500 2h-15zM10 21h4",
  plus: "M12 5v14M5 12h14",
};

/** @param {{name: keyof typeof PATHS | string}} props says nothing to a screen reader */
export const Icon = ({ name }) =>
  html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;

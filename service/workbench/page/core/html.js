// What every file of the page builds with: one place names the libraries.
import { createContext, Fragment, h, render } from "../vendor/preact.js";
import htm from "../vendor/htm.js";

export {
  useCallback,
  useContext,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useReducer,
  useRef,
  useState,
} from "../vendor/hooks.js";
export { createContext, Fragment, h, render };

/** Markup as tagged templates. Values are texts or nodes, never markup. */
export const html = htm.bind(h);

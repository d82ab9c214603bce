// What the page uses of Preact; its own types are larger than it is.
export function h(kind: any, props: any, ...children: any[]): any;
export function render(node: any, into: Element): void;
export function createContext<T>(first: T): any;
export const Fragment: any;
export const Component: any;
export const options: any;

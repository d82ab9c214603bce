// The hooks that the page uses.
export function useState<T>(first: T | (() => T)): [T, (next: T | ((before: T) => T)) => void];
export function useRef<T>(first: T): { current: T };
export function useMemo<T>(make: () => T, on: readonly unknown[]): T;
export function useCallback<T>(call: T, on: readonly unknown[]): T;
export function useEffect(run: () => void | (() => void), on?: readonly unknown[]): void;
export function useLayoutEffect(run: () => void | (() => void), on?: readonly unknown[]): void;
export function useContext(context: any): any;
export function useReducer<S, A>(step: (state: S, action: A) => S, first: S): [S, (a: A) => void];
export function useId(): string;
export function useErrorBoundary(told?: (error: any) => void): [any, () => void];

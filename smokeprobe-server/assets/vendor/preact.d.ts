// What the page uses of preact.js, for the type checker. Not embedded.

export type VNode = object;
export type Child = VNode | string | number | boolean | null | undefined | Child[];
export function html(strings: TemplateStringsArray, ...values: unknown[]): VNode;
export function h(type: unknown, props?: object | null, ...children: Child[]): VNode;
export function render(node: Child, place: Element): void;
export function createContext<T>(value: T): { Provider: unknown };
export function useContext<T>(context: { Provider: unknown }): T;
export function useState<T>(first: T | (() => T)): [T, (next: T | ((before: T) => T)) => void];
export function useReducer<S, A>(reducer: (state: S, action: A) => S, first: S): [S, (action: A) => void];
export function useEffect(effect: () => void | (() => void), dependencies?: readonly unknown[]): void;
export function useLayoutEffect(effect: () => void | (() => void), dependencies?: readonly unknown[]): void;
export function useRef<T>(first: T): { current: T };
export function useMemo<T>(make: () => T, dependencies?: readonly unknown[]): T;
export function useCallback<F extends (...args: never[]) => unknown>(callback: F, dependencies?: readonly unknown[]): F;

/** `<duologue-widget>` as a component. */
import type { ControlledSession } from "@duologue/client";
import type { ATTRIBUTES, AttributeName, DuologueWidget } from "@duologue/widget";
import { createElement, type CSSProperties, type ReactNode, useEffect, useRef } from "react";

/** `base-url` as React says it: `baseUrl`. */
type Camel<Name extends string> = Name extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<Camel<Rest>>}`
  : Name;

/** Every attribute of the tag, by the names and types of the one table that there is of them. */
export type WidgetAttributes = {
  readonly [Name in Exclude<AttributeName, "agent" | "key"> as Camel<Name>]?:
    | ReturnType<(typeof ATTRIBUTES)[Name]["read"]>
    | undefined;
};

export interface AvatarWidgetProps extends WidgetAttributes {
  /** The agent's id or slug. */
  readonly agentId: string;
  /** A public key, where the page is of another origin than the server. */
  readonly apiKey?: string | undefined;
  /** Shows this session instead of one of its own, and never ends it by going away. */
  readonly controlledSession?: ControlledSession | undefined;
  /** What the agent and the record are told of this visitor; the document's word for `metadata`. */
  readonly sessionBody?: Record<string, unknown> | undefined;
  /** Where the agent wants to lead the visitor; without it the browser goes there. */
  readonly onNavigate?: ((href: string) => void) | undefined;
  readonly className?: string | undefined;
  readonly style?: CSSProperties | undefined;
  readonly id?: string | undefined;
}

/** What is no attribute of the tag. */
const BESIDES = new Set(["controlledSession", "onNavigate", "className", "style", "id", "children"]);
/** The document's words for attributes that have another name in the tag. */
const RENAMED: Readonly<Record<string, AttributeName>> = {
  agentId: "agent",
  apiKey: "key",
  sessionBody: "metadata",
};

/**
 * The widget, as a thin skin of its element: the same on React 18 and 19, for what the element is
 * told goes past React, whose versions treat custom elements each in its own way.
 *
 * With `controlledSession` it leaves the session alone when it goes; without it, it hangs up.
 */
export function AvatarWidget(props: AvatarWidgetProps): ReactNode {
  const { className, style, id, controlledSession, onNavigate } = props;
  const element = useRef<DuologueWidget>(null);
  const lead = useRef(onNavigate);

  useEffect(() => {
    lead.current = onNavigate;
    if (element.current !== null) write(element.current, attributesOf(props));
  });
  useEffect(() => {
    if (element.current !== null) element.current.controlledSession = controlledSession ?? null;
  }, [controlledSession]);
  useEffect(() => {
    // Defines the element, for which it needs a browser.
    import("@duologue/widget").catch((error: unknown) => {
      console.error(`<AvatarWidget> has no widget to show: ${String(error)}`);
    });
    const widget = element.current;
    const listen = (event: Event): void => {
      if (lead.current === undefined) return; // then the browser goes there
      event.preventDefault();
      lead.current((event as CustomEvent<{ url: string }>).detail.url);
    };
    widget?.addEventListener("duologue-navigate", listen);
    return () => widget?.removeEventListener("duologue-navigate", listen);
  }, []);
  return createElement("duologue-widget", { ref: element, class: className, style, id });
}

/** The tag's attributes, as their texts; what is undefined is not there. */
export function attributesOf(props: AvatarWidgetProps): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || BESIDES.has(name)) continue;
    const known = RENAMED[name];
    const spelt = known ?? name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    found.set(spelt, textOf(value));
  }
  return found;
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.join("|");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Which attributes of an element are ours, so that they go when their props do. */
const written = new WeakMap<Element, ReadonlyMap<string, string>>();

function write(element: Element, attributes: ReadonlyMap<string, string>): void {
  for (const name of written.get(element)?.keys() ?? []) {
    if (!attributes.has(name)) element.removeAttribute(name);
  }
  for (const [name, value] of attributes) {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  }
  written.set(element, attributes);
}

/** `<duologue-widget>` as a component. */
import { type ControlledSession, sessionBehind } from "@duologue/client";
import type { ATTRIBUTES, AttributeName, DuologueWidget } from "@duologue/widget";
import { type CSSProperties, type ReactNode, useEffect, useRef } from "react";
import { CALLBACKS, heard, type WidgetCallbacks } from "./widget-callbacks.js";

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

/** What `AvatarWidget` takes: the attributes of the tag, its events, and what only a program can give. */
export interface AvatarWidgetProps extends WidgetAttributes, WidgetCallbacks {
  /** The agent's id or slug. */
  readonly agentId: string;
  /** A public key, where the page is of another origin than the server. */
  readonly apiKey?: string | undefined;
  /** Shows this session instead of one of its own, and never ends it by going away. */
  readonly controlledSession?: ControlledSession | undefined;
  /** Your own server, asked for sessions instead of the agent's; it answers as that one does. */
  readonly sessionEndpoint?: string | undefined;
  /** What the agent and the record are told of this visitor; the document's word for `metadata`. */
  readonly sessionBody?: Record<string, unknown> | undefined;
  /** Who visits the site, as its tracker knows it. */
  readonly visitor?: string | (() => string | null) | undefined;
  /** Where the agent wants to lead the visitor; without it the browser goes there. */
  readonly onNavigate?: ((href: string) => void) | undefined;
  readonly className?: string | undefined;
  readonly style?: CSSProperties | undefined;
  readonly id?: string | undefined;
}

/** What is no attribute of the tag. */
const BESIDES = new Set<string>([
  ...Object.values(CALLBACKS),
  "controlledSession",
  "sessionEndpoint",
  "visitor",
  "onNavigate",
  "style",
  "children",
]);
/** The document's words, and React's, for attributes that have another name in the tag. */
const RENAMED: Readonly<Record<string, AttributeName | "class">> = {
  className: "class",
  agentId: "agent",
  apiKey: "key",
  sessionBody: "metadata",
};

/**
 * The widget, as a thin skin of its element. The element is made here and not by React, whose versions
 * treat custom elements each in its own way, and which has no word for an attribute named `key`.
 *
 * With `controlledSession` it leaves the session alone when it goes; without it, it hangs up.
 */
export function AvatarWidget(props: AvatarWidgetProps): ReactNode {
  const { style, controlledSession, sessionEndpoint = null, visitor = null, onNavigate = null } = props;
  const host = useRef<HTMLSpanElement>(null);
  const made = useRef<DuologueWidget | null>(null);
  const now = useRef(props);

  useEffect(() => {
    now.current = props;
    made.current ??= document.createElement("duologue-widget") as DuologueWidget;
    write(made.current, attributesOf(props));
    Object.assign(made.current, { sessionEndpoint, visitor, onNavigate });
    if (host.current !== null) dress(made.current, host.current, style);
  });
  useEffect(() => {
    if (made.current !== null) made.current.controlledSession = lent(controlledSession);
  }, [controlledSession]);
  useEffect(() => {
    const widget = made.current;
    if (widget === null) return;
    const deafen = heard(widget, () => now.current);
    host.current?.append(widget); // last of all, when it was told everything
    // Defines the element, for which it needs a browser.
    import("@duologue/widget").catch((error: unknown) => {
      console.error(`<AvatarWidget> has no widget to show: ${String(error)}`);
    });
    return () => {
      widget.remove();
      deafen();
    };
  }, []);
  return <span ref={host} style={{ ...style, display: "contents" }} />;
}

/** With the session behind it, so that the element need not look for it anew at each change. */
function lent(controlled: ControlledSession | undefined): ControlledSession | null {
  if (controlled === undefined) return null;
  const session = sessionBehind(controlled);
  return session === null ? controlled : Object.freeze({ ...controlled, session });
}

/** React turns styles into CSS, on the element around it. */
function dress(widget: HTMLElement, host: HTMLElement, style: CSSProperties | undefined): void {
  widget.style.cssText = host.style.cssText;
  widget.style.display = style?.display ?? "";
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

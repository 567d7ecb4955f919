/** The browser's own history, for pages that keep what is above them alive. */
import { type MouseEvent, type ReactNode, useSyncExternalStore } from "react";

const listeners = new Set<() => void>();

function tell(): void {
  for (const listener of [...listeners]) listener();
}

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) addEventListener("popstate", tell);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) removeEventListener("popstate", tell);
  };
}

export function usePathname(): string {
  return useSyncExternalStore(subscribe, () => location.pathname);
}

/** Goes to another page of the site, or leaves it for an address elsewhere. */
export function navigate(href: string): void {
  const url = new URL(href, location.href);
  if (url.origin !== location.origin) {
    if (/^https?:$/.test(url.protocol)) location.assign(url);
    return;
  }
  // What the address says besides, such as the server, goes along.
  history.pushState(null, "", url.pathname + (url.search || location.search) + url.hash);
  scrollTo({ top: 0 });
  tell();
}

interface LinkProps {
  readonly to: string;
  readonly className?: string;
  readonly children: ReactNode;
}

export function Link({ to, className, children }: LinkProps): ReactNode {
  const here = usePathname() === to;
  const follow = (event: MouseEvent): void => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return; // a new tab
    event.preventDefault();
    navigate(to);
  };
  return (
    <a href={to} className={className} aria-current={here ? "page" : undefined} onClick={follow}>
      {children}
    </a>
  );
}

/** Stands in for `next/navigation`: the two hooks of the document, on the browser's own history. */
import { useSyncExternalStore } from "react";

const listeners = new Set<() => void>();

function tell(): void {
  for (const listener of [...listeners]) listener();
}

export const router = {
  push(href: string): void {
    history.pushState(null, "", href);
    tell();
  },
};

export function useRouter(): typeof router {
  return router;
}

export function usePathname(): string {
  const subscribe = (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  return useSyncExternalStore(subscribe, () => location.pathname);
}

/** What the document's code takes of Next.js; `react-navigation.ts` stands in for it. */
declare module "next/navigation" {
  export function usePathname(): string;
  export function useRouter(): { push(href: string): void };
}

declare module "*.css";

/** Where the places of the bar do not all fit, brings the one that is shown into sight. */
export function begin(page: Document): void {
  const nav = page.querySelector<HTMLElement>(".bar nav");
  const here = nav?.querySelector<HTMLElement>("[aria-current]");
  if (nav === null || here === null || here === undefined) return;
  const { left, right } = nav.getBoundingClientRect();
  const place = here.getBoundingClientRect();
  // Not by scrollIntoView, which may move the page, too.
  if (place.right > right) nav.scrollLeft += place.right - right;
  else if (place.left < left) nav.scrollLeft -= left - place.left;
}

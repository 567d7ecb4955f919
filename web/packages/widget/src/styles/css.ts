/** A style sheet as it stands; the build makes it smaller. */
export function css(parts: TemplateStringsArray): string {
  return parts.join("");
}

/** What moves on the console's pages; each part looks for its own element, and works without the others. */
const PARTS: ((page: Document) => void)[] = [];

for (const begin of PARTS) begin(document);

/** What moves on the console's pages; each part looks for its own element, and works without the others. */
import { begin as bar } from "./bar";
import { begin as conversation } from "./conversation";
import { begin as copy } from "./copy";
import { begin as live } from "./live";
import { begin as plots } from "./plots";
import { begin as share } from "./share";

const PARTS: ((page: Document) => void)[] = [bar, conversation, copy, live, plots, share];

for (const begin of PARTS) begin(document);

/** Opens the document's root layout, with pages that come and go in it. */
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import RootLayout from "./react-layout";
import { router, usePathname } from "./react-navigation";

function Page() {
  const pathname = usePathname();
  return (
    <main>
      <h1 id="where">{pathname}</h1>
      <button id="go" onClick={() => router.push("/about")}>
        About us
      </button>
    </main>
  );
}

createRoot(document).render(
  <StrictMode>
    <RootLayout>
      <Page />
    </RootLayout>
  </StrictMode>,
);

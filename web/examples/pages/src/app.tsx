import { AgentSessionProvider, AvatarWidget, useAgentSession } from "@duologue/react";
import type { ReactNode } from "react";
import { Contact } from "./pages/contact.js";
import { Home } from "./pages/home.js";
import { Menu } from "./pages/menu.js";
import { Link, navigate, usePathname } from "./router.js";
import { AGENT, KEY, SERVER } from "./where.js";

/** The session stands above the pages, so it outlives every one of them. */
export function App(): ReactNode {
  return (
    <AgentSessionProvider agentId={AGENT} baseUrl={SERVER} {...KEY}>
      <Site />
      <ConnectedWidget />
    </AgentSessionProvider>
  );
}

function Site(): ReactNode {
  return (
    <>
      <header className="top">
        <Link to="/" className="name">
          Corner Table
        </Link>
        <nav aria-label="Pages">
          <Link to="/">Home</Link>
          <Link to="/menu">Menu</Link>
          <Link to="/contact">Contact</Link>
        </nav>
      </header>
      <Page />
      <footer className="foot">
        <p>Corner Table · 3 Mill Lane · open Tuesday to Sunday, 7 to 22 o’clock</p>
      </footer>
    </>
  );
}

function Page(): ReactNode {
  switch (usePathname()) {
    case "/":
      return <Home />;
    case "/menu":
      return <Menu />;
    case "/contact":
      return <Contact />;
    default:
      return (
        <main className="plain">
          <h1>This table is not laid</h1>
          <p>
            There is no such page. <Link to="/">Back to the start</Link>.
          </p>
        </main>
      );
  }
}

/** The bubble in the corner of every page: it shows the session, and does not own it. */
function ConnectedWidget(): ReactNode {
  const session = useAgentSession();
  const pathname = usePathname();
  return (
    <AvatarWidget
      agentId={session.agentId}
      baseUrl={SERVER}
      {...KEY}
      controlledSession={session}
      pathname={pathname}
      onNavigate={navigate}
      position="bottom-right"
      persistKey="corner-table-bubble"
      accent="#9a4a1c"
    />
  );
}

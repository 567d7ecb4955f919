import { AvatarWidget, useAgentSession } from "@duologue/react";
import type { ReactNode } from "react";
import { Link, navigate, usePathname } from "../router.js";
import { KEY } from "../where.js";

/** The same session as in the corner, on a second surface: the host speaks once, and is seen twice. */
export function Home(): ReactNode {
  const session = useAgentSession();
  const pathname = usePathname();
  return (
    <main>
      <section className="hero">
        <div className="words">
          <p className="over">Mill Lane, since 1987</p>
          <h1>Thirty seats, one oven, bread at seven.</h1>
          <p className="lead">
            We cook what the market had this morning. Ask our host what that is, or for a table: just
            talk.
          </p>
          <p className="ways">
            <Link to="/menu" className="way">
              See the menu
            </Link>
            <Link to="/contact">How to find us</Link>
          </p>
        </div>
        <div className="host">
          <AvatarWidget
            agentId={session.agentId}
            baseUrl={session.baseUrl}
            {...KEY}
            controlledSession={session}
            pathname={pathname}
            onNavigate={navigate}
            experienceMode="EMBEDDED"
            persistKey="corner-table-hero"
            accent="#9a4a1c"
            className="panel"
          />
        </div>
      </section>
      <section className="three" aria-label="What to expect">
        <article>
          <h2>Breakfast</h2>
          <p>Sourdough from the wood oven, salted butter, three jams and a soft egg.</p>
        </article>
        <article>
          <h2>Lunch</h2>
          <p>One soup, one roast, one dish without meat. It is over when it is over.</p>
        </article>
        <article>
          <h2>Dinner</h2>
          <p>Five courses at one long hour. Tables of two to eight; say so if there are children.</p>
        </article>
      </section>
    </main>
  );
}
